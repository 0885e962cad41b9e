package pki_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"notary/internal/pki"
	"notary/internal/testkit"
)

// The number of comparisons in a whole chain is limited, as in OpenSSL.
func TestTooManyNamesAndConstraints(t *testing.T) {
	t.Parallel()
	list := func(n int, format string) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf(format, i))
		}
		return names
	}
	constrained := issue(t, nil, "Root", true, func(c *x509.Certificate) {
		c.ExcludedDNSDomains = list(1024,
			"x%d.example.net")
	})
	fits := issue(t, &constrained, "leaf", false, func(c *x509.Certificate) { c.DNSNames = list(1024, "a%d.example.com") })
	testkit.Check(t, pki.CheckChain(chainOf(fits, constrained), fits.key.Public(), false, now))
	beyond := issue(t, &constrained, "leaf", false, func(c *x509.Certificate) {
		c.DNSNames = list(1025,
			"a%d.example.com")
	})
	err := pki.CheckChain(chainOf(beyond, constrained), beyond.key.Public(), false, now)
	wantInvalid(t, err, "", "so many names and name constraints")
	constraints, err := pki.CertificateConstraints(constrained.certificate)
	testkit.Check(t, err)
	if kind, _ := pki.Refused(constraints, beyond.certificate); kind != pki.TooMany {
		t.Errorf("refused is %q", kind)
	}
}

// Comparing very long names or name constraints counts several times.
func TestLongNamesAndConstraints(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprintf("a%d.example", i))
	}
	long := strings.Repeat("a.", 60_000) + "example"
	for name, shapes := range map[string]struct{ authority, leaf func(*x509.Certificate) }{
		"name": {func(c *x509.Certificate) { c.ExcludedURIDomains = many },
			func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: long}} }},
		"constraint": {func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{long} },
			func(c *x509.Certificate) { c.DNSNames = many }},
	} {
		t.Run(name, func(t *testing.T) {
			root := issue(t, nil, "Root", true, shapes.authority)
			leaf := issue(t, &root, "leaf", false, shapes.leaf)
			refused, err := pki.FirstRefusedName(chainOf(leaf, root))
			testkit.Check(t, err)
			if refused == nil || refused.Kind != pki.TooMany {
				t.Errorf("refused is %v", refused)
			}
		})
	}
}

func TestLongUTF16(t *testing.T) {
	const octets = 128 << 10
	text := base64.StdEncoding.EncodeToString([]byte("\xff\xfe" + strings.Repeat("A\x00", octets/2)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pki.ParseBundle(text)
	runtime.ReadMemStats(&after)
	wantInvalid(t, err, "", "no certificates")
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 100*octets {
		t.Errorf("allocated %d octets to read %d", allocated, octets)
	}
}
