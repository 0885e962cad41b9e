package pki_test

import (
	"crypto"
	"crypto/rand"
	_ "crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// deviceCSR is a request that package x509 would not produce. The zero value is a plain one.
type deviceCSR struct {
	key          crypto.Signer // default testKey
	subject      []byte        // default CN=a.example.com
	version      int64
	noAttributes bool
	sha1         bool
}

var (
	oidSHA256WithECDSA = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidSHA1WithECDSA   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
)

func (d deviceCSR) pem(tb testing.TB) string {
	tb.Helper()
	key, hash, algorithm := d.key, crypto.SHA256, oidSHA256WithECDSA
	if key == nil {
		key = testKey()
	}
	if d.sha1 {
		hash, algorithm = crypto.SHA1, oidSHA1WithECDSA
	}
	if d.subject == nil {
		d.subject = marshal(tb, pkix.Name{CommonName: "a.example.com"}.ToRDNSequence())
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	var info cryptobyte.Builder
	info.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(d.version)
		b.AddBytes(d.subject)
		b.AddBytes(spki)
		if !d.noAttributes {
			b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(*cryptobyte.Builder) {})
		}
	})
	signature, err := crypto.SignMessage(key, rand.Reader, info.BytesOrPanic(), hash)
	if err != nil {
		tb.Fatal(err)
	}
	var request cryptobyte.Builder
	request.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(info.BytesOrPanic())
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(algorithm) })
		b.AddASN1BitString(signature)
	})
	return toPEM("CERTIFICATE REQUEST", request.BytesOrPanic())
}

func upn(name string) asn1.RawValue {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3})
	b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
	})
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: b.BytesOrPanic()}
}

// utf16Text encodes text with a byte order mark, as Windows programs do.
func utf16Text(text string, bigEndian bool) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if bigEndian {
		order = binary.BigEndian
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func findingNames(list []notary.Finding) (names []string) {
	for _, f := range list {
		names = append(names, f.Lint)
	}
	return names
}

func TestParseCSROfDevices(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"plain":         {deviceCSR{}.pem(t), nil},
		"no attributes": {deviceCSR{noAttributes: true}.pem(t), []string{"csr_no_attributes"}},
		"version 1":     {deviceCSR{version: 1}.pem(t), []string{"csr_version"}},
		"version 2":     {deviceCSR{version: 2}.pem(t), []string{"csr_version"}},
		"SHA-1":         {deviceCSR{sha1: true}.pem(t), []string{"csr_sha1"}},
		"all at once": {deviceCSR{noAttributes: true, version: 2, sha1: true}.pem(t),
			[]string{"csr_no_attributes", "csr_version", "csr_sha1"}},
		"BOM":         {"\ufeff" + deviceCSR{}.pem(t), nil},
		"text before": {"Certificate Request:\n    Data: Müller\n" + deviceCSR{}.pem(t), nil},
		"text after":  {deviceCSR{}.pem(t) + "\nregards\n", nil},
		"an address, twice": {withSAN(t, generalName(2, "10.0.0.7"), generalName(7, "\x0a\x00\x00\x07")),
			[]string{"csr_address_as_dns_name"}},
		"an address, often": {withSAN(t, generalName(2, "10.0.0.7"), generalName(2, "10.0.0.7"),
			generalName(7, "\x0a\x00\x00\x07")), []string{"csr_address_as_dns_name"}},
		"IPv6, other form": {withSAN(t, generalName(2, "2001:DB8:0::1"),
			generalName(7, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")),
			[]string{"csr_address_as_dns_name"}},
		"a URN":         {withSAN(t, generalName(6, "urn:plc1:Vendor:App")), nil},
		"a UPN":         {withSAN(t, upn("jane@corp.example"), generalName(2, "dc1.corp.example")), nil},
		"an underscore": {withSAN(t, generalName(2, "host_1.example.com")), nil},
		"unstructuredName": {withSubject(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 2}, asn1.TagIA5String,
			"rtr1.example.com"), nil},
		"country as UTF8":    {withSubject(t, oidCountry, asn1.TagUTF8String, "DE"), []string{"csr_string_type"}},
		"email as UTF8":      {withSubject(t, oidEmail, asn1.TagUTF8String, "me@example.com"), []string{"csr_string_type"}},
		"organization, IA5":  {withSubject(t, oidOrg, asn1.TagIA5String, "Example"), []string{"csr_string_type"}},
		"several at once":    {withSubject(t, oidOrg, asn1.TagT61String, "M\xfcller"), []string{"csr_string_type"}},
		"organization, UCS4": {withSubject(t, oidOrg, 28, "\x00\x00\x00M\x00\x01\xf6\x00"), []string{"csr_string_type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			csr, err := pki.ParseCSR(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if csr.PEM != test.text {
				t.Error("the text was changed")
			}
			if diff := cmp.Diff(test.want, findingNames(csr.Findings)); diff != "" {
				t.Errorf("findings: -want +got\n%s", diff)
			}
			der, err := pki.DecodeCSR(test.text)
			if err != nil || !slices.Equal(der, csr.Raw) {
				t.Errorf("the request is not as submitted: %v", err)
			}
			if err := csr.CheckSignature(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The subject stays byte for byte, except for attribute string types that a certificate cannot have.
func TestParseCSRReencodesStrings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tag   int
		value string
		want  asn1.RawValue
	}{
		{asn1.TagUTF8String, "dev.example.com", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("dev.example.com")}},
		{asn1.TagT61String, "M\xfcller", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("Müller")}},
		{asn1.TagBMPString, "\x00M\x00\xfc", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("Mü")}},
		{asn1.TagBMPString, "\x00d\x00e\x00v", asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte("dev")}},
		{28, "\x00\x00\x00d\x00\x00\x00_", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("d_")}},
		{26, "dev_1", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("dev_1")}},
		{asn1.TagIA5String, "a@b", asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("a@b")}},
	} {
		csr, err := pki.ParseCSR(withSubject(t, oidCN, test.tag, test.value))
		if err != nil {
			t.Errorf("%q of tag %d: %v", test.value, test.tag, err)
			continue
		}
		want := marshal(t, pkix.RDNSequence{{{Type: oidCN, Value: test.want}}})
		if !slices.Equal(csr.RawSubject, want) || csr.CommonName != string(test.want.Bytes) {
			t.Errorf("%q of tag %d: subject %x, common name %q", test.value, test.tag, csr.RawSubject, csr.CommonName)
		}
	}
}

