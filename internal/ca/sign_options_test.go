package ca_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func submit(t testing.TB, w *testkit.World, template x509.CertificateRequest) int64 {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, testkit.Key(t, notary.ECDSAP256))
	testkit.Check(t, err)
	id, err := w.CA.Submit(t.Context(), w.Admin(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST",
		Bytes: der})))
	testkit.Check(t, err)
	return id
}

// caRequest requests a CA certificate, like FortiGate and AD CS.
func caRequest() x509.CertificateRequest {
	return x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "Inspection CA", Organization: []string{"Example"}},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 3, 1, 1, 0xff}},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 1, 6}},
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 21, 1}, Value: []byte{2, 1, 0}},
		},
	}
}

func findingNames(list []notary.Finding) (names []string) {
	for _, f := range list {
		if strings.HasPrefix(f.Lint, "csr_") {
			names = append(names, f.Lint)
		}
	}
	return names
}

func wantFindings(t testing.TB, what string, got []notary.Finding, want ...string) {
	t.Helper()
	if names := findingNames(got); !slices.Equal(names, want) {
		t.Errorf("%s: findings %q, want %q", what, names, want)
	}
}

// A request for a CA certificate gets an end-entity certificate under an end-entity profile, with a finding.
func TestUnfulfilledRequestIsAFinding(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := submit(t, w, caRequest())
	wantFindings(t, "the request", request(t, w, id).Notable(), "csr_ca", "csr_extension")
	testkit.Check(t, sign(t, w, id, root))
	req := request(t, w, id)
	wantFindings(t, "the signed request", req.Notable(), "csr_ca", "csr_extension")
	cert, err := w.CA.Certificate(t.Context(), w.Admin(), req.Certificate.ID)
	testkit.Check(t, err)
	wantFindings(t, "the certificate", cert.Findings, "csr_ca", "csr_extension")
	if parsed(t, cert).IsCA {
		t.Error("the default profile made a CA")
	}

	usages := submit(t, w, x509.CertificateRequest{DNSNames: []string{"a.example.com"}, ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Value: []byte{3, 2, 3,
			0xc8}}, // digitalSignature, nonRepudiation, keyAgreement
		{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3}}, // codeSigning
		{Id: asn1.ObjectIdentifier{2, 5, 29, 14}, Value: []byte{4, 1, 1}},
	}})
	wantFindings(t, "the request for usages", request(t, w, usages).Notable())
	testkit.Check(t, sign(t, w, usages, root))
	found := request(t, w, usages).Notable()
	wantFindings(t, "the signed request for usages", found, "csr_key_usage", "csr_extended_key_usage")
	for i, words := range []string{"contentCommitment, keyAgreement", "codeSigning"} {
		if !strings.Contains(found[i].Description, words) {
			t.Errorf("%q does not name %s", found[i].Description, words)
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var usages []asn1.ObjectIdentifier
	for i := range 2000 {
		usages = append(usages, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, i})
	}
	value, err := asn1.Marshal(usages)
	testkit.Check(t, err)
	long := append(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999}, slices.Repeat([]int{7}, 2000)...)
	id := submit(t, w, x509.CertificateRequest{DNSNames: []string{"a.example.com"}, ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: value}, {Id: long, Value: []byte{5, 0}}}})
	testkit.Check(t, sign(t, w, id, root))
	found := request(t, w, id).Notable()
	wantFindings(t, "the signed request", found, "csr_extended_key_usage", "csr_extension")
	for _, finding := range found {
		if len(finding.Description) > 500 {
			t.Errorf("%s has %d octets: %.200s", finding.Lint, len(finding.Description), finding.Description)
		}
	}
}

// The request of a CA operated elsewhere is signed as a subordinate CA by an explicit call.
func TestSignSubordinateCA(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := submit(t, w, caRequest())
	zero := 0
	options := ca.SignOptions{AuthorityID: root, Profile: notary.IntermediateProfile, PathLen: &zero,
		Constraints: notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"Example.com"}}}}
	testkit.WantKind(t, w.CA.Sign(t.Context(), w.Caller(notary.CertificateRequestor), id, options), notary.Forbidden)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Caller(notary.CertificateManager), id, options))
	req := request(t, w, id)
	cert := parsed(t, req.Certificate)
	if !cert.IsCA || cert.MaxPathLen != 0 || !cert.MaxPathLenZero ||
		!slices.Equal(cert.PermittedDNSDomains, []string{"example.com"}) ||
		cert.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
		t.Errorf("CA %v, path length %d, permitted %q, key usage %b", cert.IsCA, cert.MaxPathLen, cert.PermittedDNSDomains,
			cert.KeyUsage)
	}
	verify(t, w, req.Certificate)
	wantFindings(t, "the request", req.Notable(), "csr_extension")
	if events := w.Events(t); !strings.Contains(events[len(events)-1].Details(), "path length: 0, profile: intermediate") {
		t.Errorf("the event says %q", events[len(events)-1].Details())
	}
	_, err := w.CA.RevokeRequest(t.Context(), w.Admin(), id, ca.RevokeOptions{Reason: notary.CACompromise})
	testkit.Check(t, err)
	if listed(fetchCRL(t, w, root), req.Certificate.Serial) == nil {
		t.Error("the CRL does not list the subordinate CA")
	}
}

