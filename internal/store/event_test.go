package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/query"
	"notary/internal/testkit"
)

func TestEventPagesMatchAScan(t *testing.T) {
	for _, step := range []int{10_000, 7, 1} {
		t.Run(fmt.Sprintf("in steps of %d", step), func(t *testing.T) {
			s, clock := open(t, store.SearchLimits(query.Limits{Few: 10_000, Step: step, Steps: 3}))
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 1))
			begun := clock.Now()
			var all []*notary.Event
			for range 120 {
				e := randomEvent(random)
				write(t, s, func(tx *store.Tx) error { return tx.Event(e) })
				e.ID, e.At = int64(len(all)+1), clock.Now()
				all = append(all, &e)
				// Not always in chronological order.
				clock.Advance(time.Duration(random.IntN(90)-20) * time.Minute)
			}
			slices.Reverse(all)
			for range 60 {
				q := randomEvents(random, begun)
				var want []int64
				for _, e := range all {
					if fits(e, q) {
						want = append(want, e.ID)
					}
				}
				wantEvents(t, s, q, want)
			}
			if whole := wantEvents(t, s, notary.EventQuery{Limit: 1000}, nil); !cmp.Equal(all, whole) {
				t.Errorf("the events (-want +got):\n%s", cmp.Diff(all, whole))
			}
		})
	}
}

func randomEvent(random *rand.Rand) notary.Event {
	kind := notary.EventKinds[random.IntN(4)]
	return notary.Event{Principal: notary.NewRef(notary.AccountPrincipal, 1+random.Int64N(2), mails[random.IntN(3)]),
		RequestID: []string{"a", "b", ""}[random.IntN(3)], Object: notary.NewRef(kind, 1+random.Int64N(4), ""),
		Action: kind + []string{".create", ".sign"}[random.IntN(2)]}
}

func randomEvents(random *rand.Rand, begun time.Time) (q notary.EventQuery) {
	q.Limit = 1 + random.IntN(20)
	some := func() bool { return random.IntN(3) == 0 }
	if some() {
		q.Kind = notary.EventKinds[random.IntN(5)]
		if some() {
			q.ObjectID = 1 + random.Int64N(5)
		}
	}
	if some() {
		q.NotKinds = notary.EventKinds[:random.IntN(4)]
	}
	if some() {
		q.Email = mails[random.IntN(3)]
	}
	if some() {
		q.Action = "request.sign"
	}
	if some() {
		q.Principal = []string{mails[random.IntN(3)], "1", "2"}[random.IntN(3)]
	}
	if some() {
		q.RequestID = []string{"a", "b"}[random.IntN(2)]
	}
	if some() {
		q.From = begun.Add(time.Duration(random.IntN(60)) * time.Hour)
	}
	if some() {
		q.Until = begun.Add(time.Duration(random.IntN(80)) * time.Hour)
	}
	return q
}

func fits(e *notary.Event, q notary.EventQuery) bool {
	return (q.Kind == "" || e.Object.Kind == q.Kind) && (q.ObjectID == 0 || e.Object.ID == q.ObjectID) &&
		!slices.Contains(q.NotKinds, e.Object.Kind) &&
		(q.Email == "" || e.Principal.Name == q.Email) && (q.Action == "" || e.Action == q.Action) &&
		(q.Principal == "" || e.Principal.Name == q.Principal || fmt.Sprint(e.Principal.ID) == q.Principal) &&
		(q.RequestID == "" || e.RequestID == q.RequestID) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.Until.IsZero() || e.At.Before(q.Until))
}

// wantEvents walks the pages to the end and back. A nil want is not compared.
func wantEvents(t *testing.T, s *store.Store, q notary.EventQuery, want []int64) (all []*notary.Event) {
	t.Helper()
	first := q
	var last notary.Page[*notary.Event]
	for {
		page, err := s.Events(t.Context(), q)
		testkit.Check(t, err)
		all, last = append(all, page.Items...), page
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	var back []*notary.Event
	for {
		back = append(slices.Clone(last.Items), back...)
		if last.Previous == "" {
			break
		}
		var err error
		q.After, q.Before = "", last.Previous
		last, err = s.Events(t.Context(), q)
		testkit.Check(t, err)
	}
	if diff := cmp.Diff(all, back); diff != "" {
		t.Errorf("%+v: there and back (-there +back):\n%s", first, diff)
	}
	var ids []int64
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	if diff := cmp.Diff(want, ids); diff != "" && want != nil {
		t.Fatalf("%+v (-want +got):\n%s", first, diff)
	}
	return all
}