// The last of several common names is the most specific; all hosts are added to the names.
func TestParseCSRWithSeveralCommonNames(t *testing.T) {
	t.Parallel()
	csr, err := pki.ParseCSR(csrPEM(t, testKey(),
		x509.CertificateRequest{Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: oidCN, Value: "Users"}, {Type: oidCN, Value: "a.example.com"}, {Type: oidCN, Value: "b.example.com"}}}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(notary.Names{DNS: []string{"a.example.com", "b.example.com"}}, csr.Names); diff != "" ||
		csr.CommonName != "b.example.com" {
		t.Errorf("common name %q, names: -want +got\n%s", csr.CommonName, diff)
	}
}

func TestParseCSRRefusesMD5(t *testing.T) {
	t.Parallel()
	der := []byte(strings.ReplaceAll(contentOf(csrPEM(t, newKey(t, notary.RSA2048),
		x509.CertificateRequest{DNSNames: []string{"a.example.com"}})),
		"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"))
	_, err := pki.ParseCSR(toPEM("CERTIFICATE REQUEST", der))
	wantInvalid(t, err, "csr", "MD5-RSA")
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	text := deviceCSR{}.pem(t) + "Müller \U0001f600"
	for name, content := range map[string][]byte{"UTF-8": []byte(text), "little-endian": utf16Text(text, false),
		"big-endian": utf16Text(text, true)} {
		if got := string(pki.DecodeText(content)); got != text {
			t.Errorf("%s: got %q", name, got)
		}
	}
	for _, content := range []string{"", "\xff", "\xff\xfe\x00", "\x30\x82"} {
		if got := string(pki.DecodeText([]byte(content))); got != content {
			t.Errorf("%q: got %q", content, got)
		}
	}
}

// Another signature over the same content makes no new request.
func TestContentOfCSR(t *testing.T) {
	t.Parallel()
	one, err := pki.ParseCSR(deviceCSR{}.pem(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := pki.ParseCSR(deviceCSR{}.pem(t)) // ECDSA signatures are random
	if err != nil {
		t.Fatal(err)
	}
	other, err := pki.ParseCSR(deviceCSR{version: 1}.pem(t))
	if err != nil {
		t.Fatal(err)
	}
	if pki.Fingerprint(one.Raw) == pki.Fingerprint(again.Raw) || one.Content() != again.Content() ||
		one.Content() == other.Content() {
		t.Errorf("contents %s, %s and %s", one.Content(), again.Content(), other.Content())
	}
	if block, _ := pem.Decode([]byte(one.PEM)); pki.Fingerprint(block.Bytes) != pki.Fingerprint(one.Raw) {
		t.Error("the DER was changed")
	}
}

func TestAskedExtensions(t *testing.T) {
	t.Parallel()
	csr, err := pki.ParseCSR(csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 3, 1, 1, 0xff}},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 1, 6}},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: marshal(t, []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}})},
		}}))
	if err != nil {
		t.Fatal(err)
	}
	usage := x509.KeyUsage(csr.AskedKeyUsage())
	if !csr.AsksForCA() || usage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(csr.AskedExtKeyUsages()) != 1 ||
		len(csr.Asked) != 3 {
		t.Errorf("CA %v, key usage %b, %v", csr.AsksForCA(), usage, csr.AskedExtKeyUsages())
	}
	plain, err := pki.ParseCSR(deviceCSR{}.pem(t))
	if err != nil || plain.AsksForCA() || plain.AskedKeyUsage() != 0 || plain.AskedExtKeyUsages() != nil {
		t.Errorf("a plain request asks for something: %v", err)
	}
}

