package pki

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
)

func TestVerdictsAreCached(t *testing.T) {
	t.Parallel()
	checks := 0
	v := verdicts{check: func(n *big.Int) string {
		checks++
		return n.String()
	}}
	for range 3 {
		for n := range int64(100) {
			if got, want := v.of(big.NewInt(n)), big.NewInt(n).String(); got != want {
				t.Fatalf("the verdict on %s is %s", want, got)
			}
		}
	}
	if checks != 100 {
		t.Errorf("100 numbers were examined %d times", checks)
	}
	for n := range int64(maxVerdicts + 10) {
		v.of(big.NewInt(1000 + n))
	}
	checks = 0
	v.of(big.NewInt(99))
	if checks != 0 || len(v.recent)+len(v.older) > 2*maxVerdicts {
		t.Errorf("%d checks, %d and %d verdicts kept", checks, len(v.recent), len(v.older))
	}
}

// The sieve keeps every candidate that leaves a square, and eliminates almost all others.
func TestFermatSieve(t *testing.T) {
	t.Parallel()
	for range 10 {
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		n := new(big.Int).Mul(p, q) // ((p+q)/2)² - ((p-q)/2)²
		a := p.Add(p, q)
		a.Rsh(a, 1)
		for _, before := range []int{0, 1, 63, 64, 12345} {
			start := new(big.Int).Sub(a, big.NewInt(int64(before)))
			sieve := newFermatSieve(start, n)
			if sieve.candidates(before&^63)>>(before&63)&1 == 0 {
				t.Fatalf("the sieve from a-%d on rules a out", before)
			}
			left := 0
			for first := 0; first < 1<<18; first += 64 {
				if sieve.candidates(first) != 0 {
					left++
				}
			}
			if left > 50 {
				t.Errorf("%d words of 2^12 have candidates", left)
			}
		}
	}
}

func BenchmarkWeakModulus(b *testing.B) {
	for _, bits := range []int{2048, 4096} {
		p, _ := rand.Prime(rand.Reader, bits/2)
		q, _ := rand.Prime(rand.Reader, bits/2)
		n := p.Mul(p, q)
		for i, name := range []string{"ROCA", "small factor", "close factors", "prime"} {
			b.Run(fmt.Sprintf("%d bits, %s", bits, name), func(b *testing.B) {
				for b.Loop() {
					rsaChecks[i].fails(n)
				}
			})
		}
	}
}

func TestModulusIsExaminedAfterTheSignature(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "a.example.com"}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	encode := func() string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	good := encode()
	der[len(der)-1] ^= 1
	bad := encode()
	if _, err := ParseCSR(bad); err == nil || rsaVerdicts.knows(key.N) {
		t.Errorf("error %v, examined: %t", err, rsaVerdicts.knows(key.N))
	}
	if _, err := ParseCSR(good); err != nil || !rsaVerdicts.knows(key.N) {
		t.Errorf("error %v, examined: %t", err, rsaVerdicts.knows(key.N))
	}
}

func (v *verdicts) knows(n *big.Int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := sha256.Sum256(n.Bytes())
	_, recent := v.recent[id]
	_, older := v.older[id]
	return recent || older
}
