package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
)

// Accepted sizes of RSA moduli in bits. Larger ones make verification slow for little additional strength.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// RSABits returns the minimum and maximum size of RSA keys in bits.
func RSABits() (least, most int) { return minRSABits, maxRSABits }

const usableKeys = "use ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits"

// CheckKey returns an Invalid error if the type or size of a public key is unsupported, or if its private key can be
// computed or guessed. It accepts RSA exponents below [UsualExponent]: see [SmallExponent].
func CheckKey(pub crypto.PublicKey) error {
	if err := checkUsable(pub); err != nil {
		return err
	}
	return checkModulus(pub)
}

// checkUsable performs the checks of [CheckKey] except [checkModulus], which is expensive.
func checkUsable(pub crypto.PublicKey) error {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return checkRSA(key)
	case *ecdsa.PublicKey:
		return checkECDSA(key)
	case ed25519.PublicKey:
		return checkEd25519(key)
	default:
		return invalid("this key type is not supported: %s", usableKeys)
	}
}

func checkECDSA(key *ecdsa.PublicKey) error {
	switch key.Curve {
	case elliptic.P256(), elliptic.P384(), elliptic.P521():
	default:
		return invalid("the curve of the ECDSA key is not supported: %s", usableKeys)
	}
	point, err := key.ECDH()
	if err != nil {
		return invalid("the ECDSA key is not a point on its curve")
	}
	if isTrivialPoint(key.Curve, point.Bytes()) {
		return errTrivialKey()
	}
	return nil
}

func checkRSA(key *rsa.PublicKey) error {
	bits := key.N.BitLen()
	switch {
	case bits < minRSABits:
		return invalid("the RSA key has %d bits, which is too short: %s", bits, usableKeys)
	case bits > maxRSABits:
		return invalid("the RSA key has %d bits, which is too long: %s", bits, usableKeys)
	case key.E < 3 || key.E%2 == 0 || int64(key.E) >= 1<<32:
		return invalid("the public exponent of the RSA key, %d, is not an odd number "+
			"from 3 to 2^32: generate a key with the exponent 65537", key.E)
	case key.N.Bit(0) == 0: // no signature would verify
		return invalid("%s", smallFactor)
	}
	return nil
}

func checkModulus(pub crypto.PublicKey) error {
	key, ok := pub.(*rsa.PublicKey)
	if !ok {
		return nil
	}
	if reason := rsaVerdicts.of(key.N); reason != "" {
		return invalid("%s", reason)
	}
	return nil
}

func errTrivialKey() error {
	return invalid("the private key is a trivial or published number: " +
		"generate a new key with a random number generator")
}

// UsualExponent is the smallest RSA exponent accepted by default. With smaller ones, signatures could be forged where
// padding was checked incorrectly (CVE-2006-4339).
const UsualExponent = 65537

// SmallExponent returns the exponent of an RSA key if it is below [UsualExponent], and 0 otherwise.
func SmallExponent(pub crypto.PublicKey) int {
	if key, ok := pub.(*rsa.PublicKey); ok && key.E < UsualExponent {
		return key.E
	}
	return 0
}

// KeyName returns a key's algorithm and size for display: "ECDSA P-256", "RSA 2048", "Ed25519" or "unknown".
func KeyName(pub crypto.PublicKey) string {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return "unknown"
	}
}

// SameKey reports whether two public keys are equal, including the RSA exponent.
func SameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}
