package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// hold keeps the writer busy until release is called, so that writes join its commit, which may fail with a full
// disk.
func hold(t *testing.T, s *store.Store) (release func()) {
	t.Helper()
	began, end := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	wait, err := store.Enqueue(s, func(*store.Tx) error {
		begin()
		<-end
		return nil
	})
	testkit.Check(t, err)
	<-began
	release = sync.OnceFunc(func() {
		close(end)
		if err := wait(); notary.KindOf(err) != notary.Unavailable {
			testkit.Check(t, err)
		}
	})
	t.Cleanup(release)
	return release
}

// Concurrent writes share a commit, but a failure of one does not affect the others.
func TestSQLiteWritesOfOneCommitAreIndependent(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	broken := errors.New("broken on purpose")
	behaviour := []struct {
		name string
		then func(tx *store.Tx) error
		kind notary.Kind
		is   error
	}{
		{"succeeds", func(*store.Tx) error { return nil }, "", nil},
		{"fails", func(*store.Tx) error { return broken }, notary.Internal, broken},
		{"panics", func(*store.Tx) error { panic("on purpose") }, notary.Internal, nil},
		{"breaks a rule", func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, 0) // already exists
			return err
		}, notary.Conflict, nil},
		{"is no SQL", func(tx *store.Tx) error { return store.Exec(tx, `NONSENSE`) }, notary.Internal, nil},
		{"ignores an error", func(tx *store.Tx) error {
			_ = store.Exec(tx, `INSERT INTO request_csr (request_id, csr) VALUES (1, 'twice')`)
			return nil
		}, "", nil},
	}
	newRequest(t, s, 1, 0)
	release := hold(t, s)
	const n = 60
	waits, ids := make([]func() error, n), make([]int64, n)
	for i := range n {
		var err error
		waits[i], err = store.Enqueue(s, func(tx *store.Tx) (err error) {
			if ids[i], err = insertRequest(tx, 1, 1+i); err != nil {
				return err
			}
			return behaviour[i%len(behaviour)].then(tx)
		})
		testkit.Check(t, err)
	}
	release()
	kept := int64(1)
	for i, wait := range waits {
		want := behaviour[i%len(behaviour)]
		err := wait()
		if notary.KindOf(err) != want.kind || want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("write %d, which %s: got error %v, want kind %q", i, want.name, err, want.kind)
		}
		if want.kind == "" {
			kept++
			getRequest(t, s, ids[i])
		}
	}
	summary, err := s.Summary(t.Context(), testkit.NewClock().Now())
	testkit.Check(t, err)
	if got := summary.Requests[notary.Outstanding]; got != kept {
		t.Errorf("%d requests are counted, want those of the %d writes that succeeded", got, kept)
	}
	var there int64
	testkit.Check(t, s.EachRequest(t.Context(), notary.Filter{}, func(*notary.Request) error { there++; return nil }))
	if there != kept {
		t.Errorf("%d requests are there, want those of the %d writes that succeeded", there, kept)
	}
}

func TestConcurrentWrites(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	const n = 4 * store.MaxBatch
	odd := errors.New("odd")
	for i, err := range testkit.Race(n, func(i int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := insertRequest(tx, 1, i); err != nil {
				return err
			}
			if i%2 == 1 {
				return fmt.Errorf("%w: %d", odd, i)
			}
			return nil
		})
	}) {
		if i%2 == 0 && err != nil {
			t.Errorf("write %d: %v", i, err)
		} else if i%2 == 1 && (!errors.Is(err, odd) || err.Error() != fmt.Sprintf("odd: %d", i)) {
			t.Errorf("write %d has the error of another: %v", i, err)
		}
	}
	var numbers []string
	testkit.Check(t, s.EachRequest(t.Context(), notary.Filter{}, func(req *notary.Request) error {
		numbers = append(numbers, req.Fingerprint[32:])
		return nil
	}))
	if len(numbers) != n/2 {
		t.Errorf("%d requests are there, want %d", len(numbers), n/2)
	}
}

// A transaction reads its own writes; no one else does before the commit.
func TestUncommittedChangesAreInvisible(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var inside, outside error
	write(t, s, func(tx *store.Tx) error {
		id, err := insertRequest(tx, 1, 1)
		if err != nil {
			return err
		}
		_, inside = tx.Request(t.Context(), id)
		_, outside = s.Request(t.Context(), id)
		return nil
	})
	testkit.Check(t, inside)
	testkit.WantKind(t, outside, notary.NotFound)
	getRequest(t, s, 1)
}

