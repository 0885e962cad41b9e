package rest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestEventsOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	for range 5 {
		h.Request(t, h.Admin())
	}
	id := h.Request(t, h.Caller(notary.CertificateRequestor))
	query := api.EventQuery{EventPaging: api.EventPaging{Limit: 4}, EventFilter: api.EventFilter{Kind: "request"}}
	first, err := c.EventsPage(t.Context(), query)
	testkit.Check(t, err)
	query.After = first.Next
	last, err := c.EventsPage(t.Context(), query)
	testkit.Check(t, err)
	if len(first.Result) != 4 || first.Previous != "" || len(last.Result) != 2 || last.Next != "" {
		t.Fatalf("pages of %d and %d events, previous %q, next %q", len(first.Result), len(last.Result), first.Previous,
			last.Next)
	}
	query.After, query.Before = "", last.Previous
	again, err := c.EventsPage(t.Context(), query)
	testkit.Check(t, err)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the page before the last (-first +again):\n%s", diff)
	}
	requestor := h.Caller(notary.CertificateRequestor)
	r, err := h.CA.Request(t.Context(), requestor, id)
	testkit.Check(t, err)
	want := api.Event{ID: first.Result[0].ID, At: h.Clock.Now(), Action: "request.create",
		Object: api.Ref{Kind: "request", ID: id, Name: r.CommonName}, Refs: []api.Ref{},
		Principal: api.Ref{Kind: "account", ID: requestor.Principal.ID, Name: requestor.Principal.Name},
		Address:   requestor.Address,
		Before:    map[string]any{}, After: map[string]any{"key": "ECDSA P-256", "status": "Outstanding"},
		Text: fmt.Sprintf("Submitted: certificate request %d (%s); key: ECDSA P-256, status: Outstanding", id,
			r.CommonName),
		AccountID: &requestor.Principal.ID, Email: requestor.Principal.Name, ObjectID: id,
		Detail: "key: ECDSA P-256, status: Outstanding"}
	if diff := cmp.Diff(want, first.Result[0]); diff != "" {
		t.Errorf("the newest event (-want +got):\n%s", diff)
	}
	history, err := h.as(t, notary.CertificateRequestor).RequestHistory(t.Context(), id)
	testkit.Check(t, err)
	if diff := cmp.Diff([]api.Event{want}, history); diff != "" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}
	n := 0
	for _, err := range c.FindEvents(t.Context(), api.EventQuery{EventPaging: api.EventPaging{Limit: 1},
		EventFilter: api.EventFilter{Action: "request.create"}}) {
		testkit.Check(t, err)
		n++
	}
	if n != 6 {
		t.Errorf("%d requests were created, want 6", n)
	}
	mine := fmt.Sprintf("/api/v1/events?kind=request&object_id=%d", id)
	call(t, h.as(t, notary.CertificateRequestor), "GET", mine, nil).wantStatus(t, 200)
	call(t, h.as(t, notary.CertificateRequestor), "GET", "/api/v1/events?kind=request&object_id=1", nil).wantRefusal(t,
		404, "not_found")
}

func TestEventsOfAccounts(t *testing.T) {
	t.Parallel()
	h := open(t)
	const path = "/api/v1/events?kind=account"
	call(t, h.admin(t), "GET", path, nil).wantStatus(t, 200)
	call(t, h.as(t, notary.ReadOnly), "GET", path, nil).wantRefusal(t, 403, "forbidden")
}

func TestEventsInvalidQuery(t *testing.T) {
	t.Parallel()
	h := open(t)
	for query, field := range map[string]string{
		"kind=requests": "kind", "object_id=1": "kind", "object_id=x&kind=request": "object_id", "from=yesterday": "from",
		"limit=0": "limit",
		"after=x": "after", "before=x": "before", "after=x&before=x": "before", "unknown=1": "unknown",
		"from=2027-01-02T00:00:00Z&until=2027-01-01T00:00:00Z": "until",
	} {
		if got := call(t, h.admin(t), "GET", "/api/v1/events?"+query, nil).wantRefusal(t, 400,
			"invalid"); got.Field != field {
			t.Errorf("%s: field %q (%s)", query, got.Field, got.Error)
		}
	}
}

func TestSessionsOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	one, two := h.login(t, me), h.login(t, me)
	all, err := two.Sessions(t.Context())
	testkit.Check(t, err)
	now := h.Clock.Now()
	agent := all[0].UserAgent
	want := []api.Session{
		{ID: all[0].ID, Address: "127.0.0.1", UserAgent: agent, CreatedAt: now, LastSeenAt: now,
			ExpiresAt: now.Add(24 * time.Hour), Current: true},
		{ID: all[0].ID - 1, Address: "127.0.0.1", UserAgent: agent, CreatedAt: now, LastSeenAt: now,
			ExpiresAt: now.Add(24 * time.Hour)},
	}
	if diff := cmp.Diff(want, all); diff != "" || agent == "" {
		t.Errorf("the sessions (-want +got):\n%s", diff)
	}
	me2 := accountsPath + "/me"
	call(t, h.admin(t), "DELETE", fmt.Sprintf("/api/v1/sessions/%d", all[1].ID), nil).wantRefusal(t, 404, "not_found")
	testkit.Check(t, two.EndSession(t.Context(), all[1].ID))
	call(t, one, "GET", me2, nil).wantRefusal(t, 401, "unauthenticated")
	three := h.login(t, me)
	testkit.Check(t, two.EndOtherSessions(t.Context()))
	call(t, three, "GET", me2, nil).wantRefusal(t, 401, "unauthenticated")
	call(t, two, "GET", me2, nil).wantStatus(t, 200)
}
