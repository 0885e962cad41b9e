package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
)

var (
	oidCN      = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidCountry = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrg     = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidEmail   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

func TestParseCSRForEveryKey(t *testing.T) {
	t.Parallel()
	for alg, name := range map[notary.KeyAlgorithm]string{
		notary.ECDSAP256: "ECDSA P-256", notary.ECDSAP384: "ECDSA P-384", notary.ECDSAP521: "ECDSA P-521",
		notary.Ed25519: "Ed25519", notary.RSA2048: "RSA 2048", notary.RSA3072: "RSA 3072",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := newKey(t, alg)
			names := notary.Names{DNS: []string{"a.example.com", "*.b.example.com"}, IP: []string{"10.0.0.7", "2001:db8::1"},
				Email: []string{"me@example.com"}, URI: []string{"spiffe://example.org/web"}}
			made, err := pki.NewCSR(key, pkix.Name{CommonName: "A machine"}, names)
			if err != nil {
				t.Fatal(err)
			}
			csr, err := pki.ParseCSR(made.PEM)
			if err != nil {
				t.Fatal(err)
			}
			if csr.Key != name || csr.CommonName != "A machine" || csr.PEM != made.PEM ||
				!pki.SameKey(csr.PublicKey, key.Public()) {
				t.Errorf("key %q, common name %q", csr.Key, csr.CommonName)
			}
			if diff := cmp.Diff(names, csr.Names); diff != "" {
				t.Errorf("names: -want +got\n%s", diff)
			}
		})
	}
}

func TestParseCSRTakes(t *testing.T) {
	t.Parallel()
	plain := csrPEM(t, testKey(), x509.CertificateRequest{Subject: pkix.Name{CommonName: "Title of it"}})
	for name, text := range map[string]string{
		"CRLF":                  strings.ReplaceAll(plain, "\n", "\r\n"),
		"white space around it": "\n \t\r\n" + plain + "  \n\n",
		"no newline at the end": strings.TrimSpace(plain),
		"trailing blanks":       strings.ReplaceAll(plain, "\n", " \t\n"),
		"the older label":       strings.ReplaceAll(plain, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
		"empty subject, names":  csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"}}),
		"no names, common name": plain,
		"CA rights, ignored": csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true,
				Value: []byte{0x30, 3, 1, 1, 0xff}}}}),
		"critical SAN": csrPEM(t, testKey(),
			x509.CertificateRequest{ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true,
				Value: marshal(t, []asn1.RawValue{generalName(2, "a.example.com")})}}}),
		"64 characters in a CN":  withSubject(t, oidCN, asn1.TagUTF8String, strings.Repeat("ü", 64)),
		"unknown attribute type": withSubject(t, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, asn1.TagUTF8String, "x"),
		"RSA-PSS signature": csrPEM(t, newKey(t, notary.RSA2048),
			x509.CertificateRequest{SignatureAlgorithm: x509.SHA256WithRSAPSS, DNSNames: []string{"a.example.com"}}),
	} {
		csr, err := pki.ParseCSR(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if csr.PEM != text {
			t.Errorf("%s: the text was changed", name)
		}
	}
}

func TestNamesOfCSR(t *testing.T) {
	t.Parallel()
	tests := []struct {
		commonName string
		dns        []string
		want       notary.Names
	}{
		{"WWW.Example.com", nil, notary.Names{DNS: []string{"www.example.com"}}},
		{"www.example.com", []string{"WWW.EXAMPLE.com", "a.example.com"},
			notary.Names{DNS: []string{"www.example.com", "a.example.com"}}},
		{"*.example.com", nil, notary.Names{DNS: []string{"*.example.com"}}},
		{"localhost", nil, notary.Names{DNS: []string{"localhost"}}},
		{"10.0.0.7", nil, notary.Names{IP: []string{"10.0.0.7"}}},
		{"2001:DB8:0::1", nil, notary.Names{IP: []string{"2001:db8::1"}}},
		{"::ffff:10.0.0.7", nil, notary.Names{IP: []string{"10.0.0.7"}}},
		{"Example Root", nil, notary.Names{}},
		{"alice", nil, notary.Names{}},
		{"under_score.example.com", nil, notary.Names{}},
		{"xn--bcher-kva.example", nil, notary.Names{DNS: []string{"xn--bcher-kva.example"}}},
	}
	for _, test := range tests {
		csr, err := pki.ParseCSR(csrPEM(t, testKey(), x509.CertificateRequest{
			Subject: pkix.Name{CommonName: test.commonName}, DNSNames: test.dns}))
		if err != nil {
			t.Errorf("%s: %v", test.commonName, err)
			continue
		}
		if diff := cmp.Diff(test.want, csr.Names); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.commonName, diff)
		}
	}
	csr, err := pki.ParseCSR(csrPEM(t, testKey(), x509.CertificateRequest{RawSubject: marshal(t, pkix.RDNSequence{{
		{Type: oidEmail, Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte("Me@Example.com")}}}})}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(notary.Names{Email: []string{"Me@Example.com"}}, csr.Names); diff != "" {
		t.Errorf("email address of the subject: -want +got\n%s", diff)
	}
}

// For a valid request both functions return the same.
func TestParseStoredCSR(t *testing.T) {
	t.Parallel()
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		good := csrPEM(t, newKey(t, alg), x509.CertificateRequest{
			Subject: pkix.Name{CommonName: "b.example.com"}, DNSNames: []string{"a.example.com"}})
		want, err := pki.ParseCSR(good)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pki.ParseStoredCSR(good)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: got %+v, want %+v", alg, got, want)
		}
		flipped := bytes.Clone(want.Raw)
		flipped[len(flipped)-1] ^= 1
		text := toPEM("CERTIFICATE REQUEST", flipped)
		_, err = pki.ParseCSR(text)
		wantInvalid(t, err, "csr", "signature does not verify")
		if _, err := pki.ParseStoredCSR(text); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestNewCSRRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		subject pkix.Name
		names   notary.Names
		field   string
		words   string
	}{
		{"long common name", pkix.Name{CommonName: strings.Repeat("a", 65)}, notary.Names{}, "common_name", "65 characters"},
		{"country", pkix.Name{CommonName: "a", Country: []string{"Germany"}}, notary.Names{}, "country_name", "exactly 2"},
		{"state", pkix.Name{CommonName: "a", Province: []string{strings.Repeat("a", 129)}}, notary.Names{},
			"state_or_province_name", "129"},
		{"locality", pkix.Name{CommonName: "a", Locality: []string{"a\tb"}}, notary.Names{}, "locality_name", "U+0009"},
		{"organization", pkix.Name{CommonName: "a", Organization: []string{""}}, notary.Names{}, "organization_name",
			"empty"},
		{"unit", pkix.Name{CommonName: "a", OrganizationalUnit: []string{strings.Repeat("a", 65)}}, notary.Names{},
			"organizational_unit_name", "65"},
		{"DNS name", pkix.Name{CommonName: "a"}, notary.Names{DNS: []string{"-a.example.com"}}, "", "hyphen"},
		{"IP address", pkix.Name{CommonName: "a"}, notary.Names{IP: []string{"10.0.0.256"}}, "", "not an IP address"},
		{"nobody", pkix.Name{}, notary.Names{}, "", "has no names"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.NewCSR(testKey(), test.subject, test.names)
			wantInvalid(t, err, test.field, test.words)
		})
	}
}
