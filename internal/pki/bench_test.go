package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"

	"notary"
	"notary/internal/pki"
)

var benchmarkedKeys = []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048}

func benchmarkCSR(b *testing.B, alg notary.KeyAlgorithm) string {
	b.Helper()
	return csrPEM(b, newKey(b, alg), x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: "a.example.com", Organization: []string{"Example"}},
		DNSNames: []string{"a.example.com", "b.example.com"}})
}

func BenchmarkParseCSR(b *testing.B)       { benchmarkParse(b, pki.ParseCSR) }
func BenchmarkParseStoredCSR(b *testing.B) { benchmarkParse(b, pki.ParseStoredCSR) }

// BenchmarkParseAndVerify measures the lower bound: the standard library's calls alone.
func BenchmarkParseAndVerify(b *testing.B) {
	benchmarkParse(b, func(text string) (*pki.CSR, error) {
		block, _ := pem.Decode([]byte(text))
		request, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return nil, err
		}
		return nil, request.CheckSignature()
	})
}

func benchmarkParse(b *testing.B, parse func(string) (*pki.CSR, error)) {
	for _, alg := range benchmarkedKeys {
		b.Run(string(alg), func(b *testing.B) {
			text := benchmarkCSR(b, alg)
			for b.Loop() {
				if _, err := parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
