package pki_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"

	"notary"
	"notary/internal/pki"
)

func bigOdd(bits uint, low int64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.Or(n, big.NewInt(low|1))
}

func prime(t *testing.T, bits int) *big.Int {
	t.Helper()
	p, err := rand.Prime(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nextPrime returns the next prime after p, so close that Fermat's method finds it at once.
func nextPrime(p *big.Int) *big.Int {
	q := new(big.Int).Add(p, big.NewInt(2))
	for !q.ProbablyPrime(20) {
		q.Add(q, big.NewInt(2))
	}
	return q
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	p := prime(t, 1024)
	p.SetBit(p, 1022, 1)
	p = nextPrime(p)
	good := new(big.Int).Mul(p, nextPrime(new(big.Int).SetBit(p, 1021, p.Bit(1021)^1)))
	tooClose := new(big.Int).Mul(p, nextPrime(p))
	small := new(big.Int).Mul(bigOdd(2040, 12345), big.NewInt(751))
	tests := []struct {
		name  string
		key   any
		words string // "" if accepted
	}{
		{"RSA 2048", &rsa.PublicKey{N: good, E: 65537}, ""},
		{"RSA with exponent 3", &rsa.PublicKey{N: good, E: 3}, ""},
		{"RSA with the largest exponent", &rsa.PublicKey{N: good, E: 1<<32 - 1}, ""},
		{"RSA with exponent 1", &rsa.PublicKey{N: good, E: 1}, "public exponent"},
		{"RSA with even exponent", &rsa.PublicKey{N: good, E: 65538}, "public exponent"},
		{"RSA with a huge exponent", &rsa.PublicKey{N: good, E: 1<<32 + 1}, "public exponent"},
		{"RSA too short", &rsa.PublicKey{N: bigOdd(2047, 5), E: 65537}, "2047 bits, which is too short"},
		{"RSA too long", &rsa.PublicKey{N: bigOdd(8193, 5), E: 65537}, "8193 bits, which is too long"},
		{"RSA even", &rsa.PublicKey{N: new(big.Int).Lsh(good, 1), E: 65537}, "small prime factor"},
		{"RSA small factor", &rsa.PublicKey{N: small, E: 65537}, "small prime factor"},
		{"RSA close primes", &rsa.PublicKey{N: tooClose, E: 65537}, "close primes"},
		{"RSA square", &rsa.PublicKey{N: new(big.Int).Mul(p, p), E: 65537}, "close primes"},
		{"P-224", &ecdsa.PublicKey{Curve: elliptic.P224()}, "curve"},
		//lint:ignore SA1019 no other way leads to such a key
		{"not on the curve", &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}, "not a point"},
		{"Ed25519 of another size", ed25519.PublicKey{1, 2, 3}, "32 octets"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := pki.CheckKey(test.key)
			if test.words != "" {
				wantInvalid(t, err, "", test.words)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGenerateKey(t *testing.T) {
	t.Parallel()
	names := map[notary.KeyAlgorithm]string{
		notary.ECDSAP256: "ECDSA P-256", notary.ECDSAP384: "ECDSA P-384", notary.ECDSAP521: "ECDSA P-521",
		notary.Ed25519: "Ed25519", notary.RSA2048: "RSA 2048", notary.RSA3072: "RSA 3072", notary.RSA4096: "RSA 4096",
	}
	for _, alg := range notary.KeyAlgorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			key := newKey(t, alg)
			if got := pki.KeyName(key.Public()); got != names[alg] {
				t.Errorf("the key is %q, want %q", got, names[alg])
			}
			if err := pki.CheckKey(key.Public()); err != nil {
				t.Error(err)
			}
		})
	}
	for _, alg := range []notary.KeyAlgorithm{"", "rsa-1024", "dsa"} {
		_, err := pki.GenerateKey(alg)
		wantInvalid(t, err, "key_algorithm", "ecdsa-p256")
	}
}
