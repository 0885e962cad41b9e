package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/testkit"
)

// lastEvent returns the details of the newest event of a request.
func lastEvent(t *testing.T, w *testkit.World, id int64) notary.Fields {
	t.Helper()
	history, err := w.CA.History(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	return history[0].After
}

// What the signer does not choose is as the requester wishes, without a word in the event.
func TestSignAsWished(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	end := w.Clock.Now().AddDate(0, 0, 10).Truncate(time.Second)
	wishes := notary.Wishes{Profile: "client", AuthorityID: root, NotAfter: end}
	id := submitWith(t, w, newRequestor(t, w), ca.Annotation{Wishes: wishes})
	if got := request(t, w, id).Wishes; !cmp.Equal(got, wishes) {
		t.Errorf("recorded as %+v, want %+v", got, wishes)
	}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}))
	cert := request(t, w, id).Certificate
	if cert.Profile != "client" || cert.AuthorityID != root || !cert.NotAfter.Equal(end) {
		t.Errorf("issued by CA %d with profile %s until %s", cert.AuthorityID, cert.Profile, cert.NotAfter)
	}
	for name := range lastEvent(t, w, id) {
		if strings.HasPrefix(name, "requested") {
			t.Errorf("the event has %s", name)
		}
	}
}

// The signer's choice stands, is recorded beside the wish, and is kept by renewals. The wished expiry does not apply to
// these.
func TestSignerOverrulesWishes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, other := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	end := w.Clock.Now().AddDate(0, 0, 10).Truncate(time.Second)
	wishes := notary.Wishes{Profile: "client", AuthorityID: root, NotAfter: end}
	id := submitWith(t, w, newRequestor(t, w), ca.Annotation{Wishes: wishes})
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: other, Profile: "server",
		NotAfter: end.AddDate(0, 0, 1)}))
	event := lastEvent(t, w, id)
	for name, want := range map[string]string{"requested_profile": "client", "requested_ca": "1",
		"requested_expiry": end.Format(time.RFC3339), "profile": "server"} {
		if got := fmt.Sprint(event[name]); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}))
	r := request(t, w, id)
	if c := r.Certificate; c.Profile != "server" || c.AuthorityID != other || !c.NotAfter.After(end.AddDate(0, 0, 20)) {
		t.Errorf("renewed by CA %d with profile %s until %s", c.AuthorityID, c.Profile, c.NotAfter)
	}
	if !cmp.Equal(r.Wishes, wishes) {
		t.Errorf("after a renewal the wishes are %+v", r.Wishes)
	}
}

// Wishes are checked as far as the requester can know, and again when they would be used.
func TestBadWishes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	for field, bad := range map[string][]notary.Wishes{
		"profile":         {{Profile: "none"}, {Profile: notary.IntermediateProfile}, {Profile: "a\x00"}},
		"not_valid_after": {{NotAfter: w.Clock.Now()}, {NotAfter: time.Unix(1, 0)}},
	} {
		for _, wishes := range bad {
			csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "b.example.com")
			_, err := w.CA.SubmitWith(t.Context(), me, csr, ca.SubmitOptions{Annotation: ca.Annotation{Wishes: wishes}})
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, field)
			_, err = w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{SignOptions: ca.SignOptions{Profile: wishes.Profile,
				AuthorityID: wishes.AuthorityID, NotAfter: wishes.NotAfter}})
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, field)
		}
	}
	profile, err := w.CA.CreateProfile(t.Context(), w.Admin(), "mine", issuance.Builtins()[0].Rules)
	testkit.Check(t, err)
	id := submitWith(t, w, me, ca.Annotation{Wishes: notary.Wishes{Profile: "mine", NotAfter: w.Clock.Now().Add(time.Hour)}})
	testkit.WantField(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{}), "certificate_authority_id")
	w.Clock.Advance(2 * time.Hour)
	err = w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root})
	testkit.WantField(t, err, "not_valid_after")
	testkit.WantText(t, err, "has passed")
	testkit.Check(t, w.CA.DeleteProfile(t.Context(), w.Admin(), profile))
	end := w.Clock.Now().AddDate(0, 0, 7)
	testkit.WantField(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, NotAfter: end}), "profile")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, NotAfter: end,
		Profile: "server"}))
}

// A held request keeps what the call asked for. The same CSR again adds labels, and changes the wishes and note that
// it gives.
func TestIssueKeepsWishes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	issue := func(o ca.IssueOptions) *ca.Issued {
		t.Helper()
		issued, err := w.CA.Issue(t.Context(), me, csr, o)
		testkit.Check(t, err)
		return issued
	}
	held := issue(ca.IssueOptions{SignOptions: ca.SignOptions{Profile: "client", AuthorityID: root}, Note: "first",
		Labels: notary.Labels{"team": "web"}})
	issue(ca.IssueOptions{SignOptions: ca.SignOptions{Profile: "server"}, Labels: notary.Labels{"build": "7"}})
	issue(ca.IssueOptions{})
	r := request(t, w, held.RequestID)
	if held.Status != notary.Outstanding || r.Wishes != (notary.Wishes{Profile: "server", AuthorityID: root}) ||
		r.Note != "first" || !cmp.Equal(r.Labels, notary.Labels{"team": "web", "build": "7"}) {
		t.Errorf("%s: wishes %+v, note %q, labels %v", held.Status, r.Wishes, r.Note, r.Labels)
	}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), r.ID, ca.SignOptions{}))
	if cert := issue(ca.IssueOptions{Labels: notary.Labels{"build": "8"}}).Certificate; cert.Profile != "server" {
		t.Errorf("signed with profile %s", cert.Profile)
	}
	wantLabelled(t, w, []int64{r.ID}, []int64{request(t, w, r.ID).Certificate.ID}, "build:8", "team:web")
}

// A renewal by the same CSR keeps labels and note, and adds what is given, in its own transaction.
func TestRenewalKeepsLabels(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	var ids []int64
	for _, o := range []ca.IssueOptions{
		{SignOptions: ca.SignOptions{AuthorityID: root}, Note: "first", Labels: notary.Labels{"team": "web"}},
		{},
		{Note: "third", Labels: notary.Labels{"build": "7"}},
	} {
		issued, err := w.CA.Issue(t.Context(), w.Admin(), csr, o)
		testkit.Check(t, err)
		ids = append(ids, issued.Certificate.ID)
	}
	_, err := w.CA.Issue(t.Context(), w.Admin(), csr, ca.IssueOptions{Labels: notary.Labels{"build": "8"},
		SignOptions: ca.SignOptions{AuthorityID: nothing}})
	testkit.WantKind(t, err, notary.NotFound) // and nothing is changed
	wantLabelled(t, w, []int64{1}, ids, "team:web", "build:7")
	if r := request(t, w, 1); r.Note != "third" || !r.Wishes.IsZero() {
		t.Errorf("note %q, wishes %+v", r.Note, r.Wishes)
	}
}

// A key of an idempotent call is not usable for another call, also while the request is held.
func TestIdempotencyOfAHeldRequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := newRequestor(t, w)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	for _, call := range []struct {
		key, digest string
		want        notary.Kind
	}{{"", "", ""}, {"a", "1", ""}, {"a", "1", ""}, {"a", "2", notary.Unprocessable}, {"b", "2", ""}} {
		issued, err := w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{Key: call.key, Digest: call.digest})
		if notary.KindOf(err) != call.want || err == nil && issued.RequestID != 1 {
			t.Errorf("%+v: %+v, %v", call, issued, err)
		}
	}
}
