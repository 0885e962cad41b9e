package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// An event is written with its change or not at all, and records who, what, when and from where.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	before := len(w.Events(t))
	caller := notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 7, Name: "me@example.com"},
		Role: notary.Admin, Address: "2001:db8::1",
		RequestID: "abc"}
	request, authority := notary.NewRef("request", 3, "www.example.com"), notary.NewRef("authority", 1, "Root")
	w.Clock.Advance(time.Hour)
	write(t, w.Store, func(tx *store.Tx) error {
		signed := notary.EventBy(caller, "request.sign", request).With(authority, notary.Ref{}).
			Change(notary.Fields{"status": "Outstanding"},
				notary.Fields{"status": "Active", "names": []string{"<a>", "b"}})
		if err := tx.Event(signed); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(notary.SystemCaller, "authority.crl",
			authority).Set(notary.Fields{"crl_number": 2}))
	})
	_ = w.Store.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.Event(notary.EventBy(caller, "request.revoke", request)); err != nil {
			return err
		}
		return notary.Errorf(notary.Conflict, "no")
	})
	got := w.Events(t)[before:]
	want := []notary.Event{
		{At: w.Clock.Now(), Principal: notary.Ref{Kind: "account", ID: 7, Name: "me@example.com"}, Address: "2001:db8::1",
			RequestID: "abc", Action: "request.sign", Object: request, Refs: []notary.Ref{authority},
			Before: notary.Fields{"status": "Outstanding"},
			After:  notary.Fields{"names": []any{"<a>", "b"}, "status": "Active"}},
		{At: w.Clock.Now(), Principal: notary.Ref{Kind: "system", Name: "system"}, Action: "authority.crl", Object: authority,
			After: notary.Fields{"crl_number": int64(2)}},
	}
	var after string
	testkit.Check(t, testkit.SQL(t, w.Database).QueryRow(`SELECT state_after FROM event WHERE request_id = 'abc'`).Scan(
		&after))
	if after != `{"names":["<a>","b"],"status":"Active"}` {
		t.Errorf("recorded is %s", after)
	}
	for i := range want {
		want[i].ID = int64(before + i + 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
