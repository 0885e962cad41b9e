package ca_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/testkit"
)

func rulesOf(t testing.TB, name string, edit func(*notary.Rules)) notary.Rules {
	t.Helper()
	for _, p := range issuance.Builtins() {
		if p.Name == name {
			if edit != nil {
				edit(&p.Rules)
			}
			return p.Rules
		}
	}
	t.Fatalf("there is no built-in profile %s", name)
	return notary.Rules{}
}

func newProfile(t testing.TB, w *testkit.World, name string, edit func(*notary.Rules)) int64 {
	t.Helper()
	id, err := w.CA.CreateProfile(t.Context(), w.Admin(), name, rulesOf(t, "server", edit))
	testkit.Check(t, err)
	return id
}

func profileByName(t testing.TB, w *testkit.World, name string) *notary.Profile {
	t.Helper()
	all, err := w.CA.Profiles(t.Context(), w.Admin())
	testkit.Check(t, err)
	for _, p := range all {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no profile %s", name)
	return nil
}

func TestBuiltinProfilesAreRecorded(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	server := profileByName(t, w, "server")
	_, err := w.CA.UpdateProfile(t.Context(), w.Admin(), server.ID, 0,
		rulesOf(t, "server", func(r *notary.Rules) { r.Description = "ours" }))
	testkit.Check(t, err)
	before, err := w.CA.Profiles(t.Context(), w.Admin())
	testkit.Check(t, err)
	if len(before) != len(issuance.Builtins()) {
		t.Errorf("there are %d profiles", len(before))
	}
	w.Reopen(t)
	after, err := w.CA.Profiles(t.Context(), w.Admin())
	testkit.Check(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
}

// A certificate records the version of its profile, which can always be read.
func TestCertificatesRecordTheirProfile(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := newProfile(t, w, "web", func(r *notary.Rules) { r.Validity = 7 * 24 * time.Hour })
	signed := func() *notary.Certificate {
		t.Helper()
		req := w.Request(t, w.Admin())
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), req, ca.SignOptions{AuthorityID: root, Profile: "web"}))
		return request(t, w, req).Certificate
	}
	first := signed()
	version, err := w.CA.UpdateProfile(t.Context(), w.Admin(), id, 1,
		rulesOf(t, "server", func(r *notary.Rules) { r.Validity = 14 * 24 * time.Hour }))
	testkit.Check(t, err)
	second := signed()
	for certificate, want := range map[*notary.Certificate]int{first: 1, second: 2} {
		if certificate.Profile != "web" || certificate.ProfileVersion != want {
			t.Errorf("the profile is %s, version %d, want version %d", certificate.Profile, certificate.ProfileVersion, want)
		}
		p, err := w.CA.Profile(t.Context(), w.Admin(), id, certificate.ProfileVersion)
		testkit.Check(t, err)
		if got := certificate.NotAfter.Sub(certificate.NotBefore) + time.Second; got != p.Validity {
			t.Errorf("version %d: valid for %s, want %s", want, got, p.Validity)
		}
	}
	if version != 2 {
		t.Errorf("the change made version %d", version)
	}
	middle := w.Intermediate(t, root, notary.ECDSAP256)
	if own := authority(t, w, middle).Certificate; own.Profile != notary.IntermediateProfile || own.ProfileVersion != 1 {
		t.Errorf("an authority's profile is %q, version %d", own.Profile, own.ProfileVersion)
	}
}

// Every change to a profile has an event. A change based on an old version is a conflict.
func TestProfilesAreChanged(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin := w.Admin()
	id := newProfile(t, w, "web", nil)
	_, err := w.CA.CreateProfile(t.Context(), admin, "web", rulesOf(t, "client", nil))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "name")
	_, err = w.CA.UpdateProfile(t.Context(), admin, id, 1, rulesOf(t, "client", nil))
	testkit.Check(t, err)
	_, err = w.CA.UpdateProfile(t.Context(), admin, id, 1, rulesOf(t, "server", nil))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "version")
	_, err = w.CA.UpdateProfile(t.Context(), admin, id, 0, rulesOf(t, "server", nil))
	testkit.Check(t, err)
	_, err = w.CA.Profile(t.Context(), admin, id, 4)
	testkit.WantKind(t, err, notary.NotFound)
	testkit.Check(t, w.CA.DeleteProfile(t.Context(), admin, id))
	testkit.WantKind(t, w.CA.DeleteProfile(t.Context(), admin, id), notary.NotFound)
	again := newProfile(t, w, "web", nil)
	if p, err := w.CA.Profile(t.Context(), admin, again, 0); err != nil || p.Version != 4 {
		t.Errorf("made again it is %+v (%v), want version 4", p, err)
	}
	var events []string
	for _, e := range w.Events(t) {
		if strings.HasPrefix(e.Action, "profile.") {
			events = append(events, e.Action+": "+e.Details())
		}
	}
	want := []string{"profile.create: name: web", "profile.update: version: 1 → 2", "profile.update: version: 2 → 3",
		"profile.delete: previous name: web, previous version: 3", "profile.create: name: web"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Built-in profiles cannot be deleted or changed so that the program cannot use them.
func TestBuiltinProfilesCannotBeDeleted(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for _, p := range issuance.Builtins() {
		id := profileByName(t, w, p.Name).ID
		testkit.WantKind(t, w.CA.DeleteProfile(t.Context(), w.Admin(), id), notary.Conflict)
	}
	update := func(name string, rules notary.Rules) error {
		return second(w.CA.UpdateProfile(t.Context(), w.Admin(), profileByName(t, w, name).ID, 0, rules))
	}
	for _, tt := range []struct {
		name, field string
		rules       notary.Rules
	}{
		{"server-client", "ca", rulesOf(t, "intermediate", nil)},
		{"intermediate", "ca", rulesOf(t, "server", nil)},
		{"ocsp", "extended_key_usages", rulesOf(t, "server", nil)},
		{"ocsp", "ocsp_no_check", rulesOf(t, "ocsp", func(r *notary.Rules) { r.OCSPNoCheck = false })},
		{"ocsp", "keys.allowed", rulesOf(t, "ocsp",
			func(r *notary.Rules) { r.Keys.Allowed = []notary.KeyKind{notary.KindRSA} })},
		{"ocsp", "validity", rulesOf(t, "ocsp", func(r *notary.Rules) { r.Validity, r.MaxValidity = 29*24*time.Hour, 0 })},
		{"ocsp", "names.required", rulesOf(t, "ocsp", func(r *notary.Rules) { r.Names.Required = true })},
		{"ocsp", "subject", rulesOf(t, "ocsp", func(r *notary.Rules) { r.Subject.Others = notary.Refuse })},
		{"ocsp", "key_usages", rulesOf(t, "ocsp",
			func(r *notary.Rules) { r.KeyUsages = []notary.KeyUsage{notary.ContentCommitment} })},
	} {
		err := update(tt.name, tt.rules)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, tt.field)
	}
	testkit.Check(t, update("ocsp", rulesOf(t, "ocsp", func(r *notary.Rules) { r.Validity = 24 * time.Hour })))
}

