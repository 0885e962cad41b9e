package pki_test

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 such a key must be refused
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
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

func TestParseCSRRefusesPEM(t *testing.T) {
	t.Parallel()
	good := csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"}})
	block, _ := pem.Decode([]byte(good))
	lines := strings.SplitAfter(good, "\n")
	tests := []struct{ name, text, words string }{
		{"empty", "", "not a certificate request in PEM"},
		{"not PEM", "hello", "not a certificate request in PEM"},
		{"DER", string(block.Bytes), "not a certificate request in PEM"},
		{"a certificate", toPEM("CERTIFICATE", block.Bytes), `of type "CERTIFICATE"`},
		{"two", good + good, "2 PEM blocks"},
		{"NUL after", good + "\x00", "text around"},
		{"text that is not UTF-8 before", "M\xfcller\n" + good, "text around"},
		{"text that turns the direction", "\u202eabc\n" + good, "text around"},
		{"UTF-16", string(utf16Text(good, false)), "encoded as UTF-16"},
		{"UTF-16 as JSON has it", "\ufffd\ufffd" + strings.Join(strings.Split(good, ""), "\x00") + "\x00",
			"encoded as UTF-16"},
		{"indented", " " + good, "broken at the line"},
		{"headers", lines[0] + "Proc-Type: 4,ENCRYPTED\n\n" + strings.Join(lines[1:], ""), "headers"},
		{"no end", strings.Join(lines[:len(lines)-2], ""), "cut off"},
		{"another end", strings.ReplaceAll(good, "END CERTIFICATE REQUEST", "END CERTIFICATE"), "broken at the line"},
		{"end alone", lines[len(lines)-2], "broken at the line"},
		{"begin within", lines[0] + good, "broken at the line"},
		{"on one line", strings.ReplaceAll(good, "\n", " "), "broken at the line"},
		{"base64 changed", lines[0] + "*" + strings.Join(lines[1:], ""), "not valid base64"},
		{"base64 cut", lines[0] + lines[1] + strings.Join(lines[3:], ""), ""},
		{"empty block", "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n", "empty"},
		{"a private key", good + toPEM("PRIVATE KEY", []byte{1}),
			"private key, which must never be sent: treat that key as compromised"},
		{"an EC key", toPEM("EC PRIVATE KEY", []byte{1}), "treat that key as compromised"},
		{"an encrypted key", toPEM("ENCRYPTED PRIVATE KEY", []byte{1}), "treat that key as compromised"},
		{"1 MB of them", strings.Repeat(good, 1<<20/len(good)), "PEM blocks"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.ParseCSR(test.text)
			wantInvalid(t, err, "csr", test.words)
			_, err = pki.ParseStoredCSR(test.text)
			wantInvalid(t, err, "csr", test.words)
		})
	}
}

