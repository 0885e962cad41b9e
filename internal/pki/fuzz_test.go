package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// asPEM returns PEM unchanged and wraps anything else in a PEM block, so that the fuzzer can mutate DER directly.
func asPEM(label, text string) string {
	if strings.Contains(text, "-----BEGIN") {
		return text
	}
	return toPEM(label, []byte(text))
}

func contentOf(text string) string {
	block, _ := pem.Decode([]byte(text))
	return string(block.Bytes)
}

// What ParseCSR accepts is within the limits, and its names would be accepted again.
func FuzzParseCSR(f *testing.F) {
	good := csrPEM(f, testKey(), x509.CertificateRequest{Subject: pkix.Name{CommonName: "b.example.com"},
		DNSNames: []string{"a.example.com"}})
	f.Add(good)
	f.Add(contentOf(good))
	f.Add(strings.ReplaceAll(good, "\n", "\r\n"))
	f.Add(strings.ReplaceAll(good, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"))
	f.Add("Certificate Request:\n    Data:\n" + good)
	f.Add(good + good)
	f.Add(toPEM("PRIVATE KEY", []byte{0x30, 0}))
	f.Add(withSAN(f, generalName(2, "10.0.0.7"), generalName(7, "\x0a\x00\x00\x07")))
	f.Add("\ufeff" + good)
	f.Add(withSAN(f, generalName(6, "urn:plc1:Vendor:App"), upn("jane@corp.example")))
	f.Add(withSubject(f, oidCN, asn1.TagT61String, "M\xfcller"))
	f.Add(withSubject(f, oidCN, asn1.TagBMPString, "\x00M\x00\xfc"))
	f.Add(deviceCSR{version: 2, noAttributes: true}.pem(f))
	f.Fuzz(func(t *testing.T, text string) {
		text = asPEM("CERTIFICATE REQUEST", text)
		csr, err := pki.ParseCSR(text)
		if err != nil {
			wantInvalid(t, err, "csr", "")
			return
		}
		if csr.PEM != text || len(text) > pki.MaxCSRSize || csr.Names.Len() > pki.MaxNames {
			t.Errorf("%d octets, %d names", len(csr.PEM), csr.Names.Len())
		}
		if csr.CommonName == "" && csr.Names.Len() == 0 {
			t.Error("it names nobody")
		}
		if err := pki.CheckKey(csr.PublicKey); err != nil {
			t.Error(err)
		}
		if err := csr.CheckSignature(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(csr.Names, notary.ParseNames(csr.Names.String())); diff != "" {
			t.Errorf("names as text and back: -want +got\n%s", diff)
		}
		again, err := pki.ParseNames(csr.Names.All())
		if err != nil {
			t.Fatalf("names %s: %v", csr.Names, err)
		}
		if diff := cmp.Diff(csr.Names, again); diff != "" {
			t.Errorf("names typed again: -want +got\n%s", diff)
		}
		// No name that x509 read is lost or changed.
		if want := len(csr.DNSNames) + len(csr.IPAddresses) + len(csr.EmailAddresses) + len(csr.URIs); want > 0 &&
			csr.Names.Len() == 0 {
			t.Error("names were lost")
		}
		if content, err := pki.CSRContent(text); err != nil || content != csr.Content() {
			t.Errorf("content %s, %v instead of %s", content, err, csr.Content())
		}
		replaced, err := csr.Replace(pki.Replacement{Subject: pki.SubjectText(csr.RawSubject), Names: csr.Names.All()})
		if len(csr.Subject.Names) > 0 && err == nil && replaced.Names.String() != csr.Names.String() {
			t.Errorf("replaced by itself: names %s instead of %s", replaced.Names, csr.Names)
		}
		block := toPEM("CERTIFICATE REQUEST", csr.Raw)
		if _, err := pki.ParseCSR(block); err != nil {
			t.Errorf("encoded again: %v", err)
		}
	})
}

// A subject that ParseSubject accepts survives a round trip through text.
func FuzzParseSubject(f *testing.F) {
	for _, text := range []string{"CN=web,O=Example,C=DE", `CN=a\,b+UID=x`, `O=\ a\ `, `CN=\c3\bc`,
		"emailAddress=a@example.com", `CN=#41`, "2.5.4.3=a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := pki.ParseSubject(text)
		if err != nil {
			wantInvalid(t, err, "subject", "")
			return
		}
		again, err := pki.ParseSubject(pki.SubjectText(raw))
		if err != nil || !slices.Equal(raw, again) {
			t.Errorf("%q is written as %q: %v", text, pki.SubjectText(raw), err)
		}
	})
}

// Arbitrary chains never panic, and what ParseChain accepts survives a round trip.
func FuzzParseChain(f *testing.F) {
	root := issue(f, nil, "Root", true, nil)
	issuing := issue(f, &root, "Issuing", true, nil)
	leaf := issue(f, &issuing, "leaf", false, nil)
	good := encode(chainOf(leaf, issuing, root))
	f.Add(good)
	f.Add(encode(chainOf(root)))
	f.Add(string(root.certificate.Raw))
	f.Add(encode(chainOf(root, issuing, leaf)))
	f.Add("subject=/CN=leaf\n" + strings.ReplaceAll(good, "\n", "\r\n"))
	f.Add(good + toPEM("X509 CRL", []byte{0x30, 0}))
	bag, err := pkcs7.DegenerateCertificate(slices.Concat(root.certificate.Raw, leaf.certificate.Raw,
		issuing.certificate.Raw))
	testkit.Check(f, err)
	f.Add(string(bag))
	f.Add(toPEM("TRUSTED CERTIFICATE", append(slices.Clone(root.certificate.Raw), 0x30, 0)))
	f.Add("\xff\xfe-\x00")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := pki.ParseChain(text); err != nil { // DER, base64 or UTF-16
			wantInvalid(t, err, "", "")
		}
		chain, err := pki.ParseChain(asPEM("CERTIFICATE", text))
		if err != nil {
			wantInvalid(t, err, "", "")
			return
		}
		if len(chain) == 0 || len(chain) > pki.MaxChain {
			t.Fatalf("%d certificates", len(chain))
		}
		again, err := pki.ParseChain(encode(chain))
		if err != nil || !slices.EqualFunc(chain, again, (*x509.Certificate).Equal) {
			t.Errorf("encoded again: %v", err)
		}
		for _, c := range chain {
			names := pki.CertificateNames(c)
			if diff := cmp.Diff(names, notary.ParseNames(names.String())); diff != "" {
				t.Errorf("names as text and back: -want +got\n%s", diff)
			}
		}
		for _, wantCA := range []bool{false, true} {
			first := chain[0]
			if err := pki.CheckChain(chain, first.PublicKey, wantCA, first.NotBefore); err != nil {
				wantInvalid(t, err, "", "")
			} else if wantCA && !pki.IsAuthority(first) || !wantCA && first.IsCA || pki.CheckKey(first.PublicKey) != nil {
				t.Error("taken, though it is not of the kind that was wanted")
			}
		}
	})
}
