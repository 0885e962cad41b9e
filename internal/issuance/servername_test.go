package issuance_test

import (
	"slices"
	"strings"
	"testing"

	"notary"
	"notary/internal/issuance"
)

const noHost = "w_server_names_no_host"

// A common name that is a host becomes a subject alternative name of a server's certificate.
func TestServerNamesItsHost(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	for _, test := range []struct {
		profile, commonName string
		names               []string
		dns, ip             []string
	}{
		{"", "nas01", nil, []string{"nas01"}, nil},
		{"server", "NPI1A2B3C", nil, []string{"npi1a2b3c"}, nil},
		{"server", "printer.lan", nil, []string{"printer.lan"}, nil},
		{"server", "192.0.2.7", nil, nil, []string{"192.0.2.7"}},
		{"server", "2001:db8::7", nil, nil, []string{"2001:db8::7"}},
		{"server", "nas01", []string{"nas01.example.com"}, []string{"nas01.example.com"}, nil},
		{"server", "Some Title", []string{"a.example.com"}, []string{"a.example.com"}, nil},
		{"server", "nas01", []string{"me@example.com"}, []string{"nas01"}, nil},
		{"client", "alice", nil, nil, nil},
		{"client", "Alice Example", nil, nil, nil},
	} {
		csr := newCSR(t, leafKey(notary.ECDSAP256), title(test.commonName), test.names...)
		issued, err := issuance.Leaf(issuer, profile(t, test.profile), csr, terms)
		if err != nil {
			t.Errorf("%s by %q: %v", test.commonName, test.profile, err)
			continue
		}
		var ips []string
		for _, ip := range issued.Certificate.IPAddresses {
			ips = append(ips, ip.String())
		}
		if !slices.Equal(issued.Certificate.DNSNames, test.dns) || !slices.Equal(ips, test.ip) || hasNoHost(issued.Findings) {
			t.Errorf("%s by %q has the names %q and %q and the findings %v", test.commonName, test.profile,
				issued.Certificate.DNSNames, ips, issued.Findings)
		}
		if len(csr.Names.DNS) > 0 && csr.CommonName == "nas01" && slices.Contains(csr.Names.DNS, "nas01") {
			t.Error("the request was changed")
		}
	}
}

func hasNoHost(findings []notary.Finding) bool {
	return slices.ContainsFunc(findings, func(f notary.Finding) bool { return f.Lint == noHost })
}

func TestServerWithoutHost(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	for _, test := range []struct {
		commonName string
		byDefault  string // error of the default profile; "" if it only reports
		server     string // error of the profile server
	}{
		{"dot.example.com.", "remove the dot", "remove the dot"},
		{"my_host.example.com", "choose a profile with names.underscores", "choose a profile with names.underscores"},
		{"müller.example", "xn--mller-kva.example", "xn--mller-kva.example"},
		{"fe80::1%eth0", "remove the zone", "remove the zone"},
		{"аpple.com", "A-labels", "A-labels"}, // the first letter is Cyrillic
		{"müller", "", "xn--mller-kva"},
		{"Jane Doe", "", `the common name "Jane Doe" is not a host name`},
		{"", "", "no common name"},
	} {
		subject := title(test.commonName)
		if test.commonName == "" {
			subject.Organization = []string{"Example"}
		}
		names := []string{"me@example.com"}
		for name, want := range map[string]string{"": test.byDefault, "server": test.server} {
			csr := newCSR(t, leafKey(notary.ECDSAP256), subject, names...)
			issued, err := issuance.Leaf(issuer, profile(t, name), csr, terms)
			switch {
			case want == "" && (err != nil || !hasNoHost(issued.Findings)):
				t.Errorf("%q by %q is not reported: %v", test.commonName, name, err)
			case want != "" && (notary.KindOf(err) != notary.Unprocessable || !strings.Contains(err.Error(), want)):
				t.Errorf("%q by %q: %v, want %q", test.commonName, name, err, want)
			}
		}
	}
}

func TestNoHostSetting(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	csr := newCSR(t, leafKey(notary.ECDSAP256), title("my_host.example.com"))
	person := newCSR(t, leafKey(notary.ECDSAP256), title("Jane Doe"))
	report := changed(t, func(r *notary.Rules) { r.Names.NoHost = notary.ReportNoHost })
	issued, err := issuance.Leaf(issuer, report, csr, terms)
	if err != nil || !hasNoHost(issued.Findings) {
		t.Errorf("not reported: %v", err)
	}
	if !hasNoHost(try(t, nil, report, csr).Findings) {
		t.Error("not reported before it is issued")
	}
	for name, edit := range map[string]func(*notary.Rules){
		"refuse":          func(r *notary.Rules) { r.Names.NoHost = notary.RefuseNoHost },
		"refuse warnings": func(r *notary.Rules) { r.LintWarnings = notary.RefuseWarnings },
	} {
		_, err = issuance.Leaf(issuer, changed(t, edit), person, terms)
		if notary.KindOf(err) != notary.Unprocessable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for field, edit := range map[string]func(*notary.Rules){
		"names.no_host":         func(r *notary.Rules) { r.Names.NoHost = "ignore" },
		"keys.min_rsa_exponent": func(r *notary.Rules) { r.Keys.MinRSAExponent = 2 },
	} {
		rules := profile(t, "").Rules
		edit(&rules)
		wantField(t, issuance.CheckRules(&rules), field)
	}
	client := profile(t, "client").Rules
	client.Names.NoHost = notary.RefuseNoHost
	wantField(t, issuance.CheckRules(&client), "names.no_host")
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := err.(*notary.Error)
	if !ok || e.Field != field {
		t.Errorf("got error %v, want one of the field %s", err, field)
	}
}

// Name constraints of the issuer apply to a common name that people may take for a host, and to the host of a URI
// as every program sees it.
func TestLookalikesAreConstrained(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	limits := issuance.Terms{Now: now, Constraints: notary.NameConstraints{
		Permitted: notary.Subtrees{DNS: []string{"example.com"}, URI: []string{".example.com"}},
		Excluded:  notary.Subtrees{IP: []string{"fe80::/16"}}}}
	root, err := issuance.Root(key, newCSR(t, key, title("Constrained Root")), -1, limits)
	if err != nil {
		t.Fatal(err)
	}
	issuer := issuance.Issuer{Certificate: root.Certificate, Signer: key}
	client := profile(t, "client")
	for _, test := range []struct {
		commonName, name string
		allowed          bool
	}{
		{"Jane Doe", "a.example.com", true},
		{"a.example.com.", "a.example.com", true},
		{"Jane Doe", "https://a.example.com:8443/x", true},
		{"evil.com.", "a.example.com", false},
		{"exаmple.com", "a.example.com", false}, // with a Cyrillic letter
		{"a_b.evil.com", "a.example.com", false},
		{"evil。com", "a.example.com", false},
		{"fe80::1%eth0", "a.example.com", false},
		{"Jane Doe", "https://evil.com;.example.com/", false},
		{"Jane Doe", "https://evil.com%25.example.com/", false},
	} {
		csr := newCSR(t, leafKey(notary.ECDSAP256), title(test.commonName), test.name)
		_, err := issuance.Leaf(issuer, client, csr, terms)
		switch {
		case test.allowed && err != nil:
			t.Errorf("%q, %q: %v", test.commonName, test.name, err)
		case !test.allowed && (notary.KindOf(err) != notary.Unprocessable ||
			!strings.Contains(err.Error(), "name constraints")):
			t.Errorf("%q, %q: %v, want a refusal by the name constraints", test.commonName, test.name, err)
		}
	}
}
