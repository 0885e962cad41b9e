package ca_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// newToken creates a token and returns it as a caller.
func newToken(t *testing.T, w *testkit.World, creator notary.Caller, token notary.Token) notary.Caller {
	t.Helper()
	token.Name, token.ExpiresAt = "pipeline", w.Clock.Now().Add(30*24*time.Hour)
	_, secret, err := w.Auth.CreateToken(t.Context(), creator, &token)
	testkit.Check(t, err)
	caller, err := w.Auth.Caller(t.Context(), secret, "192.0.2.7")
	testkit.Check(t, err)
	return caller
}

func granting(terms notary.GrantTerms, actions ...string) notary.Token {
	terms.Actions = actions
	return notary.Token{Grants: []notary.GrantTerms{terms}}
}

var belowCI = notary.GrantTerms{Names: notary.NameLists{DNS: []string{".ci.example.com"}}}

func csrFor(t *testing.T, name string) string {
	t.Helper()
	return testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name)
}

// What a token submits belongs to its creator, and the events name the token.
func TestTokenSubmits(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	creator := w.NewCaller(t, w.Admin(), notary.CertificateManager)
	token := newToken(t, w, creator, granting(belowCI, "request.create", "request.sign"))
	csr := csrFor(t, "a.ci.example.com")
	issued, err := w.CA.Issue(t.Context(), token, csr, issueBy(root))
	testkit.Check(t, err)
	req, err := w.CA.Request(t.Context(), creator, issued.RequestID)
	testkit.Check(t, err)
	if req.Owner() != (notary.Owner{AccountID: creator.Principal.ID}) || req.Email != creator.Principal.Name ||
		req.Status != notary.Active || req.Submitter != token.Principal {
		t.Errorf("the request is %+v", req)
	}
	history, err := w.CA.History(t.Context(), creator, req.ID)
	testkit.Check(t, err)
	for _, e := range history {
		if e.Principal != token.Principal {
			t.Errorf("%s was done by %v", e.Action, e.Principal)
		}
	}
	for _, renewer := range []notary.Caller{creator, token} {
		again, err := w.CA.Issue(t.Context(), renewer, csr, ca.IssueOptions{})
		testkit.Check(t, err)
		if again.RequestID != issued.RequestID {
			t.Errorf("%v renewed request %d, want %d", renewer.Principal, again.RequestID, issued.RequestID)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// The limits of a token refuse other names, with the reason, and nothing is recorded.
func TestTokenRefusesOtherNames(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	token := newToken(t, w, w.Admin(), granting(belowCI, "request.create", "request.sign"))
	for _, name := range []string{"www.example.com", "ci.example.com", "*.example.com", "a.ci.example.com.evil.example"} {
		events := w.EventsOf(t, func() {
			_, err := w.CA.Issue(t.Context(), token, csrFor(t, name), issueBy(root))
			testkit.WantKind(t, err, notary.Forbidden)
			testkit.WantText(t, err, "the API token pipeline does not allow the name "+name)
			_, err = w.CA.Submit(t.Context(), token, csrFor(t, name))
			testkit.WantKind(t, err, notary.Forbidden)
		})
		if len(events) > 0 {
			t.Errorf("%s: %q", name, events)
		}
	}
	// Without a limit on its requests they wait for approval.
	waiting := newToken(t, w, w.Admin(), notary.Token{Grants: []notary.GrantTerms{{Actions: []string{"request.create"}},
		{Actions: []string{"request.sign"}, Names: belowCI.Names}}})
	issued, err := w.CA.Issue(t.Context(), waiting, csrFor(t, "www.example.com"), issueBy(root))
	testkit.Check(t, err)
	if issued.Status != notary.Outstanding {
		t.Errorf("the request is %s", issued.Status)
	}
}

// A token sees what its creator owns within its limits, and with request.view also what others own.
func TestTokenSees(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	submit := func(caller notary.Caller, name string) int64 {
		id, err := w.CA.Submit(t.Context(), caller, csrFor(t, name))
		testkit.Check(t, err)
		return id
	}
	creator := w.NewCaller(t, w.Admin(), notary.CertificateManager)
	own, outside := submit(creator, "a.ci.example.com"), submit(creator, "www.example.com")
	others, othersOutside := submit(w.Admin(), "b.ci.example.com"), submit(w.Admin(), "b.example.com")
	everything := []int64{own, outside, others, othersOutside}
	for name, test := range map[string]struct {
		token notary.Token
		want  []int64
	}{
		"limited":                  {granting(belowCI, "request.create"), []int64{own}},
		"unlimited":                {granting(notary.GrantTerms{}, "request.create"), []int64{own, outside}},
		"limited view":             {granting(belowCI, "request.view"), []int64{own, others}},
		"unlimited view":           {granting(notary.GrantTerms{}, "request.view"), everything},
		"limited by profile":       {granting(notary.GrantTerms{Profiles: []string{"server"}}, "request.sign"), []int64{own, outside}},
		"limited to another owner": {granting(notary.GrantTerms{Owners: []int64{w.Admin().Principal.ID}}, "request.view"), []int64{others, othersOutside}},
	} {
		token := newToken(t, w, creator, test.token)
		page, err := w.CA.Requests(t.Context(), token, notary.Query{Sort: notary.ByID, Limit: 100})
		testkit.Check(t, err)
		var listed, got []int64
		for _, req := range page.Items {
			listed = append(listed, req.ID)
		}
		for _, id := range everything {
			if _, err := w.CA.Request(t.Context(), token, id); err == nil {
				got = append(got, id)
			} else {
				testkit.WantKind(t, err, notary.NotFound)
			}
		}
		if diff := cmp.Diff(test.want, listed) + cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A token of a creator with a grant loses what the creator loses.
func TestTokenLosesItsCreatorsGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	creator := w.Caller(notary.CertificateRequestor)
	grant, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{PrincipalID: creator.Principal.ID,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}, Names: notary.NameLists{DNS: []string{"ci.example.com"}}}})
	testkit.Check(t, err)
	token := newToken(t, w, creator, granting(belowCI, "request.create", "request.sign"))
	issue := func(name string) notary.RequestStatus {
		t.Helper()
		issued, err := w.CA.Issue(t.Context(), token, csrFor(t, name), issueBy(root))
		testkit.Check(t, err)
		return issued.Status
	}
	if got := issue("a.ci.example.com"); got != notary.Active {
		t.Errorf("with the grant the request is %s", got)
	}
	testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), grant))
	if got := issue("b.ci.example.com"); got != notary.Outstanding {
		t.Errorf("without the grant the request is %s", got)
	}
	err = w.CA.Sign(t.Context(), token, w.Request(t, creator), ca.SignOptions{AuthorityID: root})
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantText(t, err, "who created the API token pipeline, does not have permission to sign")
}