// A CSR does not set the path length of its certificate; if it requests another one, that is a finding.
func TestPathLengthOfACSRIsAFinding(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	zero, one := 0, 1
	for _, c := range []struct {
		given *int
		want  []string
		words string
	}{{nil, []string{"csr_path_length", "csr_extension"}, "no limit"},
		{&one, []string{"csr_path_length", "csr_extension"}, "has 1"},
		{&zero, []string{"csr_extension"}, ""}} {
		template := caRequest()
		template.ExtraExtensions[0].Value = []byte{0x30, 6, 1, 1, 0xff, 2, 1, 0}
		id := submit(t, w, template)
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root,
			Profile: notary.IntermediateProfile, PathLen: c.given}))
		found := request(t, w, id).Notable()
		wantFindings(t, "the request", found, c.want...)
		if !strings.Contains(found[0].Description, c.words) {
			t.Errorf("%q does not say %q", found[0].Description, c.words)
		}
	}
}

func TestSignSubordinateCAErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := submit(t, w, caRequest())
	zero, tooLong := 0, 99
	domain := notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"example.com"}}}
	for _, test := range []struct {
		options ca.SignOptions
		kind    notary.Kind
		field   string
	}{
		{ca.SignOptions{PathLen: &zero}, notary.Unprocessable, "path_length"},
		{ca.SignOptions{Constraints: domain}, notary.Unprocessable, "name_constraints"},
		{ca.SignOptions{Profile: notary.IntermediateProfile, PathLen: &tooLong}, notary.Invalid, "path_length"},
		{ca.SignOptions{Profile: notary.IntermediateProfile, Constraints: notary.NameConstraints{
			Permitted: notary.Subtrees{DNS: []string{"*.example.com"}}}}, notary.Invalid, "name_constraints.permitted.dns"},
	} {
		test.options.AuthorityID = root
		err := w.CA.Sign(t.Context(), w.Admin(), id, test.options)
		testkit.WantKind(t, err, test.kind)
		testkit.WantField(t, err, test.field)
	}
	err := w.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}},
		ca.SignOptions{AuthorityID: root, Profile: notary.IntermediateProfile},
		func(ca.Outcome) error { return nil })
	testkit.WantKind(t, err, notary.Unprocessable)
	wantStatus(t, w, id, notary.Outstanding)
}

// The same rules apply to a subject and names that the signer replaces.
func TestSignWithAnotherSubjectAndNames(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "printer")
	id, err := w.CA.Submit(t.Context(), w.Caller(notary.CertificateRequestor), csr)
	testkit.Check(t, err)
	own := ca.SignOptions{AuthorityID: root, Subject: "CN=printer.example.com,O=Example",
		Names: []string{"printer.example.com", "10.0.0.7"}}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, own))
	req := request(t, w, id)
	cert := parsed(t, req.Certificate)
	if cert.Subject.String() != "CN=printer.example.com,O=Example" ||
		req.Certificate.Names.String() != "DNS:printer.example.com IP:10.0.0.7" {
		t.Errorf("subject %s, names %s", cert.Subject, req.Certificate.Names)
	}
	if req.CSR != csr || req.CommonName != "printer" {
		t.Error("the request itself was changed")
	}
	wantFindings(t, "the request", req.Notable(), "csr_subject_replaced", "csr_names_replaced")
	events := w.Events(t)
	if detail := events[len(events)-1].Details(); !strings.Contains(detail, "names: printer.example.com 10.0.0.7") ||
		!strings.Contains(detail, "subject: CN=printer.example.com,O=Example") {
		t.Errorf("the event says %q", detail)
	}

	testkit.Check(t, sign(t, w, id, root)) // a renewal
	renewed := request(t, w, id).Certificate
	if again := parsed(t, renewed); renewed.ID == req.Certificate.ID || again.Subject.String() != cert.Subject.String() ||
		renewed.Names.String() != req.Certificate.Names.String() {
		t.Errorf("the renewal has the subject %s and the names %s", again.Subject, renewed.Names)
	}

	newProfile(t, w, "inside", func(r *notary.Rules) {
		r.Names.DNS = notary.NameRule{Allow: notary.AllowListed, Listed: []string{"example.com"}}
	})
	own.Profile, own.Names = "inside", []string{"evil.example.net"}
	testkit.WantKind(t, w.CA.Sign(t.Context(), w.Admin(), id, own), notary.Unprocessable)
	own.Names = []string{"a b"}
	testkit.WantField(t, w.CA.Sign(t.Context(), w.Admin(), id, own), "names")
	own.Names, own.Subject = nil, "printer"
	testkit.WantField(t, w.CA.Sign(t.Context(), w.Admin(), id, own), "subject")
	for _, many := range []ca.SignOptions{{AuthorityID: root, Subject: "CN=a"},
		{AuthorityID: root, Names: []string{"a.example.com"}}} {
		err := w.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}}, many, func(ca.Outcome) error { return nil })
		testkit.WantKind(t, err, notary.Invalid)
	}
}