func TestSQLiteFullQueue(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	release := hold(t, s)
	var waits []func() error
	for i := range store.MaxWaiting {
		wait, err := store.Enqueue(s, func(tx *store.Tx) error {
			return tx.Event(notary.Event{Action: "test", Object: notary.Ref{ID: int64(i)}})
		})
		testkit.Check(t, err)
		waits = append(waits, wait)
	}
	err := s.Write(t.Context(), func(*store.Tx) error {
		t.Error("a refused write ran")
		return nil
	})
	wantUnavailable(t, err, "too many changes are waiting")

	release()
	for _, wait := range waits {
		testkit.Check(t, wait())
	}
	newRequest(t, s, 1, 1) // the queue has room again
}

func wantUnavailable(t *testing.T, err error, words ...string) {
	t.Helper()
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, append(words, "nothing was changed: try again")...)
	var e *notary.Error
	if errors.As(err, &e); e.RetryAfter <= 0 {
		t.Errorf("the error %v has no retry time", err)
	}
}

// Canceling the caller's context aborts only a write that has not started.
func TestContextOfWrite(t *testing.T) {
	t.Parallel()
	s, _ := open(t)

	t.Run("ends before its turn", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Write(ctx, func(*store.Tx) error {
			t.Error("the write ran")
			return nil
		})
		wantUnavailable(t, err, "canceled before it began")
	})
	t.Run("ends while it runs", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var id int64
		testkit.Check(t, s.Write(ctx, func(tx *store.Tx) (err error) {
			if id, err = insertRequest(tx, 1, 1); err != nil {
				return err
			}
			cancel()
			_, err = tx.Request(ctx, id)
			return err
		}))
		getRequest(t, s, id)
	})
}

func TestSQLiteCloseFinishesQueuedWrites(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	began, end := make(chan struct{}), make(chan struct{})
	first, err := store.Enqueue(w.Store, func(*store.Tx) error {
		close(began)
		<-end
		return nil
	})
	testkit.Check(t, err)
	<-began
	second, err := store.Enqueue(w.Store, func(tx *store.Tx) error {
		_, err := insertRequest(tx, 1, 1)
		return err
	})
	testkit.Check(t, err)
	close(end)
	w.Reopen(t)
	testkit.Check(t, first())
	testkit.Check(t, second())
	getRequest(t, w.Store, 1)
}

// For SQLite a full disk is a file that must not grow. Writes fail as unavailable and leave nothing half done; reads
// continue; once there is room, writes succeed again.
func TestSQLiteFullDisk(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	pages := func(limit int) {
		write(t, s, func(tx *store.Tx) error {
			return store.Exec(tx, fmt.Sprintf(`PRAGMA max_page_count = %d`, limit))
		})
	}
	before := newRequest(t, s, 1, 0)
	pages(1) // less than in use: the file cannot grow

	var full error
	written := 0
	for ; full == nil && written < 1000; written++ { // fill the free space of existing pages
		full = s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, 1+written)
			return err
		})
	}
	written-- // the last one failed
	wantUnavailable(t, full, "disk is full")
	if got := getRequest(t, s, before.ID); !cmp.Equal(before, got) {
		t.Error("an existing request is gone")
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), s))

	// Writes that share a commit with one that finds the disk full learn correctly whether their own change was kept.
	release := hold(t, s)
	waits := map[string]func() error{}
	for _, key := range []string{"before", "full", "after"} {
		wait, err := store.Enqueue(s, func(tx *store.Tx) error {
			if err := tx.ReportCompromised(key); err != nil || key != "full" {
				return err
			}
			return tx.Event(notary.Event{Action: "test", Text: strings.Repeat("long", 1<<18)})
		})
		testkit.Check(t, err)
		waits[key] = wait
	}
	release()
	for key, wait := range waits {
		acknowledged := wait()
		there, err := s.Compromised(t.Context(), key)
		testkit.Check(t, err)
		if there != (acknowledged == nil) {
			t.Errorf("the change %q was answered with %v, and is there: %v", key, acknowledged, there)
		}
		if acknowledged != nil {
			wantUnavailable(t, acknowledged)
		} else if key == "full" {
			t.Error("a full disk accepted a megabyte")
		}
	}

	pages(1 << 30)
	for i := range 100 {
		newRequest(t, s, 2, i)
	}
	summary, err := s.Summary(t.Context(), clock.Now())
	testkit.Check(t, err)
	if got, want := summary.Requests[notary.Outstanding], int64(1+written+100); got != want {
		t.Errorf("%d requests are counted, want %d", got, want)
	}
}

// A write that ends the goroutine, like t.Fatal, leaves no caller waiting.
func TestSQLiteWriterEnds(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, fn := range []func(*store.Tx) error{
		func(*store.Tx) error { runtime.Goexit(); return nil },
		func(*store.Tx) error { return nil },
	} {
		testkit.WantKind(t, s.Write(t.Context(), fn), notary.Internal)
	}
}
