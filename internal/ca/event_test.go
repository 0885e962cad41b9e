package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func eventNames(events []*notary.Event) (all []string) {
	for _, e := range events {
		all = append(all, fmt.Sprintf("%s %d", e.Action, e.Object.ID))
	}
	return all
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.Caller(notary.CertificateManager)
	root := w.Root(t, notary.ECDSAP256)
	w.Clock.Advance(3 * time.Hour)
	first := w.Request(t, w.Admin())
	second := w.Request(t, manager)
	w.Clock.Advance(3 * time.Hour)
	manager.RequestID = "abc"
	testkit.Check(t, w.CA.Sign(t.Context(), manager, first, ca.SignOptions{AuthorityID: root}))
	create := func(id int64) string { return fmt.Sprint("request.create ", id) }
	sign, begin := fmt.Sprint("request.sign ", first), fmt.Sprint("authority.create ", root)
	now := w.Clock.Now()
	for name, tt := range map[string]struct {
		query notary.EventQuery
		want  []string
	}{
		"of requests":     {notary.EventQuery{Kind: "request"}, []string{sign, create(second), create(first)}},
		"of authorities":  {notary.EventQuery{Kind: "authority"}, []string{begin}},
		"of certificates": {notary.EventQuery{Kind: "certificate"}, nil},
		"of one":          {notary.EventQuery{Kind: "request", ObjectID: first}, []string{sign, create(first)}},
		"of one by a principal": {notary.EventQuery{Kind: "request", ObjectID: first,
			Email: strings.ToUpper(manager.Principal.Name)}, []string{sign}},
		"an action": {notary.EventQuery{Action: "request.create"},
			[]string{create(second), create(first)}},
		"an action of others": {notary.EventQuery{Kind: "authority", Action: "request.create"}, nil},
		"a principal's id": {notary.EventQuery{Kind: "request", Principal: fmt.Sprint(manager.Principal.ID)},
			[]string{sign, create(second)}},
		"a principal's name": {notary.EventQuery{Kind: "request", Principal: strings.ToUpper(manager.Principal.Name)},
			[]string{sign, create(second)}},
		"another principal": {notary.EventQuery{Principal: "nobody@example.com"}, nil},
		"a call":            {notary.EventQuery{RequestID: "abc"}, []string{sign}},
		"another call":      {notary.EventQuery{RequestID: "abcd"}, nil},
		"since":             {notary.EventQuery{Kind: "request", From: now}, []string{sign}},
		"until": {notary.EventQuery{Until: now, Kind: "request"},
			[]string{create(second), create(first)}},
		"between": {notary.EventQuery{From: now.Add(-3 * time.Hour),
			Until: now.Add(-3*time.Hour + time.Second)}, []string{create(second), create(first)}},
		"never": {notary.EventQuery{From: now.Add(time.Second)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tt.query.Limit = 100
			page, err := w.CA.Events(t.Context(), w.Admin(), tt.query)
			testkit.Check(t, err)
			if diff := cmp.Diff(tt.want, eventNames(page.Items)); diff != "" || page.Next != "" {
				t.Errorf("(-want +got):\n%s\nnext %q", diff, page.Next)
			}
		})
	}
}

// The name of a token is found as it was typed, and an email address in any case.
func TestEventsByPrincipal(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token := newToken(t, w, w.Admin(), granting(notary.GrantTerms{}, "request.create"))
	token.Principal.Name = "CI-Deploy"
	submitNamed(t, w, token, "a.example")
	submitNamed(t, w, w.Caller(notary.CertificateRequestor), "b.example")
	for _, principal := range []string{"CI-Deploy", fmt.Sprint(token.Principal.ID),
		strings.ToUpper(w.Caller(notary.CertificateRequestor).Principal.Name)} {
		found, err := w.CA.Events(t.Context(), w.Admin(), notary.EventQuery{Principal: principal, Action: "request.create",
			Limit: 10})
		testkit.Check(t, err)
		if len(found.Items) != 1 {
			t.Errorf("%s: %d events", principal, len(found.Items))
		}
	}
}

