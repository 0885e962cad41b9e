package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"

	"notary"
)

// Several public keys belong to the holder of one private key: an RSA modulus with any
// exponent, and a point of a curve and its negation. A compromised key must not come back as
// another of these, so all of them have one identity: that of the RSA modulus with the exponent
// 65537, of the ECDSA point with the even y, and of the Ed25519 point with the even x.

// KeyIdentity identifies a public key and all others with the same private key.
type KeyIdentity struct {
	Fingerprint string // see [KeyFingerprint]

	// Former is what the key may have been recorded under before fingerprints were canonical: with
	// its own exponent, or as the other one of the two points.
	Former string
}

// IdentifyKey returns the identity of a public key.
func IdentifyKey(key crypto.PublicKey) (KeyIdentity, error) {
	spki, err := marshalKey(key)
	if err != nil {
		return KeyIdentity{}, err
	}
	return identify(key, spki)
}

// identify returns the identity of the key of an spki that [ParsePublicKey] accepted.
func identify(key crypto.PublicKey, spki []byte) (KeyIdentity, error) {
	canonical, err := canonicalSPKI(key, spki)
	if err != nil {
		return KeyIdentity{}, err
	}
	id := KeyIdentity{Fingerprint: Fingerprint(canonical), Former: Fingerprint(spki)}
	if _, ok := key.(*rsa.PublicKey); !ok && bytes.Equal(canonical, spki) {
		other := slices.Clone(spki)
		negate(other, key)
		id.Former = Fingerprint(other)
	}
	return id, nil
}

// KeyFingerprint returns the identity of a public key: the SHA-256, in lower-case hex, of the
// DER SubjectPublicKeyInfo that stands for all keys with the same private key. For most RSA
// keys and for half of the others it is the SHA-256 of their own SubjectPublicKeyInfo.
func KeyFingerprint(key crypto.PublicKey) (string, error) {
	spki, err := marshalKey(key)
	if err != nil {
		return "", err
	}
	canonical, err := canonicalSPKI(key, spki)
	if err != nil {
		return "", err
	}
	return Fingerprint(canonical), nil
}

// CertificateKeyFingerprint returns the [KeyFingerprint] of a certificate's key. A key of an
// unsupported kind, which only certificates from elsewhere can have, is identified by its
// SubjectPublicKeyInfo as it is.
func CertificateKeyFingerprint(c *x509.Certificate) string {
	return spkiFingerprint(c.RawSubjectPublicKeyInfo, c.PublicKey)
}

func spkiFingerprint(spki []byte, key crypto.PublicKey) string {
	if fingerprint, err := KeyFingerprint(key); err == nil {
		return fingerprint
	}
	return Fingerprint(spki)
}

// SameIdentity reports whether the holder of one key's private key can sign for the other, too.
// Use [SameKey] to ask whether a signature of the one verifies with the other.
func SameIdentity(a, b crypto.PublicKey) bool {
	one, err := KeyFingerprint(a)
	if err != nil {
		return SameKey(a, b)
	}
	other, err := KeyFingerprint(b)
	return err == nil && one == other
}

// canonicalSPKI returns the SubjectPublicKeyInfo that a key with that spki is identified by.
func canonicalSPKI(key crypto.PublicKey, spki []byte) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.E == UsualExponent {
			return spki, nil
		}
		return marshalKey(&rsa.PublicKey{N: key.N, E: UsualExponent})
	case *ecdsa.PublicKey:
		if spki[len(spki)-1]&1 == 1 {
			spki = slices.Clone(spki)
			negate(spki, key)
		}
		return spki, nil
	case ed25519.PublicKey:
		spki = slices.Clone(spki)
		spki[len(spki)-1] &^= ed25519Sign
		return spki, nil
	default:
		return nil, invalid("keys of this kind are not supported: %s", usableKeys)
	}
}

// ed25519Sign is the bit of the last octet of an Ed25519 key that says whether x is odd.
const ed25519Sign = 0x80

// negate replaces the point at the end of a SubjectPublicKeyInfo by its negation.
func negate(spki []byte, key crypto.PublicKey) {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		params := key.Curve.Params()
		y := spki[len(spki)-(params.BitSize+7)/8:]
		new(big.Int).Sub(params.P, new(big.Int).SetBytes(y)).FillBytes(y)
	case ed25519.PublicKey:
		spki[len(spki)-1] ^= ed25519Sign
	}
}

func marshalKey(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, notary.InternalError("encode a public key", err)
	}
	return der, nil
}
