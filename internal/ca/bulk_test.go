package ca_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func bulkActions(w *testkit.World, root int64) map[string]bulkAction {
	return map[string]bulkAction{
		"SignMany": {notary.Outstanding, notary.Active, func(ctx context.Context, c notary.Caller, m ca.Many,
			fn func(ca.Outcome) error) error {
			return w.CA.SignMany(ctx, c, m, ca.SignOptions{AuthorityID: root}, fn)
		}},
		"RejectMany": {notary.Outstanding, notary.Rejected, func(ctx context.Context, c notary.Caller, m ca.Many,
			fn func(ca.Outcome) error) error {
			return w.CA.RejectMany(ctx, c, m, "not ours", fn)
		}},
		"RevokeMany": {notary.Active, notary.Revoked, func(ctx context.Context, c notary.Caller, m ca.Many,
			fn func(ca.Outcome) error) error {
			return w.CA.RevokeMany(ctx, c, m, ca.RevokeOptions{Reason: notary.Superseded}, fn)
		}},
	}
}

type bulkAction struct {
	from, to notary.RequestStatus
	do       func(context.Context, notary.Caller, ca.Many, func(ca.Outcome) error) error
}

func (a bulkAction) requests(t *testing.T, w *testkit.World, root int64, n int) (ids []int64) {
	t.Helper()
	for range n {
		if a.from == notary.Active {
			ids = append(ids, w.Signed(t, w.Admin(), root))
		} else {
			ids = append(ids, w.Request(t, w.Admin()))
		}
	}
	return ids
}

func count(t *testing.T, w *testkit.World, ids []int64, status notary.RequestStatus) (n int) {
	t.Helper()
	for _, id := range ids {
		if request(t, w, id).Status == status {
			n++
		}
	}
	return n
}

// atOnce is the maximum number of items in progress when a bulk call is stopped.
const atOnce = 16

// Each request is decided individually, and outcomes are reported in order.
func TestBulkOrder(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, a := range bulkActions(w, root) {
		t.Run(name, func(t *testing.T) {
			ids := a.requests(t, w, root, 2*atOnce+3)
			slices.Reverse(ids)
			withMissing := slices.Insert(slices.Clone(ids), 5, nothing)
			var reported []int64
			testkit.Check(t, a.do(t.Context(), w.Admin(), ca.Many{IDs: withMissing}, func(o ca.Outcome) error {
				reported = append(reported, o.ID)
				if o.ID == nothing {
					testkit.WantKind(t, o.Err, notary.NotFound)
					return nil
				}
				wantStatus(t, w, o.ID, a.to) // already, not only at the end
				return o.Err
			}))
			if diff := cmp.Diff(withMissing, reported); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// If the recipient of outcomes fails or goes away, requests in progress may finish, and the others remain unchanged.
func TestBulkStop(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	gone := errors.New("gone")
	for name, a := range bulkActions(w, root) {
		t.Run(name, func(t *testing.T) {
			ids := a.requests(t, w, root, 3*atOnce)
			err := a.do(t.Context(), w.Admin(), ca.Many{IDs: ids}, func(ca.Outcome) error { return gone })
			if !errors.Is(err, gone) {
				t.Errorf("got %v, want the listener's error", err)
			}
			if n := count(t, w, ids, a.to); n < 1 || n > 1+atOnce {
				t.Errorf("%d were done, want 1 to %d", n, 1+atOnce)
			}

			ids = a.requests(t, w, root, 3*atOnce)
			ctx, cancel := context.WithCancel(t.Context())
			reported := 0
			err = a.do(ctx, w.Admin(), ca.Many{IDs: ids}, func(ca.Outcome) error { reported++; cancel(); return nil })
			if !errors.Is(err, context.Canceled) || reported != 1 {
				t.Errorf("got %v after %d outcomes", err, reported)
			}
			if n := count(t, w, ids, a.to); n < 1 || n > 1+atOnce {
				t.Errorf("%d were done, want 1 to %d", n, 1+atOnce)
			}

			ids = a.requests(t, w, root, 3*atOnce)
			stop := make(chan struct{})
			kinds := map[notary.Kind]int{}
			testkit.Check(t, a.do(t.Context(), w.Admin(), ca.Many{IDs: ids, Stop: stop}, func(o ca.Outcome) error {
				if kinds[notary.KindOf(o.Err)]++; len(kinds) == 1 && kinds[""] == 1 {
					close(stop)
				}
				return nil
			}))
			if n := count(t, w, ids, a.to); n != kinds[""] || n > 1+atOnce || kinds[""]+kinds[notary.Unavailable] != len(ids) {
				t.Errorf("%d were done, outcomes %v", n, kinds)
			}
		})
	}
}

func TestBulkConcurrencyLimit(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var now, most atomic.Int64
	s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: func() time.Time {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		return w.Clock.Now()
	}})
	testkit.Check(t, err)
	var ids []int64
	for range 4 * atOnce {
		ids = append(ids, w.Request(t, w.Admin()))
	}
	testkit.Check(t, s.CA.SignMany(t.Context(), w.Admin(), ca.Many{IDs: ids}, ca.SignOptions{AuthorityID: root},
		func(o ca.Outcome) error { return o.Err }))
	if most.Load() > atOnce+1 {
		t.Errorf("%d at once, want at most %d", most.Load(), atOnce)
	}
}

func TestTooManyMatches(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ca.SetMaxMatches(w.CA, 3)
	var ids []int64
	for range 3 {
		ids = append(ids, w.Request(t, w.Admin()))
	}
	reject := func(expected int64) error {
		m := ca.Many{Filter: &notary.Filter{Status: notary.Outstanding}, Expected: &expected}
		return w.CA.RejectMany(t.Context(), w.Admin(), m, "", func(o ca.Outcome) error { return o.Err })
	}
	ids = append(ids, w.Request(t, w.Admin()))
	err := reject(4)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantField(t, err, "filter")
	testkit.WantText(t, err, "narrow it", fmt.Sprint(3))
	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), ids[3]))
	testkit.WantKind(t, reject(4), notary.Conflict)
	if n := count(t, w, ids[:3], notary.Outstanding); n != 3 {
		t.Errorf("%d of 3 are as they were", n)
	}
	testkit.Check(t, reject(3))
}

