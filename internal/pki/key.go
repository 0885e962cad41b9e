package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"sync"

	"notary"
)

// The sizes of RSA moduli that are taken, in bits. Beyond the upper one, checking a signature
// costs more than any gain in strength.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// RSABits are the sizes of RSA keys that are taken: the least and the most.
func RSABits() (least, most int) { return minRSABits, maxRSABits }

const usableKeys = "use ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits"

// CheckKey reports whether a public key is good enough to be certified: of a kind that we know,
// long enough, and without the known marks of a broken generator.
func CheckKey(pub crypto.PublicKey) error {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return checkRSA(key)
	case *ecdsa.PublicKey:
		return checkECDSA(key)
	case ed25519.PublicKey:
		return checkEd25519(key)
	default:
		return invalid("keys of this kind are not supported: %s", usableKeys)
	}
}

func checkECDSA(key *ecdsa.PublicKey) error {
	switch key.Curve {
	case elliptic.P256(), elliptic.P384(), elliptic.P521():
	default:
		return invalid("the curve of the ECDSA key is not supported: %s", usableKeys)
	}
	if _, err := key.ECDH(); err != nil {
		return invalid("the ECDSA key is not a point of its curve")
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
			"from 3 to 2^32: make a key with the exponent 65537", key.E)
	case hasSmallFactor(key.N):
		return invalid("the modulus of the RSA key has a small prime factor: " +
			"the key is broken, make a new one")
	case hasCloseFactors(key.N):
		return invalid("the modulus of the RSA key is a product of two close primes " +
			"(CVE-2022-26320): the key is broken, make a new one with another program")
	}
	return nil
}

// smallPrimes is the product of all primes below 752, as many as NIST SP 800-89, section
// 5.3.3, asks for.
var smallPrimes = sync.OnceValue(func() *big.Int {
	product := big.NewInt(1)
	for n := int64(2); n < 752; n++ {
		if p := big.NewInt(n); p.ProbablyPrime(0) {
			product.Mul(product, p)
		}
	}
	return product
})

func hasSmallFactor(n *big.Int) bool {
	primes := smallPrimes()
	rest := new(big.Int).Mod(n, primes)
	return rest.Sign() == 0 || rest.GCD(nil, nil, rest, primes).Cmp(big.NewInt(1)) != 0
}

// hasCloseFactors looks for n = (a-b)(a+b) by Fermat's method: it finds p and q within a
// hundred rounds only when they are far closer than chance could make them.
func hasCloseFactors(n *big.Int) bool {
	const rounds = 100
	a := new(big.Int).Sqrt(n)
	square, root := new(big.Int).Mul(a, a), new(big.Int)
	if square.Cmp(n) == 0 {
		return true
	}
	one := big.NewInt(1)
	step := new(big.Int).Lsh(a, 1) // (a+1)² = a² + 2a + 1
	rest := square.Sub(square, n)
	for range rounds {
		rest.Add(rest, step).Add(rest, one)
		step.Add(step, big.NewInt(2))
		if !maybeSquare(rest) {
			continue
		}
		if root.Sqrt(rest); root.Mul(root, root).Cmp(rest) == 0 {
			return true
		}
	}
	return false
}

// maybeSquare is false for all but a few in a thousand of the numbers that are no squares, at
// far less than the cost of a root. A square is 0, 1, 4, 9, 16, 17, 25, 33, 36, 41, 49 or 57
// modulo 64, and modulo an odd prime only about half of the remainders are squares.
func maybeSquare(n *big.Int) bool {
	const squares = 1<<0 | 1<<1 | 1<<4 | 1<<9 | 1<<16 | 1<<17 | 1<<25 | 1<<33 | 1<<36 |
		1<<41 | 1<<49 | 1<<57
	words := n.Bits()
	if len(words) > 0 && uint64(squares)>>(words[0]&63)&1 == 0 {
		return false
	}
	rest := new(big.Int).Mod(n, oddPrimesProduct).Int64()
	for i, p := range oddPrimes {
		if squaresModulo[i]>>(rest%p)&1 == 0 {
			return false
		}
	}
	return true
}

// oddPrimes are the first ones, oddPrimesProduct their product; bit r of a mask in
// squaresModulo says that r is a square modulo the prime at the same place.
var (
	oddPrimes                       = [...]int64{3, 5, 7, 11, 13, 17, 19, 23}
	oddPrimesProduct, squaresModulo = sieve()
)

func sieve() (product *big.Int, masks [len(oddPrimes)]uint64) {
	product = big.NewInt(1)
	for i, p := range oddPrimes {
		product.Mul(product, big.NewInt(p))
		for n := range p {
			masks[i] |= 1 << (n * n % p)
		}
	}
	return product, masks
}

// KeyName names a key's algorithm and size for people: "ECDSA P-256", "RSA 2048", "Ed25519".
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

// GenerateKey makes a private key. An unknown algorithm is an Invalid error of the field
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
		return nil, notary.InternalError("make a key", err)
	}
	return key, nil
}

// SameKey reports whether two public keys are equal, an RSA exponent included.
func SameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}