// A renewal that replaces only the subject or only the names keeps the other replacement.
func TestRenewalReplacesOneOfSubjectAndNames(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := submit(t, w, x509.CertificateRequest{Subject: pkix.Name{CommonName: "Printer"},
		DNSNames: []string{"a.example.com", "evil.example.net"}})
	check := func(o ca.SignOptions, subject, names string) {
		t.Helper()
		o.AuthorityID = root
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, o))
		cert := request(t, w, id).Certificate
		if got := parsed(t, cert).Subject.String(); got != subject || cert.Names.String() != names {
			t.Errorf("subject %s, names %s", got, cert.Names)
		}
	}
	check(ca.SignOptions{Names: []string{"a.example.com"}}, "CN=Printer", "DNS:a.example.com")
	check(ca.SignOptions{Subject: "CN=Printer 2"}, "CN=Printer 2", "DNS:a.example.com")
	check(ca.SignOptions{Names: []string{"b.example.com"}}, "CN=Printer 2", "DNS:b.example.com")

	id = submit(t, w, x509.CertificateRequest{Subject: pkix.Name{CommonName: "Scanner"},
		DNSNames: []string{"a.example.com"}})
	check(ca.SignOptions{Subject: "CN=b.example.com"}, "CN=b.example.com", "DNS:a.example.com DNS:b.example.com")
	check(ca.SignOptions{}, "CN=b.example.com", "DNS:a.example.com DNS:b.example.com")
	check(ca.SignOptions{Subject: "CN=c.example.com"}, "CN=c.example.com", "DNS:a.example.com DNS:c.example.com")
}

func TestProfilesForUnusualRequests(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var many []string
	for i := range 101 {
		many = append(many, string(rune('a'+i/26))+string(rune('a'+i%26))+".example.com")
	}
	for name, test := range map[string]struct {
		commonName string
		names      []string
		words      string
		allow      func(*notary.Rules)
	}{
		"underscores": {"A host", []string{"host_1.example.com"}, "underscores",
			func(r *notary.Rules) { r.Names.Underscores = true }},
		"upn": {"Jane Doe", []string{"dc1.corp.example", "upn:jane@corp.example"}, "user principal name",
			func(r *notary.Rules) {
				r.Names.UPN = notary.NameRule{Allow: notary.AllowListed, Listed: []string{"corp.example"}}
			}},
		"many": {"Many hosts", many, "at most 100 names", func(r *notary.Rules) { r.Names.Max = 200 }},
	} {
		names, err := pki.ParseNames(test.names)
		testkit.Check(t, err)
		csr, err := pki.NewCSR(testkit.Key(t, notary.ECDSAP256), pkix.Name{CommonName: test.commonName}, names)
		testkit.Check(t, err)
		id, err := w.CA.Submit(t.Context(), w.Admin(), csr.PEM)
		testkit.Check(t, err)
		err = sign(t, w, id, root)
		testkit.WantKind(t, err, notary.Unprocessable)
		testkit.WantText(t, err, test.words)
		newProfile(t, w, name, test.allow)
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: name}))
		cert := parsed(t, request(t, w, id).Certificate)
		if got := pki.CertificateNames(cert); got.String() != names.String() {
			t.Errorf("%s: the certificate has the names %s, want %s", name, got, names)
		}
	}
}
