package issuance

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
)

// Drafts are, byte for byte, what package x509 would have signed.
func TestDraft(t *testing.T) {
	t.Parallel()
	for _, alg := range notary.KeyAlgorithms {
		for name, change := range drafts {
			t.Run(string(alg)+" "+name, func(t *testing.T) {
				t.Parallel()
				checkDraftOf(t, alg, change)
			})
		}
	}
}

var drafts = map[string]func(*x509.Certificate){
	"CA": func(c *x509.Certificate) {
		c.IsCA, c.MaxPathLen, c.KeyUsage = true, 1, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	},
	"CA without path length": func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = true, -1 },
	"CA of path length 0":    func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero = true, true },
	"end entity": func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		c.CRLDistributionPoints = []string{"http://ca.example.com/1.crl", "http://ca.example.com/2.crl"}
		c.IssuingCertificateURL = []string{"http://ca.example.com/1.cer"}
		c.OCSPServer = []string{"http://ca.example.com/ocsp"}
	},
	"usages": func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDecipherOnly | x509.KeyUsageKeyAgreement
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}}
	},
	"policies": func(c *x509.Certificate) {
		for _, text := range []string{"2.23.140.1.2.1", "1.3.6.1.4.1.99999999.4294967295.18446744073709551615"} {
			policy, _ := x509.ParseOID(text)
			c.Policies = append(c.Policies, policy)
		}
	},
	"extra extensions": func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
		c.ExtraExtensions = []pkix.Extension{
			{Id: oidExtKeyUsage, Critical: true, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}},
			{Id: oidOCSPNoCheck, Value: asn1.NullBytes},
		}
	},
	"times": func(c *x509.Certificate) {
		c.NotBefore = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)
		c.NotAfter = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
	},
	"serial number with the high bit": func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x80) },
	"nothing":                         func(c *x509.Certificate) { c.AuthorityKeyId, c.RawSubject = nil, emptySubject },
}

func checkDraftOf(t *testing.T, alg notary.KeyAlgorithm, change func(*x509.Certificate)) {
	subject, err := pki.GenerateKey(notary.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.GenerateKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	scheme, err := schemeOf(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), RawSubject: rawName(t, "a.example.com"),
		NotBefore: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2060, 1, 2, 3, 4, 5, 0, time.UTC),
		BasicConstraintsValid: true, SubjectKeyId: []byte{1, 2, 3}, AuthorityKeyId: []byte{4, 5, 6},
		SignatureAlgorithm: scheme.algorithm,
	}
	change(template)
	issuer := &x509.Certificate{RawSubject: rawName(t, "Test Root"), PublicKey: key.Public()}
	draft, err := Issuer{Certificate: issuer, Signer: key}.draft(template, subject.Public(), scheme)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, subject.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	want, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(draft.RawTBSCertificate, want.RawTBSCertificate) {
		t.Errorf("got %x, want %x", draft.RawTBSCertificate, want.RawTBSCertificate)
	}
	if again := assemble(want.RawTBSCertificate, want.Signature, scheme); !bytes.Equal(again, der) {
		t.Errorf("assembled %x, want %x", again, der)
	}
	// Its signature verifies with no key, so that a leaked draft is useless.
	throwAway, err := scheme.throwAway()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.PublicKey{key.Public(), throwAway.key.Public()} {
		authority := &x509.Certificate{PublicKey: key}
		if err := authority.CheckSignature(draft.SignatureAlgorithm, draft.RawTBSCertificate, draft.Signature); err == nil {
			t.Error("the signature of the draft verifies")
		}
	}
}

func rawName(t *testing.T, commonName string) []byte {
	t.Helper()
	raw, err := asn1.Marshal(pkix.Name{CommonName: commonName}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