func TestParseCSRRefusesContent(t *testing.T) {
	t.Parallel()
	good := csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"}})
	der := func() []byte { block, _ := pem.Decode([]byte(good)); return block.Bytes }
	version := func(n byte) string {
		content := der()
		content[strings.Index(string(content), "\x02\x01\x00")+2] = n
		return toPEM("CERTIFICATE REQUEST", content)
	}
	var many []asn1.RawValue
	for i := range pki.MaxNames + 1 {
		many = append(many, generalName(2, fmt.Sprintf("n%d.example.com", i)))
	}
	oneTooMany := x509.CertificateRequest{Subject: pkix.Name{CommonName: "cn.example.com"}}
	for i := range pki.MaxNames {
		oneTooMany.DNSNames = append(oneTooMany.DNSNames, fmt.Sprintf("n%d.example.com", i))
	}
	unknownSignature := strings.ReplaceAll(string(der()), "\x2a\x86\x48\xce\x3d\x04\x03\x02",
		"\x2a\x86\x48\xce\x3d\x04\x03\x00")

	utf8, printable, ia5, bmp := asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagBMPString
	tests := []struct{ name, text, words string }{
		{"not DER", toPEM("CERTIFICATE REQUEST", []byte("hello")), "does not hold a certificate request"},
		{"a certificate", toPEM("CERTIFICATE REQUEST", issue(t, nil, "x", false, nil).certificate.Raw),
			"does not hold a certificate request"},
		{"trailing DER", toPEM("CERTIFICATE REQUEST", append(der(), 5, 0)), "2 octets after the end"},
		{"version 3", version(3), "version number 3"},
		{"version -1", version(0xff), "version number -1"},
		{"unknown signature", toPEM("CERTIFICATE REQUEST", []byte(unknownSignature)), "sign it with SHA-256"},
		{"nobody", csrPEM(t, testKey(), x509.CertificateRequest{}), "has no names"},
		{"nobody but an organization", csrPEM(t, testKey(),
			x509.CertificateRequest{Subject: pkix.Name{Organization: []string{"Acme"}}}), "has no names"},
		{"1,001 names", withSAN(t, many...), "more than 1000 names"},
		{"1,000 names and a common name", csrPEM(t, testKey(), oneTooMany), "1001 names"},

		{"NUL in the CN", withSubject(t, oidCN, utf8, "a.example.com\x00.evil"), "the character U+0000"},
		{"newline in the CN", withSubject(t, oidCN, utf8, "a\nb"), "the character U+000A"},
		{"C1 control in the CN", withSubject(t, oidCN, utf8, "a\u0085b"), "the character U+0085"},
		{"writing turned around", withSubject(t, oidCN, utf8, "a\u202eb"), "the character U+202E"},
		{"CN not UTF-8", withSubject(t, oidCN, utf8, "a\xff"), "not valid UTF-8"},
		{"CN in the wrong alphabet", withSubject(t, oidCN, printable, "a@b"),
			"PrintableString, which does not have the character '@': encode it as UTF8String"},
		{"CN empty", withSubject(t, oidCN, utf8, ""), "is empty"},
		{"CN too long", withSubject(t, oidCN, utf8, strings.Repeat("ü", 65)), "65 characters"},
		{"wildcard CN in PrintableString", withSubject(t, oidCN, printable, "*.example.com"),
			"PrintableString, which does not have the character '*'"},
		{"CN as BMPString of odd length", withSubject(t, oidCN, bmp, "\x00ab"), "not a well-formed BMPString"},
		{"CN as BMPString with a surrogate", withSubject(t, oidCN, bmp, "\xd8\x00"), "not a well-formed BMPString"},
		{"CN as UniversalString beyond Unicode", withSubject(t, oidCN, 28, "\x00\x11\x00\x00"),
			"not a well-formed UniversalString"},
		{"NUL in a BMPString", withSubject(t, oidCN, bmp, "\x00a\x00\x00"), "the character U+0000"},
		{"C1 control in a T61String", withSubject(t, oidCN, asn1.TagT61String, "a\x85"), "the character U+0085"},
		{"Latin-1 in an IA5String", withSubject(t, oidEmail, ia5, "j\xfcrgen@example.com"),
			"octet 0xfc: write it in ASCII, the only encoding allowed for this attribute"},
		{"Latin-1 in the CN as IA5String", withSubject(t, oidCN, ia5, "j\xfcrgen"),
			"octet 0xfc: write it in ASCII, or as UTF8String"},
		{"CN as integer", withSubject(t, oidCN, asn1.TagInteger, "\x01"), "not text"},
		{"country that is not printable", withSubject(t, oidCountry, utf8, "D_"),
			"PrintableString, which does not have the character '_'"},
		{"country of three letters", withSubject(t, oidCountry, printable, "DEU"), "exactly 2"},
		{"country of one letter", withSubject(t, oidCountry, printable, "D"), "exactly 2"},
		{"organization too long", withSubject(t, oidOrg, utf8, strings.Repeat("a", 65)),
			"organization in the subject has 65"},
		{"email that is none", withSubject(t, oidEmail, ia5, "me"), "not an email address"},
		{"21 attributes", csrPEM(t, testKey(),
			x509.CertificateRequest{Subject: pkix.Name{OrganizationalUnit: strings.Split(strings.Repeat("a,", 20)+"a", ",")}}),
			"more than 20 attributes"},
		{"wildcard CN that is too wide", withSubject(t, oidCN, utf8, "*.com"), "too broad"},

		{"otherName", withSAN(t, asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: []byte{6, 1, 0x2a}}),
			"otherName of the type 1.2"},
		{"directoryName", withSAN(t, asn1.RawValue{Class: 2, Tag: 4, IsCompound: true, Bytes: []byte{0x30, 0}}),
			"directoryName"},
		{"registeredID", withSAN(t, generalName(8, "\x2a")), "registeredID"},
		{"unknown general name", withSAN(t, generalName(13, "x")), "unknown type"},
		{"empty SAN", withSAN(t), "not well-formed"},
		{"DNS name with NUL", withSAN(t, generalName(2, "a.example.com\x00.evil.com")), "character other than"},
		{"DNS name with a space", withSAN(t, generalName(2, "a b.example.com")), "character other than"},
		{"DNS name that is an IP address", withSAN(t, generalName(2, "10.0.0.7")), "give it as an IP address name"},
		{"DNS name that is an IPv6 address", withSAN(t, generalName(2, "::1")), "give it as an IP address name"},
		{"IP address of 5 octets", withSAN(t, generalName(7, "12345")), "5 octets"},
		{"email with a space", withSAN(t, generalName(1, "m e@example.com")), "not an email address"},
		{"relative URI", withSAN(t, generalName(6, "/x")), "not an absolute URI"},
		{"SAN twice", sanTwice(t), "twice"},
		{"broken attribute", brokenAttribute(t), "not well-formed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.ParseCSR(test.text)
			wantInvalid(t, err, "csr", test.words)
			_, err = pki.ParseStoredCSR(test.text)
			wantInvalid(t, err, "csr", test.words)
		})
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

