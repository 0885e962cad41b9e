package issuance_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

const manyOfEach = 1000

// Certificates of every built-in profile, for random valid subjects and names, pass zlint and package x509.
func TestEveryBuiltinProfileIssuesWhatZlintAccepts(t *testing.T) {
	t.Parallel()
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC6962, lint.RFC8813},
	})
	if err != nil {
		t.Fatal(err)
	}
	issuer := newRoot(t, notary.ECDSAP256, -1)
	issuer.CRLURL, issuer.CertificateURL = "http://ca.example.com/1.crl", "http://ca.example.com/1.cer"
	issuer.OCSPURL = "http://ca.example.com/ocsp/1"
	for _, p := range issuance.Builtins() {
		if p.Name == notary.OCSPProfile { // certifies no requests: see TestNewResponder
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			g := &generator{rand.New(rand.NewPCG(seed, 1)), p}
			for n := range manyOfEach {
				csr := g.csr(t)
				issued, err := g.issue(issuer, csr)
				if err != nil {
					t.Fatalf("seed %d, certificate %d, %q %s: %v", seed, n, csr.Subject, csr.Names, err)
				}
				wantNoErrors(t, issued, registry, fmt.Sprintf("seed %d, certificate %d", seed, n))
			}
		})
	}
}

func wantNoErrors(t *testing.T, issued *issuance.Issued, registry lint.Registry, which string) {
	t.Helper()
	der := issued.Certificate.Raw
	if _, err := x509.ParseCertificate(der); err != nil {
		t.Fatalf("%s: %v", which, err)
	}
	certificate, err := zx509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("%s: %v", which, err)
	}
	found := 0
	for _, check := range registry.CertificateLints().Lints() {
		result := check.Execute(certificate, lint.NewEmptyConfig())
		if result.Status >= lint.Error {
			t.Errorf("%s: lint %s finds %s", which, check.Name, result.Status)
		}
		if result.Status == lint.Notice || result.Status == lint.Warn {
			found++
		}
	}
	if found != len(issued.Findings) {
		t.Errorf("%s: zlint finds %d notices and warnings, and kept are %v", which, found, issued.Findings)
	}
}

type generator struct {
	*rand.Rand
	profile *notary.Profile
}

func (g *generator) issue(issuer issuance.Issuer, csr *pki.CSR) (*issuance.Issued, error) {
	if g.profile.CA {
		return issuance.Intermediate(issuer, g.profile, csr, g.IntN(4)-1, terms)
	}
	return issuance.Leaf(issuer, g.profile, csr, terms)
}

func (g *generator) csr(t *testing.T) *pki.CSR {
	t.Helper()
	names := g.names()
	if slices.Contains(g.profile.ExtKeyUsages, notary.ServerAuth) {
		names = append(names, "server.example.com")
	}
	subject := g.subject(names)
	if g.profile.CA && subject.CommonName == "" {
		subject.CommonName = g.text(1, 64)
	}
	if subject.CommonName == "" && len(names) == 0 {
		subject.CommonName = g.text(1, 64)
	}
	return newCSR(t, g.key(), subject, names...)
}

func (g *generator) key() crypto.Signer {
	if g.IntN(10) > 0 {
		return leafKey(notary.ECDSAP256)
	}
	return leafKey(algorithms[g.IntN(len(algorithms))])
}

func (g *generator) names() []string {
	var list []string
	add := func(rule notary.NameRule, name func() string) {
		for rule.Allow == notary.AllowAny && len(list) < 90 && g.IntN(3) > 0 {
			list = append(list, name())
		}
	}
	add(g.profile.Names.DNS, func() string {
		if g.IntN(5) == 0 {
			return "*." + g.domain()
		}
		return g.domain()
	})
	add(g.profile.Names.IP, g.address)
	add(g.profile.Names.Email, g.email)
	add(g.profile.Names.URI, func() string {
		return []string{"https", "spiffe", "urn+x"}[g.IntN(3)] + "://" + g.host() + "/" +
			g.letters("abcdef0123456789-._~", 0, 30)
	})
	if g.profile.Names.Required && len(list) == 0 {
		list = append(list, g.email())
	}
	return list
}

