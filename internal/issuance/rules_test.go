package issuance_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

func changed(tb testing.TB, edit func(*notary.Rules)) *notary.Profile {
	tb.Helper()
	p := profile(tb, "")
	p.Name, p.Builtin = "mine", false
	edit(&p.Rules)
	if err := issuance.CheckRules(&p.Rules); err != nil {
		tb.Fatal(err)
	}
	return p
}

func onlyListed(entries ...string) notary.NameRule {
	return notary.NameRule{Allow: notary.AllowListed, Listed: entries}
}

// signedWithSHA1 returns a request marked as signed with SHA-1, which only profiles look at.
func signedWithSHA1(t *testing.T) *pki.CSR {
	t.Helper()
	csr := *leafCSR(t, "a.example.com")
	request := *csr.CertificateRequest
	request.SignatureAlgorithm = x509.ECDSAWithSHA1
	csr.CertificateRequest = &request
	return &csr
}

func TestRules(t *testing.T) {
	t.Parallel()
	names := func(names ...string) *pki.CSR { return leafCSR(t, names...) }
	withKey := func(alg notary.KeyAlgorithm) *pki.CSR { return newCSR(t, leafKey(alg), title("Jane Doe")) }
	called := func(name string, names ...string) *pki.CSR {
		return newCSR(t, leafKey(notary.ECDSAP256), title(name), append(names, "10.0.0.1")...)
	}
	withSubject := func(subject pkix.Name) *pki.CSR {
		return newCSR(t, leafKey(notary.ECDSAP256), subject, "a.example.com")
	}
	tests := []struct {
		rule    string
		edit    func(*notary.Rules)
		allowed []*pki.CSR
		refused []*pki.CSR
		words   string
	}{
		{"key", func(r *notary.Rules) { r.Keys.Allowed = []notary.KeyKind{notary.KindP384, notary.KindEd25519} },
			[]*pki.CSR{withKey(notary.ECDSAP384), withKey(notary.Ed25519)},
			[]*pki.CSR{withKey(notary.ECDSAP256), withKey(notary.RSA2048)}, "one of ecdsa-p384, ed25519"},
		{"key", func(r *notary.Rules) { r.Keys.MinRSABits = 3072 },
			[]*pki.CSR{withKey(notary.ECDSAP256)}, []*pki.CSR{withKey(notary.RSA2048)},
			"at least 3072 bits, but this one has 2048"},
		{"subject", func(r *notary.Rules) {
			r.Subject.Attributes = []notary.AttributeRule{{Type: "organizational_unit_name", Action: notary.Refuse}}
		}, []*pki.CSR{withSubject(pkix.Name{Organization: []string{"O"}})},
			[]*pki.CSR{withSubject(pkix.Name{OrganizationalUnit: []string{"U"}})}, "organizational_unit_name"},
		{"subject", func(r *notary.Rules) {
			r.Subject = notary.SubjectRules{Others: notary.Refuse, Attributes: []notary.AttributeRule{{Type: "2.5.4.3",
				Action: notary.Keep}}}
		}, []*pki.CSR{withSubject(title("a")), withSubject(pkix.Name{})},
			[]*pki.CSR{withSubject(pkix.Name{Country: []string{"SE"}})}, "country_name"},
		{"names", func(r *notary.Rules) { r.Names.Required = true },
			[]*pki.CSR{names("a.example.com"), names("10.0.0.1")}, []*pki.CSR{withKey(notary.ECDSAP256)}, "at least one"},
		{"dns_names", func(r *notary.Rules) { r.Names.DNS = onlyListed("example.com", ".example.org") },
			[]*pki.CSR{names("example.com"), names("a.b.example.com", "*.example.com", "*.example.org", "x.example.org"),
				names("10.0.0.1")},
			[]*pki.CSR{names("example.org"), names("badexample.com"), names("a.example.com", "a.example.net"),
				names("*.example.net")}, "example.com, .example.org"},
		{"dns_names", func(r *notary.Rules) { r.Names.DNS.Allow, r.Names.Wildcards = notary.AllowNone, false },
			[]*pki.CSR{names("10.0.0.1")}, []*pki.CSR{names("example.com"),
				newCSR(t, leafKey(notary.ECDSAP256), title("example.com"))}, "not allow any DNS name"},
		{"wildcards", func(r *notary.Rules) { r.Names.Wildcards = false },
			[]*pki.CSR{names("a.example.com")}, []*pki.CSR{names("*.example.com")}, "*.example.com"},
		{"ip_addresses", func(r *notary.Rules) { r.Names.IP = onlyListed("10.0.0.0/8", "2001:db8::/32", "192.0.2.7") },
			[]*pki.CSR{names("10.255.0.1", "2001:db8::1", "192.0.2.7"), names("::ffff:10.0.0.1")},
			[]*pki.CSR{names("11.0.0.1"), names("192.0.2.8"), names("2001:db9::1"), names("::ffff:11.0.0.1"), names("::a00:1")},
			"IP address"},
		{"email_addresses", func(r *notary.Rules) {
			r.Names.Email = onlyListed("example.com", ".example.org",
				"me@example.net")
		},
			[]*pki.CSR{names("a@example.com", "A@EXAMPLE.com", "a@b.example.org", "me@EXAMPLE.net")},
			[]*pki.CSR{names("a@b.example.com"), names("a@example.org"), names("you@example.net"), names("ME@example.net"),
				names("a@badexample.com")}, "email address"},
		{"uris", func(r *notary.Rules) {
			r.Names.URI = onlyListed("example.com", ".example.org", "spiffe://example.net/web", "https://example.net/a/")
		},
			[]*pki.CSR{names("https://example.com/x", "ftp://EXAMPLE.com:21/", "x://a.example.org/"),
				names("spiffe://example.net/web", "spiffe://example.net/web/7"), names("https://example.net/a/b")},
			[]*pki.CSR{names("https://a.example.com/"), names("x://example.org/"), names("spiffe://example.net/website"),
				names("spiffe://example.net/"),
				names("spiffe://example.net.evil.com/web"), names("https://example.net/web"),
				names("spiffe://example.net/web/../admin"),
				names("spiffe://example.net/web/%2e%2E/admin"), names("https://me@example.com/"), names("https://example.net/a"),
				names("https://example.net/a/..%2Fadmin"), names("https://example.net/a/%2e%2e%2fadmin"),
				names("https://example.net/a/..%5Cadmin"),
				names("https://example.net/a/%252e%252e/admin"), names("https://example.net/a/..;x/admin"),
				names("spiffe://example.net/web%2Fx"),
				names("https://example.net/a/%40x"), names("https://example.net/a/%00"), names("https://evil.com;.example.org/"),
				names("https://example.com%25/"), names("https://@example.com/")}, "URI"},
		{"common_name", func(r *notary.Rules) { r.Names.DNS = onlyListed("example.com") },
			[]*pki.CSR{called("a.example.com."), called("A.Example.COM"), called("Jane Doe"), called("nas01"),
				called("Version 1.2"),
				called("a_b.example.com")},
			[]*pki.CSR{called("evil.com."), called("exаmple.com"), called("ｅvil.com"), called("evil。com"),
				called("a_b.evil.com"),
				called(" evil.com"), called("münchen.evil.com")}, "(from the common name)"},
		{"common_name", func(r *notary.Rules) { r.Names.IP = onlyListed("10.0.0.0/8", "fe80::/64") },
			[]*pki.CSR{called("fe80::1%eth0"), called("10.0.0.1")}, []*pki.CSR{called("fe81::1%eth0"), called("[2001:db8::1]")},
			"(from the common name)"},
		{"uris", func(r *notary.Rules) {
			r.Names.URI = onlyListed("urn:example:", "tag:example.com,2026:a", "example.com")
		},
			[]*pki.CSR{names("urn:example:pump:1", "tag:example.com,2026:a"), names("https://example.com/")},
			[]*pki.CSR{names("urn:other:pump"), names("urn:example"), names("tag:example.com,2026:ab"),
				names("sip:example.com")}, "URI"},
		{"underscores", func(*notary.Rules) {}, []*pki.CSR{names("a.example.com")}, []*pki.CSR{names("a_b.example.com")},
			"a_b.example.com"},
		{"underscores", func(r *notary.Rules) { r.Names.Underscores = true }, []*pki.CSR{names("_a._tcp.example.com")}, nil,
			""},
		{"user_principal_names", func(r *notary.Rules) {
			r.Names.UPN = onlyListed("corp.example", ".ad.example",
				"me@example.net")
		},
			[]*pki.CSR{names("a.example.com", "upn:a@corp.example", "upn:A@CORP.example", "upn:b@x.ad.example",
				"upn:me@example.net")},
			[]*pki.CSR{names("a.example.com", "upn:a@x.corp.example"), names("a.example.com", "upn:a@ad.example"),
				names("a.example.com", "upn:you@example.net")},
			"user principal name"},
		{"max_names", func(r *notary.Rules) { r.Names.Max = 2 },
			[]*pki.CSR{names("a.example.com", "10.0.0.1")}, []*pki.CSR{names("a.example.com", "b.example.com", "10.0.0.1")},
			"at most 2 names"},
		{"request_signature", func(*notary.Rules) {}, []*pki.CSR{names("a.example.com")}, []*pki.CSR{signedWithSHA1(t)},
			"signed with SHA-1"},
		{"request_signature", func(r *notary.Rules) { r.SHA1Requests = true }, []*pki.CSR{signedWithSHA1(t)}, nil, ""},
	}
	for _, test := range tests {
		p := changed(t, test.edit)
		issuer := newRoot(t, notary.ECDSAP256, -1)
		for _, csr := range test.allowed {
			if _, err := issuance.Leaf(issuer, p, csr, terms); err != nil {
				t.Errorf("%s, %q %s: %v", test.rule, csr.Subject, csr.Names, err)
			}
			if trial := try(t, nil, p, csr); !trial.OK() {
				t.Errorf("%s, %q %s: the verdict is %q", test.rule, csr.Subject, csr.Names, trial.Reason())
			}
		}
		for _, csr := range test.refused {
			_, err := issuance.Leaf(issuer, p, csr, terms)
			if notary.KindOf(err) != notary.Unprocessable || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s, %q %s: got error %v, want one with %q", test.rule, csr.Subject, csr.Names, err, test.words)
				continue
			}
			for _, verdict := range try(t, nil, p, csr).Verdicts {
				if verdict.OK == (verdict.Rule == test.rule) || verdict.OK != (verdict.Reason == "") {
					t.Errorf("%q %s: the verdict of %s is %t: %q", csr.Subject, csr.Names, verdict.Rule, verdict.OK, verdict.Reason)
				}
			}
		}
	}
}