// If a token is revoked during a bulk call, items in progress may finish, and the others fail as unauthenticated.
func TestBulkStopsWithTheToken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, a := range bulkActions(w, root) {
		t.Run(name, func(t *testing.T) {
			token := newToken(t, w, w.Admin(), granting(notary.GrantTerms{}, "request.sign", "request.reject", "request.revoke"))
			ids := a.requests(t, w, root, 4*atOnce)
			reported, done := 0, 0
			testkit.Check(t, a.do(t.Context(), token, ca.Many{IDs: ids}, func(o ca.Outcome) error {
				if reported++; reported == 3 {
					testkit.Check(t, w.Auth.RevokeToken(t.Context(), w.Admin(), token.Principal.ID))
				}
				if o.Err == nil {
					done++
				} else {
					testkit.WantKind(t, o.Err, notary.Unauthenticated)
					testkit.WantText(t, o.Err, "is revoked")
				}
				return nil
			}))
			if reported != len(ids) || done < 3 || done > 3+atOnce {
				t.Errorf("%d outcomes, %d done", reported, done)
			}
			if n := count(t, w, ids, a.to); n != done {
				t.Errorf("%d are %s, but %d were reported", n, a.to, done)
			}
		})
	}
}

// No number of concurrent calls, single or bulk, exceeds a quota, which is renewed with the period. The first refusal
// of a period is an event.
func TestTokenQuota(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	limited := granting(notary.GrantTerms{}, "request.create", "request.sign")
	limited.PerHour, limited.PerDay = 5, 8
	token := newToken(t, w, w.Admin(), limited)
	w.Clock.Advance(w.Clock.Now().Truncate(24 * time.Hour).Add(24*time.Hour + 10*time.Minute).Sub(w.Clock.Now()))

	issued := func(csrs []string) (n int) {
		t.Helper()
		for _, err := range testkit.Race(len(csrs), func(i int) error {
			_, err := w.CA.Issue(t.Context(), token, csrs[i], issueBy(root))
			return err
		}) {
			if err == nil {
				n++
				continue
			}
			testkit.WantKind(t, err, notary.RateLimited)
		}
		return n
	}
	if n := issued(manyCSRs(t, 20)); n != 5 {
		t.Errorf("20 concurrent calls issued %d, want 5", n)
	}
	err := w.CA.Sign(t.Context(), token, w.Request(t, w.Admin()), ca.SignOptions{AuthorityID: root})
	wantQuota(t, err, "per hour", 50*time.Minute)
	w.Clock.Advance(50 * time.Minute)
	var ids []int64
	for range 10 {
		ids = append(ids, w.Request(t, w.Admin()))
	}
	done := 0
	testkit.Check(t, w.CA.SignMany(t.Context(), token, ca.Many{IDs: ids}, ca.SignOptions{AuthorityID: root},
		func(o ca.Outcome) error {
			if o.Err == nil {
				done++
			} else {
				wantQuota(t, o.Err, "per day", 23*time.Hour)
			}
			return nil
		}))
	if done != 3 {
		t.Errorf("the bulk call issued %d, want the 3 that are left of the day", done)
	}
	wantQuotaEvents(t, w, "hour", "day")
	w.Clock.Advance(23 * time.Hour)
	if n := issued(manyCSRs(t, 6)); n != 5 {
		t.Errorf("%d were issued the next day, want 5", n)
	}
	wantQuotaEvents(t, w, "hour", "day", "hour")
	st, err := w.CA.Statistics(t.Context())
	testkit.Check(t, err)
	if want := int64(15 + 1 + 7 + 1); st.QuotaExceeded != want {
		t.Errorf("%d refusals are counted, want %d", st.QuotaExceeded, want)
	}
	o, err := w.CA.Overview(t.Context(), w.Admin())
	testkit.Check(t, err)
	if len(o.Tokens) != 1 || !o.Tokens[0].QuotaExceeded(w.Clock.Now()) {
		t.Errorf("the overview points out %v", o.Tokens)
	}
}