// Authorities require a CA profile, which does not apply to other requests.
func TestCAProfiles(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	_, err := w.CA.CreateProfile(t.Context(), w.Admin(), "short-ca", rulesOf(t, "intermediate", func(r *notary.Rules) {
		r.PathLen, r.Validity = 0, 365*24*time.Hour
	}))
	testkit.Check(t, err)
	id := w.Pending(t)
	testkit.Check(t, w.CA.SignAuthorityBy(t.Context(), w.Admin(), id, root, "short-ca"))
	own := authority(t, w, id).Certificate
	if cert := parsed(t, own); cert.MaxPathLen != 0 || !cert.MaxPathLenZero || own.Profile != "short-ca" {
		t.Errorf("path length %d, profile %q", cert.MaxPathLen, own.Profile)
	}
	for name, kind := range map[string]notary.Kind{"server": notary.Unprocessable, "nothing": notary.Invalid} {
		err := w.CA.SignAuthorityBy(t.Context(), w.Admin(), w.Pending(t), root, name)
		testkit.WantKind(t, err, kind)
		testkit.WantField(t, err, "profile")
	}
	req := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), req, ca.SignOptions{AuthorityID: root, Profile: "short-ca"}))
	if cert := parsed(t, request(t, w, req).Certificate); !cert.IsCA || cert.MaxPathLen != 0 || !cert.MaxPathLenZero {
		t.Errorf("the request has a certificate with CA %t and path length %d", cert.IsCA, cert.MaxPathLen)
	}
}

func TestProfileViolations(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	newProfile(t, w, "intern", func(r *notary.Rules) {
		r.Names.DNS = notary.NameRule{Allow: notary.AllowListed, Listed: []string{"intern.example"}}
		r.MaxValidity = r.Validity
	})
	req := w.Request(t, w.Admin())
	o := ca.SignOptions{AuthorityID: root, Profile: "intern"}
	err := w.CA.Sign(t.Context(), w.Admin(), req, o)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "the profile intern does not allow the DNS name", "intern.example")
	wantStatus(t, w, req, notary.Outstanding)
	o.NotAfter = w.Clock.Now().AddDate(1, 0, 0)
	err = w.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{req}}, o, func(ca.Outcome) error { return nil })
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantField(t, err, "not_valid_after")
}

func TestWarningsAreRecorded(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	newProfile(t, w, "strict", func(r *notary.Rules) { r.LintWarnings = notary.RefuseWarnings })
	csr, err := pki.NewCSR(testkit.Key(t, notary.ECDSAP256), pkix.Name{CommonName: "a.example.com",
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: strings.Repeat("a", 70)}}}, notary.Names{})
	testkit.Check(t, err)
	id, err := w.CA.Submit(t.Context(), w.Admin(), csr.PEM)
	testkit.Check(t, err)
	err = w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: "strict"})
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "w_subject_given_name_recommended_max_length", "X.411", "new request")
	testkit.Check(t, sign(t, w, id, root))
	cert, err := w.CA.Certificate(t.Context(), w.Admin(), request(t, w, id).Certificate.ID)
	testkit.Check(t, err)
	if len(cert.Findings) != 1 || cert.Findings[0].Level != notary.FindingWarning {
		t.Errorf("findings %v", cert.Findings)
	}
}

// A node signs with another node's change before it is notified.
func TestProfileChangedElsewhere(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	newProfile(t, w, "web", nil)
	o := ca.SignOptions{AuthorityID: root, Profile: "web"}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), w.Request(t, w.Admin()), o))
	w.Intermediate(t, root, notary.ECDSAP256)
	for name, rules := range map[string]notary.Rules{"web": rulesOf(t, "client", nil),
		"intermediate": rulesOf(t, "intermediate", nil)} {
		testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error { // without invalidating this node's cache
			return second(tx.UpdateProfile(profileByName(t, w, name), rules))
		}))
	}
	middle := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), middle, root))
	if version := authority(t, w, middle).Certificate.ProfileVersion; version != 2 {
		t.Errorf("the authority is signed by version %d", version)
	}
	req := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), req, o))
	cert := request(t, w, req).Certificate
	if usage := parsed(t, cert).ExtKeyUsage; cert.ProfileVersion != 2 || len(usage) != 1 ||
		usage[0] != x509.ExtKeyUsageClientAuth {
		t.Errorf("version %d, extended key usage %v", cert.ProfileVersion, usage)
	}
}
