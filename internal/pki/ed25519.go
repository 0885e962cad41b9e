package pki

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"sync"

	"filippo.io/edwards25519"
)

// checkEd25519 refuses keys that no sound generator produces: non-canonical encodings, trivial keys, and points outside
// the subgroup of prime order. The private key of such a point can sign for several public keys, so its holder could
// evade a block on one of them.
func checkEd25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return invalid("the Ed25519 key does not have 32 octets")
	}
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return invalid("the Ed25519 key is not a point on its curve")
	}
	if !bytes.Equal(point.Bytes(), key) {
		return invalid("the Ed25519 key is not in its canonical encoding (RFC 8032, section 5.1.3)")
	}
	if !hasPrimeOrder(point) {
		return invalid("the Ed25519 key is not a point of prime order (RFC 8032, section 5.1): " +
			"generate a new key")
	}
	if trivialEd25519()[ed25519Identity(key)] {
		return errTrivialKey()
	}
	return nil
}

// ed25519Identity returns the key or its negation, whichever has an even x coordinate.
func ed25519Identity(key ed25519.PublicKey) (identity [ed25519.PublicKeySize]byte) {
	copy(identity[:], key)
	identity[len(identity)-1] &^= ed25519Sign
	return identity
}

const trivialMultiples = 1 << 10

var trivialEd25519 = sync.OnceValue(func() map[[ed25519.PublicKeySize]byte]bool {
	known := map[[ed25519.PublicKeySize]byte]bool{}
	for _, seed := range trivialSeeds() {
		key, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		known[ed25519Identity(key)] = true
	}
	base, sum := edwards25519.NewGeneratorPoint(), edwards25519.NewIdentityPoint()
	for range trivialMultiples {
		sum.Add(sum, base)
		known[ed25519Identity(sum.Bytes())] = true
	}
	return known
})

// publishedSeeds holds private keys from RFC 8032, section 7.1, and RFC 8410, section 10.3.
var publishedSeeds = []string{
	"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
}

func trivialSeeds() (seeds [][]byte) {
	const size = ed25519.SeedSize
	for octet := range 256 {
		first, last := make([]byte, size), make([]byte, size)
		first[0], last[size-1] = byte(octet), byte(octet)
		seeds = append(seeds, slices.Repeat([]byte{byte(octet)}, size), first, last)
	}
	for _, text := range publishedSeeds {
		seed, err := hex.DecodeString(text)
		if err != nil {
			panic(err) // unreachable: the seeds are constants
		}
		seeds = append(seeds, seed)
	}
	return append(seeds, counting(0, size), counting(1, size))
}

// hasPrimeOrder reports whether point is in the subgroup of prime order and not the identity. Multiplying by the
// cofactor 8 and then by its inverse modulo that order changes every point outside the subgroup.
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
		panic(err) // unreachable: 8 is less than the order
	}
	return eight.Invert(eight)
})
