package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"

	"notary"
)

// GenerateKey generates a private key. For an unknown algorithm it returns an Invalid error with the field
// key_algorithm.
func GenerateKey(alg notary.KeyAlgorithm) (crypto.Signer, error) {
	var key crypto.Signer
	var err error
	switch alg {
	case notary.ECDSAP256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case notary.ECDSAP384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case notary.ECDSAP521:
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case notary.Ed25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case notary.RSA2048:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case notary.RSA3072:
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	case notary.RSA4096:
		key, err = rsa.GenerateKey(rand.Reader, 4096)
	default:
		return nil, notary.FieldErrorf("key_algorithm", "%.40q is not a key algorithm: use "+
			"ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096", alg)
	}
	if err != nil {
		return nil, notary.InternalError("generate a key", err)
	}
	return key, nil
}
