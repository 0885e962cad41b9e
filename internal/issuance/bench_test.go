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
)

func BenchmarkLeaf(b *testing.B) {
	root := newRoot(b, notary.ECDSAP256, -1)
	root.CRLURL, root.CertificateURL = "http://ca.example.com/1.crl", "http://ca.example.com/1.cer"
	csr := leafCSR(b, "a.example.com", "b.example.com")
	leafProfile := profile(b, "")
	for b.Loop() {
		if _, err := issuance.Leaf(root, leafProfile, csr, terms); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreateCertificate is the floor: the standard library's call alone.
func BenchmarkCreateCertificate(b *testing.B) {
	root := newRoot(b, notary.ECDSAP256, -1)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour),
		DNSNames: []string{"a.example.com", "b.example.com"}}
	for b.Loop() {
		_, err := x509.CreateCertificate(rand.Reader, template, root.Certificate,
			leafKey(notary.ECDSAP256).Public(), root.Signer)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCRL(b *testing.B) {
	root := newRoot(b, notary.ECDSAP256, -1)
	for _, entries := range []int{0, 1_000, 100_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			list := newList(entries)
			for b.Loop() {
				if _, err := issuance.CRL(root, list); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// newList is a list with so many revocations.
func newList(entries int) issuance.List {
	list := issuance.List{Number: 7, ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour)}
	for n := range entries {
		list.Revocations = append(list.Revocations, notary.Revocation{
			Serial: fmt.Sprintf("%032x", n+1), At: now, Reason: notary.Superseded})
	}
	return list
}