func (g *generator) email() string { return g.letters("abcXYZ019+_-", 1, 64) + "@" + g.domain() }

func (g *generator) address() string {
	if g.IntN(2) == 0 {
		return fmt.Sprintf("%d.%d.%d.%d", 1+g.IntN(254), g.IntN(256), g.IntN(256), g.IntN(256))
	}
	return fmt.Sprintf("2001:db8:%x:%x::%x", g.IntN(1<<16), g.IntN(1<<16), g.IntN(1<<16))
}

// domain returns two to five labels, some of 63 characters or internationalised.
func (g *generator) domain() string {
	var labels []string
	for range 1 + g.IntN(4) {
		switch g.IntN(8) {
		case 0:
			labels = append(labels, "xn--bcher-kva")
		case 1:
			labels = append(labels, "a"+g.letters("abcdefghijklmnopqrstuvwxyz0123456789", 61, 61)+"z")
		default:
			labels = append(labels, g.letters("abcdefghijklmnopqrstuvwxyz0123456789", 1, 20))
		}
	}
	if len(strings.Join(labels, ".")) > 180 {
		labels = labels[:1]
	}
	return strings.Join(append(labels, []string{"com", "example", "test", "co"}[g.IntN(4)]), ".")
}

// subject returns up to ten attributes, using every accepted string type. An email address in it is one of the
// names.
func (g *generator) subject(names []string) pkix.Name {
	var subject pkix.Name
	some := func(to *[]string, most int) {
		for g.IntN(3) == 0 && len(*to) < 2 {
			*to = append(*to, g.text(1, most))
		}
	}
	some(&subject.Organization, 64)
	some(&subject.OrganizationalUnit, 64)
	some(&subject.Locality, 128)
	some(&subject.Province, 128)
	some(&subject.StreetAddress, 128)
	some(&subject.PostalCode, 16)
	if g.IntN(2) == 0 {
		subject.Country = []string{[]string{"SE", "DE", "BR", "JP"}[g.IntN(4)]}
	}
	if g.IntN(4) == 0 {
		subject.SerialNumber = g.letters("ABC0123456789 -/", 1, 64)
	}
	switch g.IntN(4) {
	case 0:
	case 1:
		if len(names) > 0 && g.profile.Names.DNS.Allow == notary.AllowAny {
			subject.CommonName = g.domainUnder(64)
			break
		}
		fallthrough
	default:
		subject.CommonName = g.text(1, 64)
	}
	for _, name := range names {
		if strings.Contains(name, "@") && g.IntN(4) == 0 {
			subject.ExtraNames = append(subject.ExtraNames, pkix.AttributeTypeAndValue{
				Type:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
				Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(name)}})
			break
		}
	}
	return subject
}

// host returns a domain that zlint accepts in a URI: its pattern excludes A-labels and requires two characters per
// label.
func (g *generator) host() string {
	return g.letters("abcdefghijklmnopqrstuvwxyz0123456789", 2, 20) + []string{".com", ".example", ".test",
		".co"}[g.IntN(4)]
}

func (g *generator) domainUnder(most int) string {
	for {
		if domain := g.domain(); len(domain) <= most {
			return domain
		}
	}
}

// text returns letters of many scripts. It never starts or ends with a blank, and is not a host name or address.
func (g *generator) text(least, most int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '()+,-/=?&*@_äöüßéñçøłžшгяλπ中文字日本語한국어"
	text := strings.TrimSpace(g.letters(letters, least, most))
	if text == "" || strings.Contains(text, "*") { // a wildcard must be a host name
		return "Example"
	}
	return text
}

func (g *generator) letters(alphabet string, least, most int) string {
	runes := []rune(alphabet)
	var b strings.Builder
	for range least + g.IntN(most-least+1) {
		b.WriteRune(runes[g.IntN(len(runes))])
	}
	return b.String()
}
