package ca_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func issuanceOf(t *testing.T, w *testkit.World, id int64) notary.Issuance {
	t.Helper()
	return request(t, w, id).Certificate.Issuance()
}

func signedAs(t *testing.T, w *testkit.World, authorityID int64, profile string) int64 {
	t.Helper()
	id := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authorityID, Profile: profile}))
	return id
}

// A renewal without an authority or profile uses the former ones, even after the request was revoked and reopened or
// lost its certificate.
func TestRenewalKeepsAuthorityAndProfile(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	plain := func(id int64) error { return w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}) }
	for name, prepare := range map[string]func(id int64){
		"of an active request": func(int64) {},
		"after a reopening": func(id int64) {
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
			testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
		},
		"after a removal": func(id int64) { testkit.Check(t, w.CA.RemoveCertificate(t.Context(), w.Admin(), id)) },
	} {
		id := signedAs(t, w, two, "client")
		prepare(id)
		testkit.Check(t, plain(id))
		if got := issuanceOf(t, w, id); got != (notary.Issuance{AuthorityID: two, Profile: "client"}) {
			t.Errorf("%s: renewed as %+v", name, got)
		}
	}

	// Given values take precedence.
	id := signedAs(t, w, two, "client")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: one}))
	if got := issuanceOf(t, w, id); got != (notary.Issuance{AuthorityID: one, Profile: "client"}) {
		t.Errorf("with another authority: %+v", got)
	}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{Profile: "server"}))
	if got := issuanceOf(t, w, id); got != (notary.Issuance{AuthorityID: one, Profile: "server"}) {
		t.Errorf("with another profile: %+v", got)
	}

	first := w.Request(t, w.Admin())
	err := plain(first)
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "certificate_authority_id")
	testkit.Check(t, sign(t, w, first, one))
	if got := issuanceOf(t, w, first); got.Profile != notary.DefaultProfile {
		t.Errorf("the first one: %+v", got)
	}
}

// In a bulk signature each request keeps its own authority and profile, or fails if they no longer exist.
func TestBulkRenewalKeepsAuthorityAndProfile(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two, disabled := w.Root(t, notary.ECDSAP256), w.Root(t, notary.Ed25519), w.Root(t, notary.ECDSAP256)
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		NotAfter: w.Clock.Now().Add(time.Hour)})

	gone := newProfile(t, w, "gone", func(*notary.Rules) {})
	want := map[int64]notary.Issuance{
		signedAs(t, w, one, "server"): {AuthorityID: one, Profile: "server"},
		signedAs(t, w, two, "client"): {AuthorityID: two, Profile: "client"},
	}
	refused := map[int64]string{
		signedAs(t, w, disabled, "server"): "disabled",
		signedAs(t, w, short, "server"):    "expired",
		signedAs(t, w, one, "gone"):        "was deleted",
	}
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.CA.DeleteProfile(t.Context(), w.Admin(), gone))
	w.Clock.Advance(2 * time.Hour)
	fresh := w.Request(t, w.Admin())
	refused[fresh] = "certificate_authority_id is missing"
	before := map[int64]int64{}
	var ids []int64
	for id := range want {
		ids = append(ids, id)
	}
	for id := range refused {
		ids = append(ids, id)
		if c := request(t, w, id).Certificate; c != nil {
			before[id] = c.ID
		}
	}
	errs := map[int64]error{}
	signMany := func(o ca.SignOptions) {
		testkit.Check(t, w.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: ids}, o, func(o ca.Outcome) error {
			errs[o.ID] = o.Err
			return nil
		}))
	}
	plan, _, err := w.CA.SignPlan(t.Context(), w.Admin(), ca.Many{IDs: ids}, ca.SignOptions{})
	testkit.Check(t, err)
	signMany(ca.SignOptions{})
	for id, issuance := range want {
		testkit.Check(t, errs[id])
		if got := issuanceOf(t, w, id); got != issuance {
			t.Errorf("request %d was renewed as %+v, want %+v", id, got, issuance)
		}
	}
	for id, text := range refused {
		if errs[id] == nil {
			t.Errorf("request %d was signed, want %q", id, text)
			continue
		}
		testkit.WantText(t, errs[id], text)
		if c := request(t, w, id).Certificate; c != nil && c.ID != before[id] {
			t.Errorf("request %d has another certificate", id)
		}
	}
	planned, total := 0, int64(0)
	for _, g := range plan {
		if total += g.Count; g.Refusal == "" {
			planned++
		}
	}
	if planned != 2 || total != int64(len(ids)) {
		t.Errorf("the plan has %d groups that are signed, and %d requests: %+v", planned, total, plan)
	}

	// The authority given for the new request does not apply to the others.
	signMany(ca.SignOptions{AuthorityID: one, KeepFormer: true})
	testkit.Check(t, errs[fresh])
	for id, issuance := range want {
		if got := issuanceOf(t, w, id); got != issuance {
			t.Errorf("request %d was renewed as %+v, want %+v", id, got, issuance)
		}
	}
}

func TestSignPlan(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	for range 3 {
		signedAs(t, w, two, "client")
	}
	for range 2 {
		w.Request(t, w.Admin())
	}
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), w.Request(t, w.Admin()), ""))
	former := notary.Issuance{AuthorityID: two, Profile: "client"}
	m := ca.Many{Filter: &notary.Filter{Search: ca.SearchWords("example")}}
	got, _, err := w.CA.SignPlan(t.Context(), w.Admin(), m, ca.SignOptions{AuthorityID: one})
	testkit.Check(t, err)
	want := []ca.SignGroup{
		{Count: 3, Issuance: notary.Issuance{AuthorityID: one, Profile: "client"}, Former: former, Renewal: true},
		{Count: 2, Issuance: notary.Issuance{AuthorityID: one, Profile: notary.DefaultProfile}},
		{Count: 1, Refusal: "this request is Rejected: reopen it first"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	got, _, err = w.CA.SignPlan(t.Context(), w.Admin(), m, ca.SignOptions{AuthorityID: one, KeepFormer: true})
	testkit.Check(t, err)
	if got[0].Issuance != former {
		t.Errorf("the renewals are planned as %+v", got[0])
	}
}

// The successor of a former authority is named in the error but not used automatically.
func TestRenewalAfterARollOver(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	sub := w.Intermediate(t, root, notary.ECDSAP256)
	id := signedAs(t, w, sub, "server")
	successor, err := w.CA.RollOver(t.Context(), w.Admin(), sub, ca.RollOverOptions{})
	testkit.Check(t, err)
	err = w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{})
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "disabled", "successor")
	_ = successor
}
