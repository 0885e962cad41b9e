package auth_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/policy"
	"notary/internal/testkit"
)

func recordedRefusals(t *testing.T, w *testkit.World) (all []notary.Event) {
	t.Helper()
	before := len(w.Events(t))
	testkit.Check(t, w.Auth.RecordRefusals(t.Context()))
	for _, e := range w.Events(t)[before:] {
		e.ID = 0
		all = append(all, e)
	}
	return all
}

// Refused logins and calls are counted by address, account and operation, and recorded once.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin, requestor := w.Admin(), w.Caller(notary.CertificateRequestor)
	from := auth.Client{Address: "2001:db8:0:1::7"}
	for _, email := range []string{admin.Principal.Name, admin.Principal.Name, "nobody@example.com",
		"another@example.com"} {
		_, err := w.Auth.Login(t.Context(), email, "wrong password", from)
		testkit.WantKind(t, err, notary.Unauthenticated)
	}
	forbidden := policy.AllowRole(requestor, policy.ManageAccounts, policy.Resource{})
	unauthenticated := policy.AllowRole(notary.Caller{}, policy.ViewEvents, policy.Resource{})
	for range 3 {
		w.Auth.Refused(requestor, "listAccounts", forbidden)
		w.Auth.Refused(notary.Caller{Address: "192.0.2.9"}, "listEvents", unauthenticated)
	}
	w.Auth.Refused(notary.Caller{Address: "192.0.2.9"}, "listAccounts", unauthenticated)
	w.Auth.Refused(requestor, "listAccounts", notary.Errorf(notary.NotFound, "not here"))
	anonymous := notary.Ref{Kind: notary.AnonymousPrincipal}
	now := w.Clock.Now()
	want := []notary.Event{
		{At: now, Action: "call.refused", Object: notary.Ref{Kind: "call", Name: "listAccounts"}, Principal: requestor.Ref(),
			Address: "192.0.2.1", After: notary.Fields{"count": int64(3)}},
		{At: now, Action: "call.refused", Object: notary.Ref{Kind: "call"}, Principal: anonymous, Address: "192.0.2.9",
			After: notary.Fields{"count": int64(4)}},
		{At: now, Action: "account.login_refused", Object: notary.Ref{Kind: "account"}, Principal: anonymous,
			Address: "2001:db8:0:1::/64", After: notary.Fields{"count": int64(2)}},
		{At: now, Action: "account.login_refused", Object: admin.Ref(), Principal: anonymous,
			Address: "2001:db8:0:1::/64", After: notary.Fields{"count": int64(2)}},
	}
	if diff := cmp.Diff(want, recordedRefusals(t, w)); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	if again := recordedRefusals(t, w); len(again) > 0 {
		t.Errorf("they are recorded again: %+v", again)
	}
}

// However many clients are refused, the number of events is bounded and no refusal is lost.
func TestRefusalsCannotFillTheDisk(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	const calls = 5_000
	for i := range calls {
		w.Auth.Refused(notary.Caller{Address: fmt.Sprintf("10.0.%d.%d", i/256, i%256)}, "listEvents",
			notary.Errorf(notary.Unauthenticated, "log in first"))
	}
	events := recordedRefusals(t, w)
	sum := int64(0)
	for _, e := range events {
		sum += e.After["count"].(int64)
	}
	if len(events) > 250 || sum != calls {
		t.Errorf("%d events for %v calls, want at most 250 for %d", len(events), sum, calls)
	}
}