// rawCSR encodes a request with a public key, attributes and a meaningless signature.
func rawCSR(t *testing.T, publicKeyInfo []byte, attributes ...any) string {
	t.Helper()
	type info struct {
		Version    int
		Subject    pkix.RDNSequence
		Key        asn1.RawValue
		Attributes []any `asn1:"tag:0,set"`
	}
	request := struct {
		Info      info
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		info{0, pkix.Name{CommonName: "a.example.com"}.ToRDNSequence(), asn1.RawValue{FullBytes: publicKeyInfo}, attributes},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
		asn1.BitString{Bytes: []byte{0}, BitLength: 8},
	}
	return toPEM("CERTIFICATE REQUEST", marshal(t, request))
}

type rawAttribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]pkix.Extension `asn1:"set"`
}

func publicKeyInfo(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func sanTwice(t *testing.T) string {
	san := []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17},
		Value: marshal(t, []asn1.RawValue{generalName(2, "a.example.com")})}}
	return rawCSR(t, publicKeyInfo(t, testKey().Public()),
		rawAttribute{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}, [][]pkix.Extension{san}},
		rawAttribute{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 14}, [][]pkix.Extension{san}})
}

func brokenAttribute(t *testing.T) string {
	return rawCSR(t, publicKeyInfo(t, testKey().Public()),
		struct{ Type asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}})
}

// Errors are about the key, although the signatures of these requests do not verify.
func TestParseCSRRefusesKeys(t *testing.T) {
	t.Parallel()
	rsaInfo := func(n, e int64, bits uint) []byte {
		key := &rsa.PublicKey{N: bigOdd(bits, n), E: int(e)}
		return publicKeyInfo(t, key)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	offCurve := publicKeyInfo(t, testKey().Public())
	offCurve[len(offCurve)-1] ^= 1
	tests := []struct {
		name  string
		key   []byte
		words string
	}{
		{"RSA 1024", rsaInfo(1, 65537, 1024), "RSA key has 1024 bits"},
		{"exponent 1", rsaInfo(1, 1, 2048), "public exponent of the RSA key, 1,"},
		{"P-224", publicKeyInfo(t, p224.Public()), "curve"},
		{"X25519", publicKeyInfo(t, x25519.Public()), "not supported"},
		{"not on the curve", offCurve, "the key cannot be used"},
		{"unknown", marshal(t, struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}},
			asn1.BitString{Bytes: []byte{1}, BitLength: 8}}),
			"unknown public key algorithm"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.ParseCSR(rawCSR(t, test.key))
			wantInvalid(t, err, "csr", test.words)
		})
	}
	wantInvalid(t, pki.CheckKey(&dsa.PublicKey{}), "", "not supported")
	wantInvalid(t, pki.CheckKey(nil), "", "not supported")
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
