package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

const complete = "events have positions up to event"

// follow reads the events after those already read, as a reader with a cursor does.
func follow(t *testing.T, s *store.Store, read []store.PositionedEvent) []store.PositionedEvent {
	t.Helper()
	for {
		last := int64(0)
		if len(read) > 0 {
			last = read[len(read)-1].Position
		}
		more, err := s.EventsAfter(t.Context(), last, 7)
		testkit.Check(t, err)
		if len(more) == 0 {
			return read
		}
		read = append(read, more...)
	}
}

// Despite concurrent writes and rollbacks, a reader that follows the positions sees every committed event once, in the
// same order as one that starts later.
func TestPositionsOfConcurrentWriters(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var writers, beside sync.WaitGroup
	var done atomic.Bool
	for range 2 { // two nodes may do the work while a lease changes hands
		beside.Go(func() {
			q := store.NewSequencer(s)
			for !done.Load() {
				testkit.Check(t, q.Run(t.Context()))
			}
		})
	}
	var read []store.PositionedEvent
	beside.Go(func() {
		for !done.Load() {
			read = follow(t, s, read)
		}
	})
	var mu sync.Mutex
	var committed []string
	for w := range 8 {
		writers.Go(func() {
			for i := range 30 {
				name := fmt.Sprintf("%d of %d", i, w)
				if undone := writeEvents(t, s, name, i%3 == 2); !undone {
					mu.Lock()
					committed = append(committed, name, name+" again")
					mu.Unlock()
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	beside.Wait()
	testkit.Check(t, store.NewSequencer(s).Run(t.Context()))
	read = follow(t, s, read)
	var seen []string
	for i, e := range read {
		seen = append(seen, e.Text)
		if e.Position != int64(i+1) {
			t.Fatalf("the event %d has the position %d", i+1, e.Position)
		}
	}
	if diff := cmp.Diff(read, follow(t, s, nil)); diff != "" {
		t.Errorf("the order has changed (-first +later):\n%s", diff)
	}
	slices.Sort(seen)
	slices.Sort(committed)
	if diff := cmp.Diff(committed, seen); diff != "" {
		t.Errorf("the events that were read (-committed +read):\n%s", diff)
	}
}

// writeEvents writes two events, the second one after a query, and optionally rolls back.
func writeEvents(t *testing.T, s *store.Store, name string, undo bool) (undone bool) {
	refused := errors.New("undone")
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		for _, text := range []string{name, name + " again"} {
			if err := tx.Event(notary.Event{Action: "test", Text: text}); err != nil {
				return err
			}
			if _, _, err := tx.NewestEvent(t.Context()); err != nil { // flushes
				return err
			}
		}
		if undo {
			return refused
		}
		return nil
	})
	if !errors.Is(err, refused) {
		testkit.Check(t, err)
	}
	return undo
}

// A PostgreSQL transaction that draws an ID before others and commits after them is not missed.
func TestPositionOfALateCommit(t *testing.T) {
	t.Parallel()
	s, _ := openAt(t, testkit.Postgres(t))
	q := store.NewSequencer(s)
	drawn, commit := make(chan struct{}), make(chan struct{})
	var late sync.WaitGroup
	late.Go(func() {
		testkit.Check(t, s.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.Event(notary.Event{Action: "test", Text: "late"}); err != nil {
				return err
			}
			_, _, err := tx.NewestEvent(t.Context()) // flushes
			close(drawn)
			<-commit
			return err
		}))
	})
	<-drawn
	writeEvents(t, s, "early", false)
	wantPositions := func(completeUpTo string, want ...string) {
		t.Helper()
		for range 3 {
			testkit.Check(t, q.Run(t.Context()))
		}
		var got []string
		for _, e := range follow(t, s, nil) {
			got = append(got, e.Text)
		}
		upTo, err := s.Agreed(t.Context(), complete)
		testkit.Check(t, err)
		if diff := cmp.Diff(want, got); diff != "" || upTo != completeUpTo {
			t.Errorf("complete up to %s, want %s; the events (-want +got):\n%s", upTo, completeUpTo, diff)
		}
	}
	wantPositions("0", "early", "early again")
	writeEvents(t, s, "undone", true)
	close(commit)
	late.Wait()
	wantPositions("3", "early", "early again", "late")
}

// Without new events the sequencer writes nothing.
func TestSequencerOfAnIdleDatabase(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	q := store.NewSequencer(s)
	writeEvents(t, s, "one", false)
	testkit.Check(t, q.Run(t.Context()))
	before, err := s.Agreed(t.Context(), complete)
	testkit.Check(t, err)
	if before != "2" {
		t.Fatalf("complete up to %s, want 2", before)
	}
	testkit.Check(t, s.Write(t.Context(), func(tx *store.Tx) error {
		testkit.Check(t, q.Run(t.Context())) // would wait for this transaction on SQLite
		return nil
	}))
}

// One run gives a position to every event, however many there are, and says so after each batch: under a load that
// never ends, no run reads them again.
func TestPositionsOfManyBatches(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	q := store.NewSequencer(s)
	testkit.Check(t, s.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 2_500 {
			err := tx.Event(notary.Event{Action: fmt.Sprint(i)})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	testkit.Check(t, q.Run(t.Context()))
	if up, err := s.Agreed(t.Context(), complete); err != nil || up != "2500" {
		t.Errorf("complete up to %s, want 2500: %v", up, err)
	}
	read := follow(t, s, nil)
	for i, e := range read {
		if e.Position != int64(i+1) || e.Action != fmt.Sprint(i) {
			t.Fatalf("event %d is %s at position %d", i, e.Action, e.Position)
		}
	}
	if len(read) != 2_500 {
		t.Errorf("%d events have positions, want 2500", len(read))
	}
}
