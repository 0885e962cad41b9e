package issuance

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
)

// The draft equals, byte for byte, what package x509 would have signed with a throw-away key.
func TestDraft(t *testing.T) {
	t.Parallel()
	subject, err := pki.GenerateKey(notary.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range notary.KeyAlgorithms {
		key, err := pki.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		scheme, err := schemeOf(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "a.example.com"},
			NotBefore: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2060, 1, 2, 3, 4, 5, 0, time.UTC),
			BasicConstraintsValid: true, IsCA: true, MaxPathLen: 1, KeyUsage: x509.KeyUsageCertSign,
			SubjectKeyId: []byte{1, 2, 3}, AuthorityKeyId: []byte{4, 5, 6}, SignatureAlgorithm: scheme.algorithm,
		}
		issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "Test Root"}, PublicKey: key.Public()}
		draft, err := Issuer{Certificate: issuer, Signer: key}.draft(template, subject.Public(), scheme)
		if err != nil {
			t.Fatal(err)
		}
		throwAway, err := scheme.throwAway()
		if err != nil {
			t.Fatal(err)
		}
		issuer.PublicKey = throwAway.key.Public()
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, subject.Public(), throwAway.key)
		if err != nil {
			t.Fatal(err)
		}
		want, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(draft.RawTBSCertificate, want.RawTBSCertificate) {
			t.Errorf("%s: got %x, want %x", alg, draft.RawTBSCertificate, want.RawTBSCertificate)
		}
		// Its signature verifies with no key, so that a leaked draft is useless.
		for _, authority := range []*x509.Certificate{{PublicKey: key.Public()}, issuer} {
			if err := authority.CheckSignature(draft.SignatureAlgorithm, draft.RawTBSCertificate, draft.Signature); err == nil {
				t.Errorf("%s: the signature of the draft verifies", alg)
			}
		}
	}
}

func TestAssemble(t *testing.T) {
	t.Parallel()
	for name, der := range specimens(t) {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			continue // package x509 cannot parse all of them
		}
		again, err := assemble(certificate.RawTBSCertificate, certificate.Signature)
		if err != nil || !bytes.Equal(again, der) {
			t.Errorf("%s: got %x (error %v), want %x", name, again, err, der)
		}
	}
	for _, tbs := range [][]byte{nil, {0x30, 0}, {0x30, 2, 5, 0}, {5, 0}} {
		if der, err := assemble(tbs, []byte{1}); err == nil {
			t.Errorf("%x makes the certificate %x", tbs, der)
		}
	}
}