func TestAskedPathLen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value []byte
		want  int
		ok    bool
	}{
		"none":           {[]byte{0x30, 3, 1, 1, 0xff}, 0, false},
		"zero":           {[]byte{0x30, 6, 1, 1, 0xff, 2, 1, 0}, 0, true},
		"three":          {[]byte{0x30, 6, 1, 1, 0xff, 2, 1, 3}, 3, true},
		"negative":       {[]byte{0x30, 6, 1, 1, 0xff, 2, 1, 0x80}, 0, false},
		"not of a CA":    {[]byte{0x30, 3, 2, 1, 0}, 0, false},
		"CA:FALSE":       {[]byte{0x30, 6, 1, 1, 0, 2, 1, 0}, 0, false},
		"beyond an int":  {append([]byte{0x30, 14, 1, 1, 0xff, 2, 9}, make([]byte, 9)...), 0, false},
		"not an integer": {[]byte{0x30, 6, 1, 1, 0xff, 4, 1, 0}, 0, false},
	} {
		csr, err := pki.ParseCSR(csrPEM(t, testKey(), x509.CertificateRequest{DNSNames: []string{"a.example.com"},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: c.value}}}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, ok := csr.AskedPathLen(); ok != c.ok || ok && got != c.want {
			t.Errorf("%s: path length %d, %v; want %d, %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	csr, err := pki.ParseCSR(csrPEM(t, testKey(),
		x509.CertificateRequest{Subject: pkix.Name{CommonName: "old.example.com"},
			DNSNames: []string{"san.example.com"}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		replacement pki.Replacement
		commonName  string
		names       string
		findings    []string
	}{
		{pki.Replacement{}, "old.example.com", "DNS:san.example.com DNS:old.example.com", nil},
		{pki.Replacement{Subject: "CN=new.example.com,O=Example"}, "new.example.com",
			"DNS:san.example.com DNS:new.example.com",
			[]string{"csr_subject_replaced", "csr_names_replaced"}},
		{pki.Replacement{Names: []string{"other.example.com", "10.0.0.7"}}, "old.example.com",
			"DNS:other.example.com DNS:old.example.com IP:10.0.0.7", []string{"csr_names_replaced"}},
		{pki.Replacement{Subject: "CN=A pump", Names: []string{}}, "A pump", "",
			[]string{"csr_subject_replaced", "csr_names_replaced"}},
	} {
		replaced, err := csr.Replace(test.replacement)
		if err != nil {
			t.Errorf("%+v: %v", test.replacement, err)
			continue
		}
		if replaced.CommonName != test.commonName || replaced.Names.String() != test.names ||
			replaced.Subject.CommonName != test.commonName {
			t.Errorf("%+v: %q, %s", test.replacement, replaced.CommonName, replaced.Names)
		}
		if diff := cmp.Diff(test.findings, findingNames(replaced.Findings)); diff != "" {
			t.Errorf("%+v: -want +got\n%s", test.replacement, diff)
		}
	}
	if csr.CommonName != "old.example.com" || len(csr.Findings) > 0 {
		t.Error("the request itself was changed")
	}
	for field, refused := range map[string]pki.Replacement{
		"subject": {Subject: "web.example.com"},
		"names":   {Names: []string{"a b"}},
	} {
		_, err := csr.Replace(refused)
		wantInvalid(t, err, field, "")
	}
	_, err = csr.Replace(pki.Replacement{Subject: "O=Example", Names: []string{}})
	wantInvalid(t, err, "subject", "neither a common name")
}

func TestSubjectText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CN=web, O = Example ,C=DE":            "CN=web,O=Example,C=DE",
		`cn=a\, b+uid=x`:                       `CN=a\, b+UID=x`,
		`CN=\c3\bc`:                            "CN=ü",
		`O=\ a\ `:                              `O=\ a\ `,
		"E=me@example.com,CN=a":                "emailAddress=me@example.com,CN=a",
		"organization_name=Example":            "O=Example",
		"2.5.4.3=a":                            "CN=a",
		"CN=example-DC1-CA,DC=example,DC=corp": "CN=example-DC1-CA,DC=example,DC=corp",
	} {
		raw, err := pki.ParseSubject(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := pki.SubjectText(raw); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for text, words := range map[string]string{
		"":                                "not an attribute",
		"web.example.com":                 "not an attribute",
		"/C=DE/CN=web":                    "not an attribute",
		"XX=a":                            "not an attribute",
		"CN=":                             "is empty",
		"CN=a\\":                          "invalid escape",
		`CN="a"`:                          "invalid escape",
		"CN=#0c0161":                      "invalid escape",
		"C=Germany":                       "exactly 2",
		"CN=a\nb":                         "U+000A",
		"O=" + strings.Repeat("a", 9<<10): "longer than",
	} {
		_, err := pki.ParseSubject(text)
		wantInvalid(t, err, "subject", words)
	}
}