func init() {
	many := ca.Many{IDs: []int64{nothing}}
	ignore := func(ca.Outcome) error { return nil }
	for name, call := range map[string]func(context.Context, *ca.Service, notary.Caller) error{
		"Sign": func(ctx context.Context, s *ca.Service, c notary.Caller) error {
			return s.SignMany(ctx, c, many, ca.SignOptions{AuthorityID: nothing}, ignore)
		},
		"Revoke": func(ctx context.Context, s *ca.Service, c notary.Caller) error {
			return s.RevokeMany(ctx, c, many, ca.RevokeOptions{}, ignore)
		},
		"Reject": func(ctx context.Context, s *ca.Service, c notary.Caller) error {
			return s.RejectMany(ctx, c, many, "", ignore)
		},
		"Delete": func(ctx context.Context, s *ca.Service, c notary.Caller) error {
			return s.DeleteMany(ctx, c, many, ignore)
		},
	} {
		row := useCases["Reject"]
		row.call = call
		useCases[name+"Many"] = row
	}
}

// A caller without permission learns nothing about the requests, not even their number.
func TestBulkPermissions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Request(t, w.Admin())
	for name, a := range bulkActions(w, root) {
		for _, m := range []ca.Many{{}, {IDs: []int64{id}}, {Filter: &notary.Filter{Status: notary.Outstanding}}} {
			for _, role := range []notary.Role{notary.CertificateRequestor, notary.ReadOnly} {
				err := a.do(t.Context(), w.Caller(role), m, func(ca.Outcome) error {
					t.Errorf("%s did something",
						name)
					return nil
				})
				testkit.WantKind(t, err, notary.Forbidden)
			}
			testkit.WantKind(t, a.do(t.Context(), notary.Caller{}, m, func(ca.Outcome) error { return nil }),
				notary.Unauthenticated)
		}
	}
	wantStatus(t, w, id, notary.Outstanding)
}

// A filter whose matches changed after the preview is rejected, even if their number is the same.
func TestChangedSelection(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	filter := notary.Filter{Search: ca.SearchWords("example")}
	first, second := w.Request(t, w.Admin()), w.Request(t, w.Admin())
	look := func() ca.Many {
		t.Helper()
		matched, err := w.CA.Select(t.Context(), w.Admin(), filter)
		testkit.Check(t, err)
		if matched.Count != 2 {
			t.Fatalf("%d requests match, want 2", matched.Count)
		}
		return ca.Many{Filter: &filter, Expected: &matched.Count, Digest: matched.Digest}
	}
	sign := func(m ca.Many) error {
		return w.CA.SignMany(t.Context(), w.Admin(), m, ca.SignOptions{AuthorityID: root},
			func(o ca.Outcome) error { return o.Err })
	}
	signSecond := func() {
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), second, ca.SignOptions{AuthorityID: root}))
	}
	for i, change := range []func(){
		func() {
			testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), first))
			w.Request(t, w.Admin())
		},
		signSecond,
		signSecond, // a renewal
	} {
		m := look()
		change()
		err := sign(m)
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantField(t, err, "selection")
		testkit.WantText(t, err, "the selection has changed")
		if t.Failed() {
			t.Fatalf("after change %d", i)
		}
	}
	_, digest, err := w.CA.SignPlan(t.Context(), w.Admin(), ca.Many{Filter: &filter}, ca.SignOptions{AuthorityID: root})
	testkit.Check(t, err)
	m := look()
	if digest != m.Digest {
		t.Errorf("the plan has the digest %s, the selection %s", digest, m.Digest)
	}
	testkit.Check(t, sign(m))
	testkit.WantField(t, sign(ca.Many{IDs: []int64{second}, Digest: digest}), "selection")
}
