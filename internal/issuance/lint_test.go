package issuance_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

var criticalExtension = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 7}, Critical: true,
	Value: []byte{5, 0}}

// forge creates a request that bypasses the checks of package pki.
func forge(t *testing.T, edit func(*pki.CSR)) *pki.CSR {
	t.Helper()
	csr := *leafCSR(t, "a.example.com")
	request := *csr.CertificateRequest
	csr.CertificateRequest = &request
	edit(&csr)
	return &csr
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A certificate that breaks a rule is not signed, even if the checks of the request missed it.
func TestLintRefuses(t *testing.T) {
	t.Parallel()
	name := func(oid asn1.ObjectIdentifier, value any) []byte {
		return marshal(t, pkix.RDNSequence{{{Type: oid, Value: value}}})
	}
	tests := []struct {
		name  string
		csr   *pki.CSR
		words []string
	}{
		{"country as UTF8String", forge(t, func(c *pki.CSR) {
			c.RawSubject = name(asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("DE")})
		}), []string{"e_subject_dn_country_not_printable_string", "RFC 5280"}},
		{"common name of 65 characters", forge(t, func(c *pki.CSR) {
			c.RawSubject = name(asn1.ObjectIdentifier{2, 5, 4, 3},
				"12345678901234567890123456789012345678901234567890123456789012345")
		}), []string{"e_subject_common_name_max_length"}},
		{"control character", forge(t, func(c *pki.CSR) {
			c.RawSubject = name(asn1.ObjectIdentifier{2, 5, 4, 3}, "a\x00b")
		}), []string{"e_subject_dn_not_printable_characters"}},
		{"email in the subject alone", forge(t, func(c *pki.CSR) {
			c.RawSubject = name(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
				asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte("me@example.com")})
		}), []string{"e_subj_email_not_in_san"}},
		{"space in a DNS name", forge(t, func(c *pki.CSR) { c.Names = notary.Names{DNS: []string{"a b.example.com"}} }),
			[]string{"names"}},
		{"nobody at all", forge(t, func(c *pki.CSR) { c.Names = notary.Names{} }), []string{"e_subject_empty_without_san"}},
		{"URI without a host", forge(t, func(c *pki.CSR) { c.Names.URI = []string{"/relative"} }), []string{"e_ext_san_uri"}},
		{"another key", forge(t, func(c *pki.CSR) {
			c.PublicKey = newWeakKey(t)
		}), []string{"RSA key has 1024 bits"}},
		{"too many names", forge(t, func(c *pki.CSR) {
			for i := range 101 {
				c.Names.DNS = append(c.Names.DNS, string(rune('a'+i%26))+string(rune('a'+i/26))+".example.com")
			}
		}), []string{"100 names"}},
	}
	root := newRoot(t, notary.ECDSAP256, -1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := root
			signer := &countingSigner{Signer: root.Signer}
			root.Signer = signer
			_, err := issuance.Leaf(root, profile(t, "client"), test.csr, terms)
			if kind := notary.KindOf(err); kind != notary.Unprocessable && kind != notary.Invalid {
				t.Fatalf("got error %v", err)
			}
			wantError(t, err, notary.KindOf(err), test.words...)
			if signer.calls > 0 {
				t.Error("it was signed before it was refused")
			}
		})
	}
}

// What is signed is, byte for byte, what was linted: the signer is called once, and last.
func TestSignsOnce(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.Ed25519, -1)
	signer := &countingSigner{Signer: root.Signer}
	root.Signer = signer
	leaf := issueLeaf(t, root, leafCSR(t, "a.example.com"), terms)
	if signer.calls != 1 || string(signer.last) != string(leaf.RawTBSCertificate) {
		t.Errorf("the signer was called %d times, the last time with %x", signer.calls, signer.last)
	}
	if err := leaf.CheckSignatureFrom(root.Certificate); err != nil {
		t.Error(err)
	}
}
