package issuance_test

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

var signatures = []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048}

func BenchmarkLeaf(b *testing.B) {
	for _, alg := range signatures {
		b.Run(string(alg), func(b *testing.B) {
			root := newRoot(b, alg, -1)
			benchmarkLeaf(b, root, leafCSR(b, "a.example.com", "b.example.com"))
		})
	}
	b.Run("for-rsa-2048", func(b *testing.B) { // re-checks the RSA key
		root := newRoot(b, notary.ECDSAP256, -1)
		benchmarkLeaf(b, root, newCSR(b, leafKey(notary.RSA2048), title("a.example.com")))
	})
	b.Run("constrained", func(b *testing.B) {
		root := outside(b, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
		benchmarkLeaf(b, root, leafCSR(b, "a.example.com", "b.example.com"))
	})
}

func benchmarkLeaf(b *testing.B, issuer issuance.Issuer, csr *pki.CSR) {
	issuer.CRLURL, issuer.CertificateURL = "http://ca.example.com/1.crl", "http://ca.example.com/1.cer"
	leafProfile := profile(b, "")
	for b.Loop() {
		if _, err := issuance.Leaf(issuer, leafProfile, csr, terms); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreateCertificate measures the lower bound: the standard library's call alone.
func BenchmarkCreateCertificate(b *testing.B) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour),
		DNSNames: []string{"a.example.com", "b.example.com"}}
	for _, alg := range signatures {
		b.Run(string(alg), func(b *testing.B) {
			root := newRoot(b, alg, -1)
			for b.Loop() {
				_, err := x509.CreateCertificate(rand.Reader, template, root.Certificate,
					leafKey(notary.ECDSAP256).Public(), root.Signer)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCRL(b *testing.B) {
	root := newRoot(b, notary.ECDSAP256, -1)
	for _, entries := range []int{0, 1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			list := newList(entries)
			for b.Loop() {
				if _, err := list.sign(root); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCreateRevocationList measures the lower bound of BenchmarkCRL.
func BenchmarkCreateRevocationList(b *testing.B) {
	root := newRoot(b, notary.ECDSAP256, -1)
	for _, entries := range []int{0, 1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			template := newList(entries).template()
			for b.Loop() {
				if _, err := x509.CreateRevocationList(rand.Reader, template, root.Certificate, root.Signer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
