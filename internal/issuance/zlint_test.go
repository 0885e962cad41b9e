package issuance

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"

	"notary"
	"notary/internal/pki"
)

func specimen(t *testing.T, key crypto.Signer, edit func(*x509.Certificate)) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "a.example.com", Country: []string{"DE"}},
		NotBefore: time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC), NotAfter: time.Date(2030, 8, 6, 7, 8, 9, 0, time.UTC),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"a.example.com"}, SubjectKeyId: []byte{1, 2, 3}, AuthorityKeyId: []byte{4, 5, 6},
		CRLDistributionPoints: []string{"http://ca.example.com/1.crl"},
		IssuingCertificateURL: []string{"http://ca.example.com/1.cer"},
	}
	edit(template)
	issuer := *template
	issuer.RawSubject, issuer.Subject, issuer.SubjectKeyId = nil, pkix.Name{CommonName: "Test Root"}, []byte{4, 5, 6}
	if template.IsCA && template.Subject.CommonName == "Test Root" {
		issuer.Subject = template.Subject // self-signed
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &issuer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// specimens are certificates that comply with the rules, break them, or are out of their scope.
func specimens(t *testing.T) map[string][]byte {
	t.Helper()
	key := func(alg notary.KeyAlgorithm) crypto.Signer {
		key, err := pki.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec := key(notary.ECDSAP256)
	list := map[string][]byte{
		"Ed25519": specimen(t, key(notary.Ed25519), func(*x509.Certificate) {}),
		"RSA 2048": specimen(t, key(notary.RSA2048),
			func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment }),
		"RSA 1024": specimen(t, weak, func(*x509.Certificate) {}),
	}
	extension := func(value []byte, critical bool, oid ...int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
		}
	}
	network := &net.IPNet{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(8, 32)}
	anyPolicy, err := x509.ParseOID("2.5.29.32.0")
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*x509.Certificate){
		"good":                   func(*x509.Certificate) {},
		"empty subject":          func(c *x509.Certificate) { c.Subject = pkix.Name{} },
		"nobody":                 func(c *x509.Certificate) { c.Subject, c.DNSNames = pkix.Name{}, nil },
		"no key identifiers":     func(c *x509.Certificate) { c.SubjectKeyId, c.AuthorityKeyId = nil, nil },
		"serial number too long": func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 200) },
		"serial number zero":     func(c *x509.Certificate) { c.SerialNumber = new(big.Int) },
		"ends before it begins":  func(c *x509.Certificate) { c.NotAfter = c.NotBefore.AddDate(-1, 0, 0) },
		"older than the rules":   func(c *x509.Certificate) { c.NotBefore = time.Date(1994, 1, 1, 0, 0, 0, 0, time.UTC) },
		"older than most rules":  func(c *x509.Certificate) { c.NotBefore = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC) },
		"beyond 2050":            func(c *x509.Certificate) { c.NotAfter = time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC) },
		"common name too long":   func(c *x509.Certificate) { c.Subject.CommonName = strings.Repeat("a", 65) },
		"organization too long":  func(c *x509.Certificate) { c.Subject.Organization = []string{strings.Repeat("a", 65)} },
		"country of three":       func(c *x509.Certificate) { c.Subject.Country = []string{"DEU"} },
		"control character":      func(c *x509.Certificate) { c.Subject.CommonName = "a\x07b" },
		"blanks around it":       func(c *x509.Certificate) { c.Subject.CommonName = " a.example.com " },
		"DNS name with a blank":  func(c *x509.Certificate) { c.DNSNames = []string{"a b.example.com"} },
		"DNS name of one blank":  func(c *x509.Certificate) { c.DNSNames = []string{" "} },
		"DNS name too long": func(c *x509.Certificate) {
			c.DNSNames = []string{strings.Repeat("abcdefgh.", 40) +
				"example.com"}
		},
		"not an A-label": func(c *x509.Certificate) {
			c.DNSNames = []string{"xn--a.example.com",
				"xn--bcher-kva.example.com"}
		},
		"IP and email addresses": func(c *x509.Certificate) {
			c.IPAddresses, c.EmailAddresses = []net.IP{{10, 0, 0, 7}}, []string{"me@example.com"}
		},
		"URI without a scheme": func(c *x509.Certificate) { c.URIs = []*url.URL{{Path: "/relative"}} },
		"URI with a strange host": func(c *x509.Certificate) {
			c.URIs = []*url.URL{{Scheme: "https", Host: "a_b..",
				Path: "/x"}}
		},
		"key usages that do not fit": func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign
		},
		"no key usage":             func(c *x509.Certificate) { c.KeyUsage = 0 },
		"purposes that do not fit": func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign },
		"email protection": func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageAny}
		},
		"critical URLs":  extension([]byte{0x30, 0}, true, 2, 5, 29, 31),
		"LDAP URL":       func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"ldap://ca.example.com/x"} },
		"no URLs":        func(c *x509.Certificate) { c.CRLDistributionPoints, c.IssuingCertificateURL = nil, nil },
		"any policy":     func(c *x509.Certificate) { c.Policies = []x509.OID{anyPolicy} },
		"empty sequence": extension([]byte{0x30, 0}, false, 2, 5, 29, 37),
		"unknown":        extension([]byte{5, 0}, true, 1, 3, 6, 1, 4, 1, 99999, 7),
		"not DER":        extension([]byte{0x30, 0x80, 0, 0}, false, 2, 5, 29, 33),
		"key usage with a needless bit": func(c *x509.Certificate) {
			c.KeyUsage = 0
			extension([]byte{3, 2, 0, 0x80}, true, 2, 5, 29, 15)(c)
		},
		"path length of a leaf": extension([]byte{0x30, 3, 2, 1, 0}, true, 2, 5, 29, 19),
		"issuer's other name":   extension([]byte{0x30, 2, 0x82, 0}, true, 2, 5, 29, 18),
		"precertificate":        extension([]byte{5, 0}, true, 1, 3, 6, 1, 4, 1, 11129, 2, 4, 3),
		"empty list of SCTs":    extension([]byte{4, 2, 0, 0}, false, 1, 3, 6, 1, 4, 1, 11129, 2, 4, 2),
		"subject's directory":   extension([]byte{0x30, 0}, true, 2, 5, 29, 9),
		"private key's period":  extension([]byte{0x30, 0}, true, 2, 5, 29, 16),
		"fresh revocations":     extension([]byte{0x30, 0}, true, 2, 5, 29, 46),
	} {
		list[name] = specimen(t, ec, edit)
	}
	for name, edit := range map[string]func(*x509.Certificate){
		"authority":             func(*x509.Certificate) {},
		"root":                  func(c *x509.Certificate) { c.Subject.CommonName = "Test Root" },
		"authority of nobody":   func(c *x509.Certificate) { c.Subject = pkix.Name{} },
		"authority, no usage":   func(c *x509.Certificate) { c.KeyUsage = 0 },
		"authority, no key ids": func(c *x509.Certificate) { c.AuthorityKeyId, c.SubjectKeyId = nil, nil },
		"authority, constrained": func(c *x509.Certificate) {
			c.PermittedDNSDomains, c.ExcludedURIDomains = []string{"example.com", "*.example.org", ""}, []string{"example"}
			c.PermittedIPRanges, c.MaxPathLenZero = []*net.IPNet{network}, true
		},
		"authority, empty constraints":  extension([]byte{0x30, 0}, true, 2, 5, 29, 30),
		"authority, policy constraints": extension([]byte{0x30, 0}, false, 2, 5, 29, 36),
		"authority, mapped policies": extension([]byte{0x30, 10, 0x30, 8, 6, 4, 0x55, 0x1d, 0x20, 0, 6, 0}, false, 2, 5,
			29, 33),
		"authority, negative path length": extension([]byte{0x30, 6, 1, 1, 0xff, 2, 1, 0xff}, true, 2, 5, 29, 19),
		"authority, any policy inhibited": extension([]byte{2, 1, 0}, false, 2, 5, 29, 54),
	} {
		list[name] = specimen(t, ec, func(c *x509.Certificate) {
			c.Subject, c.IsCA, c.MaxPathLen = pkix.Name{CommonName: "Test Authority"}, true, -1
			c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, nil
			edit(c)
			if c.MaxPathLenZero {
				c.MaxPathLen = 0
			}
		})
	}
	return list
}

