package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// An event is written with its change or not at all, and says who, what, when and from where.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	before := len(w.Events(t))
	caller := notary.Caller{AccountID: 7, Email: "me@example.com", Role: notary.Admin, Address: "2001:db8::1"}
	w.Clock.Advance(time.Hour)
	write(t, w.Store, func(tx *store.Tx) error {
		if err := tx.Event(notary.EventBy(caller, "request.sign", 3, "authority 1")); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(notary.SystemCaller, "authority.crl", 1, "number 2"))
	})
	_ = w.Store.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.Event(notary.EventBy(caller, "request.revoke", 3, "")); err != nil {
			return err
		}
		return notary.Errorf(notary.Conflict, "no")
	})
	got := w.Events(t)[before:]
	want := []notary.Event{
		{At: w.Clock.Now(), AccountID: 7, Email: "me@example.com", Address: "2001:db8::1",
			Action: "request.sign", ObjectID: 3, Detail: "authority 1"},
		{At: w.Clock.Now(), Email: "system", Action: "authority.crl", ObjectID: 1, Detail: "number 2"},
	}
	for i := range want {
		want[i].ID = int64(before + i + 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
