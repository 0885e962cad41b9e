package pki_test

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestParseNames(t *testing.T) {
	t.Parallel()
	got, err := pki.ParseNames([]string{"B.Example.com", "a.example.com", " b.example.com ", "*.example.com",
		"localhost", "10.0.0.7", "2001:DB8:0:0::1", "2001:db8::1", "::ffff:10.0.0.7", "me@example.com",
		"spiffe://x/y", "https://user@example.com:8443/a?b=c", "r3---sn-x.example.com", "123.example.com",
		"host_1.example.com", "urn:plc1:Vendor:App", "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105",
		"sip:alice@example.com",
		"upn:jane@corp.example", "upn:dc1$@corp.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := notary.Names{
		DNS: []string{"b.example.com", "a.example.com", "*.example.com", "localhost", "r3---sn-x.example.com",
			"123.example.com",
			"host_1.example.com"},
		IP:    []string{"10.0.0.7", "2001:db8::1"},
		Email: []string{"me@example.com"},
		URI: []string{"spiffe://x/y", "https://user@example.com:8443/a?b=c", "urn:plc1:Vendor:App",
			"tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105", "sip:alice@example.com"},
		UPN: []string{"jane@corp.example", "dc1$@corp.example"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, notary.ParseNames(got.String())); diff != "" {
		t.Errorf("as text and back: -want +got\n%s", diff)
	}
	if none, err := pki.ParseNames(nil); err != nil || none.Len() != 0 {
		t.Errorf("no names: got %v, %v", none, err)
	}
}

// A URI is read back as a URI, because the signer sees names as users type them.
func TestURIsLikeOtherNames(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"upn:admin@corp.example", "fe80::1"} {
		_, err := pki.ParseCSR(withSAN(t, generalName(6, uri)))
		wantInvalid(t, err, "csr", "looks like a name of another type")
	}
}

func TestParseNamesLimit(t *testing.T) {
	t.Parallel()
	_, err := pki.ParseNames(slices.Repeat([]string{"a.example.com"}, pki.MaxNames))
	testkit.Check(t, err)
	_, err = pki.ParseNames(slices.Repeat([]string{"a.example.com"}, pki.MaxNames+1))
	wantInvalid(t, err, "", "1001 names")
}

func TestParseNamesRefuses(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	tests := []struct{ name, words string }{
		{"", "is empty"},
		{"a b.example.com", "character other than"},
		{"a.example.com.", "ends with a dot"},
		{"a..example.com", "empty label"},
		{".example.com", "empty label"},
		{"-a.example.com", "hyphen"},
		{"a-.example.com", "hyphen"},
		{"a.example.com:443", "looks like a host and a port"},
		{"localhost:8080", "looks like a host and a port"},
		{"a.example.com:x", "has no host"},
		{"https:example.com", "has no host"},
		{"file:///etc/passwd", "has no host"},
		{"urn:a b", "not an absolute URI"},
		{"urn:a|b", "percent-encoded"},
		{"urn:", "has nothing after its scheme"},
		{"http:", "has no host"},
		{"upn:jane", "not a user principal name"},
		{"upn:@corp.example", "not a user principal name"},
		{"upn:jane@*.corp.example", "not a user principal name"},
		{"upn:jane doe@corp.example", "not a user principal name"},
		{"upn:ja\u200bne@corp.example", "not a user principal name"},
		{"a/b.example.com", "character other than"},
		{"bücher.example", "not ASCII"},
		{"xn--a.example", "invalid internationalised"},
		{"xn--abc-.example", "hyphen"},
		{"xn--bcher-kv.example", "invalid internationalised"},
		{"10.0.0.256", "ends in a number"},
		{"*.0.0.7", "ends in a number"},
		{"10.0.0.7/8", "character other than"},
		{"fe80::1%eth0", "zones are not allowed"},
		{"*", "misplaced wildcard"},
		{"*.com", "too broad"},
		{"a.*.example.com", "misplaced wildcard"},
		{"a*.example.com", "misplaced wildcard"},
		{"*.*.example.com", "misplaced wildcard"},
		{label + "a.example.com", "more than 63"},
		{strings.Join([]string{label, label, label, label}, "."), "longer than 253"},
		{"@example.com", "not an email address"},
		{"me@", "not an email address"},
		{"me@you@example.com", "not an email address"},
		{"m e@example.com", "not an email address"},
		{"m..e@example.com", "not an email address"},
		{"mé@example.com", "not an ASCII email address"},
		{"me@müller.example", "write its domain with A-labels"},
		{"me@*.example.com", "not an email address"},
		{"me@10.0.0.7", "not an email address"},
		{label + "ab@example.com", "not an email address"},
		{"http://", "not an absolute URI"},
		{"://x", "not an absolute URI"},
		{"http://a b/", "not an absolute URI"},
		{"HTTP://example.com", "not an absolute URI"},
		{"http://exämple.com", "not an absolute URI"},
		{"http://example.com/\x00", "not an absolute URI"},
		{"http://example.com/" + strings.Repeat("a", 2048), "not an absolute URI"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%.40s", test.name), func(t *testing.T) {
			t.Parallel()
			_, err := pki.ParseNames([]string{"good.example.com", test.name})
			wantInvalid(t, err, "", test.words)
		})
	}
	var many []string
	for i := range pki.MaxNames + 1 {
		many = append(many, fmt.Sprintf("n%d.example.com", i))
	}
	_, err := pki.ParseNames(many)
	wantInvalid(t, err, "", "1001 names")
	if _, err := pki.ParseNames(many[1:]); err != nil {
		t.Errorf("a thousand names are refused: %v", err)
	}
}

// Names of external certificates are returned as they are, except impossible ones.
func TestCertificateNames(t *testing.T) {
	t.Parallel()
	got := pki.CertificateNames(&x509.Certificate{
		DNSNames:       []string{"A.example.com", "a.example.com", "with_underscore", "a b", ""},
		IPAddresses:    []net.IP{net.ParseIP("10.0.0.7"), {10, 0, 0, 7}, net.ParseIP("2001:db8::1"), {1, 2}},
		EmailAddresses: []string{"Me@example.com", "a\nb"},
		URIs:           []*url.URL{{Scheme: "spiffe", Host: "x", Path: "/y"}},
	})
	want := notary.Names{DNS: []string{"a.example.com", "with_underscore"}, IP: []string{"10.0.0.7", "2001:db8::1"},
		Email: []string{"Me@example.com"}, URI: []string{"spiffe://x/y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSerialString(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "00", 1: "01", 15: "0f", 16: "10", 0xabcd: "abcd", 0x100: "0100", -1: "-01"} {
		if got := pki.SerialString(big.NewInt(n)); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
