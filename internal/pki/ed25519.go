package pki

import (
	"bytes"
	"crypto/ed25519"
	"sync"

	"filippo.io/edwards25519"
)

// checkEd25519 refuses keys that no generator makes: an encoding that is not canonical, and a point
// outside of the subgroup of prime order. Adding a point of small order to a key gives another
// one whose signatures the holder can make, too.
func checkEd25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return invalid("the Ed25519 key is not of 32 octets")
	}
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return invalid("the Ed25519 key is not a point of its curve")
	}
	if !bytes.Equal(point.Bytes(), key) {
		return invalid("the Ed25519 key is not in its canonical encoding (RFC 8032, section 5.1.3)")
	}
	if !hasPrimeOrder(point) {
		return invalid("the Ed25519 key is not a point of prime order (RFC 8032, section 5.1): " +
			"the key is broken or was tampered with, make a new one")
	}
	return nil
}

// hasPrimeOrder reports whether a point is in the subgroup of prime order, its identity
// excluded: multiplying by the cofactor 8 and then by its inverse modulo that order changes all
// other points.
func hasPrimeOrder(point *edwards25519.Point) bool {
	multiple := new(edwards25519.Point).MultByCofactor(point)
	if multiple.Equal(edwards25519.NewIdentityPoint()) == 1 {
		return false
	}
	back := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(inverseOfCofactor(), multiple, edwards25519.NewScalar())
	return back.Equal(point) == 1
}

var inverseOfCofactor = sync.OnceValue(func() *edwards25519.Scalar {
	eight, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{8}, make([]byte, 31)...))
	if err != nil {
		panic(err) // it is smaller than the order
	}
	return eight.Invert(eight)
})
