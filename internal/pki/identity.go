package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"

	"notary"
)

// One private key has several public keys: an RSA modulus with any exponent, or a curve point and its negation. They
// share the identity of the key with the exponent 65537, an even y (ECDSA) or an even x (Ed25519), so that a
// compromised key cannot return as another one.

// KeyIdentity identifies a public key together with all other public keys of the same private key.
type KeyIdentity struct {
	Fingerprint string // see [KeyFingerprint]

	// Former is the fingerprint under which the key may have been recorded before fingerprints were canonical.
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

// KeyFingerprint returns the fingerprint that all public keys of a private key share: the SHA-256, in lower-case hex,
// of the canonical SubjectPublicKeyInfo in DER.
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

// CertificateKeyFingerprint returns the [KeyFingerprint] of a certificate's key. For unsupported keys, which only
// external certificates can have, it is the SHA-256 of the SubjectPublicKeyInfo.
func CertificateKeyFingerprint(c *x509.Certificate) string {
	return spkiFingerprint(c.RawSubjectPublicKeyInfo, c.PublicKey)
}

func spkiFingerprint(spki []byte, key crypto.PublicKey) string {
	if fingerprint, err := KeyFingerprint(key); err == nil {
		return fingerprint
	}
	return Fingerprint(spki)
}

// SameIdentity reports whether two public keys belong to the same private key. Unlike [SameKey] it ignores the RSA
// exponent and the sign of a curve point.
func SameIdentity(a, b crypto.PublicKey) bool {
	one, err := KeyFingerprint(a)
	if err != nil {
		return SameKey(a, b)
	}
	other, err := KeyFingerprint(b)
	return err == nil && one == other
}

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
		return nil, invalid("this key type is not supported: %s", usableKeys)
	}
}

// ed25519Sign is the bit of the last octet of an Ed25519 key that is set if x is odd.
const ed25519Sign = 0x80

// negate replaces the point at the end of a SubjectPublicKeyInfo with its negation.
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
	der, err := encodeKey(key)
	if err != nil {
		return nil, notary.InternalError("encode a public key", err)
	}
	return der, nil
}

// p256Header is the SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480, section 2).
var p256Header = []byte{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}

// encodeKey is like [x509.MarshalPKIXPublicKey], with a fast path for P-256, because every request needs the encoding
// of its key several times.
func encodeKey(key crypto.PublicKey) ([]byte, error) {
	if key, ok := key.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P256() {
		point, err := key.Bytes()
		return slices.Concat(p256Header, point), err
	}
	return x509.MarshalPKIXPublicKey(key)
}
