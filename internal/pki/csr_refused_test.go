package pki_test

import (
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
	"strings"
	"testing"

	"notary/internal/pki"
)

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
		{"indented", " " + good, "malformed at the line"},
		{"headers", lines[0] + "Proc-Type: 4,ENCRYPTED\n\n" + strings.Join(lines[1:], ""), "headers"},
		{"no end", strings.Join(lines[:len(lines)-2], ""), "truncated"},
		{"another end", strings.ReplaceAll(good, "END CERTIFICATE REQUEST", "END CERTIFICATE"), "malformed at the line"},
		{"end alone", lines[len(lines)-2], "malformed at the line"},
		{"begin within", lines[0] + good, "malformed at the line"},
		{"on one line", strings.ReplaceAll(good, "\n", " "), "malformed at the line"},
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
		{"not DER", toPEM("CERTIFICATE REQUEST", []byte("hello")), "does not contain a certificate request"},
		{"a certificate", toPEM("CERTIFICATE REQUEST", issue(t, nil, "x", false, nil).certificate.Raw),
			"does not contain a certificate request"},
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
			"PrintableString, which cannot contain the character '@': encode it as UTF8String"},
		{"CN empty", withSubject(t, oidCN, utf8, ""), "is empty"},
		{"CN too long", withSubject(t, oidCN, utf8, strings.Repeat("ü", 65)), "65 characters"},
		{"wildcard CN in PrintableString", withSubject(t, oidCN, printable, "*.example.com"),
			"PrintableString, which cannot contain the character '*'"},
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
			"PrintableString, which cannot contain the character '_'"},
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
		{"DNS name that is an IP address", withSAN(t, generalName(2, "10.0.0.7")), "use an IP address name instead"},
		{"DNS name that is an IPv6 address", withSAN(t, generalName(2, "::1")), "use an IP address name instead"},
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