func try(tb testing.TB, issuer *issuance.Issuer, p *notary.Profile, csr *pki.CSR) *notary.Trial {
	tb.Helper()
	trial, err := issuance.Try(issuer, p, csr, terms)
	if err != nil {
		tb.Fatal(err)
	}
	return trial
}

// A dry run gives the same verdicts as issuing, for every step.
func TestTry(t *testing.T) {
	t.Parallel()
	constrained := outside(t, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.com"}, true
	})
	signer := &countingSigner{Signer: constrained.Signer}
	constrained.Signer = signer
	verdicts := func(p *notary.Profile, csr *pki.CSR, at time.Time) (failing []string) {
		t.Helper()
		trial, err := issuance.Try(&constrained, p, csr, issuance.Terms{Now: at})
		if err != nil {
			t.Fatal(err)
		}
		for _, verdict := range trial.Verdicts {
			if !verdict.OK {
				failing = append(failing, verdict.Rule)
			}
		}
		return failing
	}
	email := onlyListed("example.com")
	strict := changed(t, func(r *notary.Rules) { r.Names.Email, r.LintWarnings = email, notary.RefuseWarnings })
	longGivenName := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 42},
		Value: strings.Repeat("a", 70)}}}
	for name, test := range map[string]struct {
		csr  *pki.CSR
		at   time.Time
		want []string
	}{
		"everything holds": {leafCSR(t, "a.example.com"), now, nil},
		"constraints":      {leafCSR(t, "a.example.net"), now, []string{"constraints"}},
		"profile and constraint": {leafCSR(t, "a.example.net", "me@example.net"), now,
			[]string{"email_addresses", "constraints"}},
		"a warning": {newCSR(t, leafKey(notary.ECDSAP256), longGivenName, "a.example.com"), now, []string{"lint"}},
		"an expired authority": {leafCSR(t, "a.example.com"), now.AddDate(2, 0, 0),
			[]string{"authority", "certificate", "constraints"}},
	} {
		if diff := cmp.Diff(test.want, verdicts(strict, test.csr, test.at)); diff != "" {
			t.Errorf("%s: what does not hold (-want +got):\n%s", name, diff)
		}
	}
	if signer.calls > 0 {
		t.Errorf("%d signatures were made", signer.calls)
	}
	if trial := try(t, &constrained, intermediate(), newCSR(t, newKey(t), title("Authority Below"))); !trial.OK() {
		t.Errorf("for an authority: %s", trial.Reason())
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	name := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 42},
		Value: strings.Repeat("a", 70)}}}
	csr := newCSR(t, leafKey(notary.ECDSAP256), name, "a.example.com")
	issued, err := issuance.Leaf(issuer, profile(t, ""), csr, terms)
	if err != nil {
		t.Fatal(err)
	}
	want := []notary.Finding{{Lint: "w_subject_given_name_recommended_max_length", Level: notary.FindingWarning,
		Description: "X.411 (1988) describes ub-common-name-length to be 64 bytes long. As systems may have targeted this length, for compatibility purposes it may be prudent to limit given names to this length.",
		Citation:    "ITU-T Rec. X.411 (11/1988), Annex B Reference Definition of MTS Parameter Upper Bounds"}}
	if diff := cmp.Diff(want, issued.Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	_, err = issuance.Leaf(issuer, changed(t, func(r *notary.Rules) { r.LintWarnings = notary.RefuseWarnings }), csr,
		terms)
	wantError(t, err, notary.Unprocessable, "w_subject_given_name_recommended_max_length", "the profile refuses",
		"in a new request")
}

func TestRangesAreOfOneFamily(t *testing.T) {
	t.Parallel()
	for entry, sound := range map[string]bool{"10.0.0.0/8": true, "10.0.0.7": true, "2001:db8::/32": true, "::/0": true,
		"10.0.0.1/8":          false,
		"::ffff:10.0.0.0/104": false, "::ffff:10.0.0.1": false, "10.0.0.0/33": false, "fe80::1%eth0": false, "10.0.0": false,
		"": false} {
		rules := profile(t, "").Rules
		rules.Names.IP = onlyListed(entry)
		if err := issuance.CheckRules(&rules); (err == nil) != sound {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if !netip.MustParsePrefix("::/0").Contains(netip.MustParseAddr("::1")) {
		t.Fatal("the test itself is wrong")
	}
	p := changed(t, func(r *notary.Rules) { r.Names.IP = onlyListed("::/0") })
	_, err := issuance.Leaf(newRoot(t, notary.ECDSAP256, -1), p, leafCSR(t, "10.0.0.1"), terms)
	wantError(t, err, notary.Unprocessable, "10.0.0.1")
}
