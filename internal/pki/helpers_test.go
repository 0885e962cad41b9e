package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
)

var now = time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)

var testKey = sync.OnceValue(func() crypto.Signer {
	key, err := pki.GenerateKey(notary.ECDSAP256)
	if err != nil {
		panic(err)
	}
	return key
})

func newKey(tb testing.TB, alg notary.KeyAlgorithm) crypto.Signer {
	tb.Helper()
	key, err := pki.GenerateKey(alg)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func toPEM(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func csrPEM(tb testing.TB, key crypto.Signer, template x509.CertificateRequest) string {
	tb.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		tb.Fatal(err)
	}
	return toPEM("CERTIFICATE REQUEST", der)
}

func withSubject(tb testing.TB, oid asn1.ObjectIdentifier, tag int, value string) string {
	tb.Helper()
	raw := asn1.RawValue{Tag: tag, Bytes: []byte(value)}
	return csrPEM(tb, testKey(), x509.CertificateRequest{RawSubject: marshal(tb,
		pkix.RDNSequence{{{Type: oid, Value: raw}}}), DNSNames: []string{"a.example.com"}})
}

func withSAN(tb testing.TB, names ...asn1.RawValue) string {
	tb.Helper()
	return csrPEM(tb, testKey(), x509.CertificateRequest{ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: marshal(tb, names)}}})
}

func generalName(tag int, value string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(value)}
}

func marshal(tb testing.TB, value any) []byte {
	tb.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

var serial atomic.Int64

// issue signs a certificate; a nil issuer creates a root.
func issue(tb testing.TB, issuer *authority, commonName string, ca bool, edit func(*x509.Certificate)) authority {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: commonName},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		BasicConstraintsValid: true, IsCA: ca, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else {
		template.DNSNames = []string{"a.example.com"}
	}
	if edit != nil {
		edit(template)
	}
	key := newKey(tb, notary.ECDSAP256)
	by := authority{template, key}
	if issuer != nil {
		by = *issuer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return authority{certificate, key}
}

func wantInvalid(tb testing.TB, err error, field, words string) {
	tb.Helper()
	e, ok := err.(*notary.Error)
	if !ok || e.Kind != notary.Invalid || e.Field != field {
		tb.Fatalf("got error %#v, want one of kind invalid and field %q", err, field)
	}
	if !strings.Contains(e.Message, words) {
		tb.Errorf("message %q does not mention %q", e.Message, words)
	}
	if strings.ContainsAny(e.Message, "\n\r\x00") {
		tb.Errorf("message %q is not one line", e.Message)
	}
}