func TestChecksFindWhatZlintFinds(t *testing.T) {
	t.Parallel()
	checks, err := checks()
	if err != nil {
		t.Fatal(err)
	}
	found := map[lint.LintStatus]int{}
	reused, linted := 0, 0
	for name, der := range specimens(t) {
		certificate, err := zx509.ParseCertificate(der)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		linted++
		for _, check := range checks {
			got, want := check.status(certificate), check.Execute(certificate, lint.NewEmptyConfig()).Status
			if got != want {
				t.Errorf("%s: lint %s finds %s, and zlint %s", name, check.Name, got, want)
			}
			found[want]++
			if check.instance != nil {
				reused++
			}
		}
	}
	for _, status := range []lint.LintStatus{lint.NA, lint.NE, lint.Pass, lint.Notice, lint.Warn, lint.Error} {
		if found[status] == 0 {
			t.Errorf("no lint finds %s in any of the certificates: they are too much alike", status)
		}
	}
	if len(checks) < 100 || reused == 0 {
		t.Errorf("%d lints ran on %d certificates, %d times with a kept instance", len(checks), linted, reused)
	}
}

type fakeLint struct{}

var fakeResult func() *lint.LintResult

func (fakeLint) CheckApplies(*zx509.Certificate) bool        { return true }
func (fakeLint) Execute(*zx509.Certificate) *lint.LintResult { return fakeResult() }