func manyCSRs(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		all = append(all, newCSR(t))
	}
	return all
}

func wantQuota(t *testing.T, err error, text string, after time.Duration) {
	t.Helper()
	testkit.WantKind(t, err, notary.RateLimited)
	testkit.WantText(t, err, text)
	var e *notary.Error
	if errors.As(err, &e); e.RetryAfter != after {
		t.Errorf("%v: try again after %v, want %v", err, e.RetryAfter, after)
	}
}

func wantQuotaEvents(t *testing.T, w *testkit.World, periods ...string) {
	t.Helper()
	var got []string
	for _, e := range w.Events(t) {
		if e.Action == "token.quota_exceeded" {
			got = append(got, e.After["period"].(string))
		}
	}
	if !slices.Equal(got, periods) {
		t.Errorf("events of %q, want %q", got, periods)
	}
}

// Two nodes count together.
func TestNodesCountTokenQuotasTogether(t *testing.T) {
	t.Parallel()
	w := testkit.NewAt(t, testkit.Postgres(t))
	root := w.Root(t, notary.ECDSAP256)
	limited := granting(notary.GrantTerms{}, "request.create", "request.sign")
	limited.PerHour = 7
	token := newToken(t, w, w.Admin(), limited)
	other, err := store.Open(t.Context(), w.Database, w.Clock.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer other.Close()
	node, err := testkit.OpenNode(t.Context(), other, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	csrs := manyCSRs(t, 20)
	nodes, n := []*ca.Service{w.CA, node.CA}, 0
	for _, err := range testkit.Race(len(csrs), func(i int) error {
		_, err := nodes[i%2].Issue(t.Context(), token, csrs[i], issueBy(root))
		return err
	}) {
		if err == nil {
			n++
		} else if !strings.Contains(err.Error(), "per hour") {
			t.Error(err)
		}
	}
	if n != 7 {
		t.Errorf("two nodes issued %d, want 7", n)
	}
	wantQuotaEvents(t, w, "hour")
	testkit.Check(t, w.Auth.RevokeToken(t.Context(), w.Admin(), token.Principal.ID))
	_, err = node.CA.Submit(t.Context(), token, newCSR(t))
	testkit.WantKind(t, err, notary.Unauthenticated)
}

// A call that waits for approval gets no certificate once its token is revoked.
func TestTokenRevokedWhileItWaits(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	token := newToken(t, w, w.Caller(notary.CertificateRequestor), granting(belowCI, "request.create"))
	issued, err := w.CA.Issue(t.Context(), token, csrFor(t, "a.ci.example.com"), ca.IssueOptions{})
	testkit.Check(t, err)
	meanwhile := func() (*ca.Issued, error) { return w.CA.IssuedMeanwhile(t.Context(), token, issued.RequestID) }
	sign(t, w, issued.RequestID, root)
	if now, err := meanwhile(); err != nil || now.Certificate == nil {
		t.Errorf("with the token: %+v, %v", now, err)
	}
	testkit.Check(t, w.Auth.RevokeToken(t.Context(), w.Admin(), token.Principal.ID))
	now, err := meanwhile()
	testkit.WantKind(t, err, notary.Unauthenticated)
	if now != nil {
		t.Errorf("the revoked token gets %+v", now)
	}
}

// The explanation of request.create is what a call would do.
func TestExplainLimitedCreation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token := newToken(t, w, w.Caller(notary.CertificateRequestor), granting(belowCI, "request.create"))
	for name, want := range map[string]bool{"a.ci.example.com": true, "www.example.org": false} {
		all, err := w.CA.Explain(t.Context(), token, ca.Question{Action: "request.create", Names: []string{name}})
		testkit.Check(t, err)
		_, err = w.CA.Submit(t.Context(), token, csrFor(t, name))
		if all[0].Allowed != want || (err == nil) != want {
			t.Errorf("%s: explained as %v (%s), and the call returned %v", name, all[0].Allowed, all[0].Reason, err)
		}
	}
}