func TestInvalidEventQueries(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	now := w.Clock.Now()
	for field, q := range map[string]notary.EventQuery{
		"kind":       {Kind: "requests", Limit: 1},
		"object_id":  {Kind: "request", ObjectID: -1, Limit: 1},
		"limit":      {},
		"email":      {Email: strings.Repeat("x", 301), Limit: 1},
		"action":     {Action: "request.\x00", Limit: 1},
		"request_id": {RequestID: "\xff", Limit: 1},
		"principal":  {Principal: strings.Repeat("x", 301), Limit: 1},
		"until":      {From: now, Until: now, Limit: 1},
		"before":     {After: "a", Before: "b", Limit: 1},
		"after":      {After: "a", Limit: 1},
	} {
		_, err := w.CA.Events(t.Context(), w.Admin(), q)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, field)
	}
	_, err := w.CA.Events(t.Context(), w.Admin(), notary.EventQuery{ObjectID: 1, Limit: 1})
	testkit.WantField(t, err, "kind")
}

// Events about accounts require permission to manage accounts. Other callers see those of their own requests.
func TestEventPermissions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor := w.Caller(notary.CertificateRequestor)
	mine, other := w.Request(t, requestor), w.Request(t, w.Admin())
	accounts := func(caller notary.Caller) (n int) {
		page, err := w.CA.Events(t.Context(), caller, notary.EventQuery{Limit: 100})
		testkit.Check(t, err)
		for _, e := range page.Items {
			if e.Object.Kind == "account" {
				n++
			}
		}
		return n
	}
	if accounts(w.Admin()) == 0 {
		t.Error("an Admin sees no event of an account")
	}
	for _, role := range []notary.Role{notary.CertificateManager, notary.ReadOnly} {
		if n := accounts(w.Caller(role)); n > 0 {
			t.Errorf("%s sees %d events of accounts", role, n)
		}
		for _, q := range []notary.EventQuery{{Kind: "account", Limit: 1}, {Action: "account.login", Limit: 1}} {
			_, err := w.CA.Events(t.Context(), w.Caller(role), q)
			testkit.WantKind(t, err, notary.Forbidden)
		}
	}
	ask := func(kind string, id int64) error {
		return second(w.CA.Events(t.Context(), requestor, notary.EventQuery{Kind: kind, ObjectID: id, Limit: 10}))
	}
	testkit.Check(t, ask("request", mine))
	testkit.WantKind(t, ask("request", other), notary.NotFound)
	testkit.WantKind(t, ask("request", nothing), notary.NotFound)
	testkit.WantKind(t, ask("request", 0), notary.Forbidden)
	testkit.WantKind(t, ask("authority", 1), notary.Forbidden)
	testkit.WantKind(t, ask("account", requestor.Principal.ID), notary.Forbidden)
}

// The history of a request includes its certificates, and shows each change once.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor := w.Caller(notary.CertificateRequestor)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Signed(t, requestor, root)
	old, err := w.CA.Request(t.Context(), requestor, id)
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root}))
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), old.Certificate.ID, notary.Superseded))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.CessationOfOperation))
	testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
	w.Signed(t, requestor, root)
	history, err := w.CA.History(t.Context(), requestor, id)
	testkit.Check(t, err)
	of := func(action string, id int64) string { return fmt.Sprintf("%s %d", action, id) }
	want := []string{of("request.reopen", id), of("request.revoke", id), of("certificate.revoke", old.Certificate.ID),
		of("request.sign", id), of("request.sign", id), of("request.create", id)}
	if diff := cmp.Diff(want, eventNames(history)); diff != "" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}
	_, err = w.CA.History(t.Context(), requestor, w.Request(t, w.Admin()))
	testkit.WantKind(t, err, notary.NotFound)
}

func TestAddressesInEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor, manager := w.Caller(notary.CertificateRequestor), w.Caller(notary.CertificateManager)
	requestor.Address, manager.Address = "192.0.2.1", "192.0.2.2"
	id := w.Request(t, requestor)
	testkit.Check(t, w.CA.Reject(t.Context(), manager, id, ""))
	for caller, want := range map[notary.Caller][]string{requestor: {"", "192.0.2.1"},
		w.Caller(notary.ReadOnly): {"192.0.2.2", "192.0.2.1"}} {
		page, err := w.CA.Events(t.Context(), caller, notary.EventQuery{Kind: "request", ObjectID: id, Limit: 10})
		testkit.Check(t, err)
		history, err := w.CA.History(t.Context(), caller, id)
		testkit.Check(t, err)
		for _, events := range [][]*notary.Event{page.Items, history} {
			var got []string
			for _, e := range events {
				got = append(got, e.Address)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the addresses that %s sees (-want +got):\n%s", caller.Role, diff)
			}
		}
	}
}