type statefulLint struct {
	fakeLint
	seen bool
}

func (s *statefulLint) CheckApplies(*zx509.Certificate) bool {
	was := s.seen
	s.seen = true
	return !was
}

type configurableLint struct{ fakeLint }

func (*configurableLint) Configure() any { return &struct{}{} }

func newFake(instance func() lint.CertificateLintInterface) check {
	return newCheck(&lint.CertificateLint{LintMetadata: lint.LintMetadata{Name: "fake"}, Lint: instance})
}

// A lint that panics is fatal, and one with state gets a new instance for each certificate.
func TestUnusualLints(t *testing.T) {
	certificate, err := zx509.ParseCertificate(specimens(t)["good"])
	if err != nil {
		t.Fatal(err)
	}
	plain := newFake(func() lint.CertificateLintInterface { return &fakeLint{} })
	if plain.instance == nil {
		t.Error("a lint without a state is made anew each time")
	}
	anew := newFake(func() lint.CertificateLintInterface { return fakeLint{} })
	for name, result := range map[string]func() *lint.LintResult{
		"panics":          func() *lint.LintResult { panic("broken") },
		"gives no result": func() *lint.LintResult { return nil },
	} {
		fakeResult = result
		for _, fake := range []check{plain, anew} {
			if got := fake.status(certificate); got != lint.Fatal {
				t.Errorf("a lint that %s finds %s", name, got)
			}
		}
	}
	fakeResult = func() *lint.LintResult { return &lint.LintResult{Status: lint.Error} }
	for name, instance := range map[string]func() lint.CertificateLintInterface{
		"stateless":     func() lint.CertificateLintInterface { return &fakeLint{} },
		"not a pointer": func() lint.CertificateLintInterface { return fakeLint{} },
		"stateful":      func() lint.CertificateLintInterface { return &statefulLint{} },
		"configurable":  func() lint.CertificateLintInterface { return &configurableLint{} },
	} {
		fake := newFake(instance)
		for range 2 {
			if got := fake.status(certificate); got != lint.Error {
				t.Errorf("%s: the lint finds %s", name, got)
			}
		}
		if name != "stateless" && fake.instance != nil {
			t.Errorf("%s: the instance is kept", name)
		}
	}
}
