package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// short are limits that a server which hangs soon exceeds, and a busy machine sometimes: see [patiently].
var short = store.Limit(2*time.Second, 2*time.Second, time.Second)

// openHung opens a database whose server keeps its connections, accepts new ones and answers none.
func openHung(t *testing.T) (s *store.Store, thaw func()) {
	t.Helper()
	p := newProxy(t, testkit.Postgres(t))
	s = openShort(t, p)
	thaw = p.freeze()
	t.Cleanup(func() {
		thaw()
		testkit.Check(t, s.Close())
	})
	return s, thaw
}

func openShort(t *testing.T, p *proxy) (s *store.Store) {
	t.Helper()
	testkit.Check(t, patiently(t, func() (err error) {
		s, err = store.Open(t.Context(), p.url, time.Now, short...)
		return err
	}))
	return s
}

// patiently repeats a call while the database does not answer within its limits, until the test's time limit.
func patiently(t *testing.T, fn func() error) (err error) {
	for err = fn(); notary.KindOf(err) == notary.Unavailable && t.Context().Err() == nil; err = fn() {
	}
	return err
}

func wantLate(t *testing.T, err error) {
	t.Helper()
	wantUnavailable(t, err)
	var e *notary.Error
	if !errors.As(err, &e) || e.RetryAfter <= 0 {
		t.Errorf("%v has no retry time", err)
	}
}

// A read of a server that hangs fails, even if more callers wait than the pool has connections, and succeeds once the
// server answers again.
func TestPostgresHungRead(t *testing.T) {
	t.Parallel()
	s, thaw := openHung(t)
	reads := map[string]func() error{
		"row":  func() error { _, err := s.Request(t.Context(), 1); return err },
		"list": func() error { _, err := s.Authorities(t.Context()); return err },
		"page": func() error { _, err := s.Requests(t.Context(), notary.Query{Limit: 10}); return err },
		"whole list": func() error {
			return s.EachRequest(t.Context(), notary.Filter{}, func(*notary.Request) error { return nil })
		},
		"revocations": func() error {
			_, err := s.EachRevocation(t.Context(), 1, 0, time.Now(), func(notary.Revocation) error { return nil })
			return err
		},
		"invariants": func() error { return archive.CheckInvariants(t.Context(), s) },
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) { wantLate(t, read()) })
	}
	for _, err := range testkit.Race(100, func(int) error { return reads["row"]() }) {
		wantLate(t, err)
	}
	thaw()
	testkit.Check(t, patiently(t, reads["list"]))
}

// A server that hangs between two entries ends the list with an error, and the next list is complete.
func TestPostgresHungList(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	direct, _ := openAt(t, database)
	a := newAuthority(t, direct)
	const first, second = "7e57000000000001", "7e57000000000002"
	write(t, direct, func(tx *store.Tx) error {
		return tx.ImportRevocations(a.ID, []notary.Revocation{
			{Serial: first, At: time.Now(), Reason: notary.Superseded},
			{Serial: second, At: time.Now(), Reason: notary.Superseded}})
	})
	p := newProxy(t, database)
	s := openShort(t, p)
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	var serials []string
	read := func() error {
		serials = nil
		_, err := s.EachRevocation(ctx, a.ID, 0, time.Time{}, func(v notary.Revocation) error {
			serials = append(serials, v.Serial)
			return nil
		})
		return err
	}
	var thaw func()
	for len(serials) == 0 && ctx.Err() == nil { // late before the first entry on a busy machine
		if thaw != nil {
			thaw()
		}
		thaw = p.freezeBefore(second)
		wantLate(t, read())
	}
	if ctx.Err() != nil {
		t.Fatal("the reader ended the list, not the store")
	}
	if !slices.Equal(serials, []string{first}) {
		t.Errorf("the server hung after %q, want it to hang after the first entry", serials)
	}
	thaw()
	testkit.Check(t, patiently(t, read))
	if !slices.Equal(serials, []string{first, second}) {
		t.Errorf("the entries are %q", serials)
	}
}

// A write to a server that hangs either changes nothing or, once the COMMIT was sent, has an unknown outcome.
func TestPostgresHungWrite(t *testing.T) {
	t.Parallel()
	s, thaw := openHung(t)
	runs := 0
	wantLate(t, s.Write(t.Context(), func(tx *store.Tx) error {
		runs++
		_, err := tx.Authority(t.Context(), 1)
		return err
	}))
	if runs > 1 {
		t.Errorf("the transaction ran %d times: the caller waited for each", runs)
	}
	thaw()
	testkit.Check(t, patiently(t, func() error { return wantNoRequest(t, s) }))
	testkit.Check(t, patiently(t, func() error { _, err := insertedRequest(t, s); return err }))
}

func wantNoRequest(t *testing.T, s *store.Store) error {
	return s.EachRequest(t.Context(), notary.Filter{}, func(req *notary.Request) error {
		t.Errorf("the request %d was recorded", req.ID)
		return nil
	})
}

func insertedRequest(t *testing.T, s *store.Store) (id int64, err error) {
	t.Helper()
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		id, err = insertRequest(tx, 1, 1)
		return err
	})
	return id, err
}

// A server that hangs during the COMMIT may make the change afterwards.
func TestPostgresHungCommit(t *testing.T) {
	t.Parallel()
	p := newProxy(t, testkit.Postgres(t))
	s := openShort(t, p)
	defer s.Close()
	var thaw func()
	var err error
	for thaw == nil && t.Context().Err() == nil { // late before the COMMIT on a busy machine
		err = s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, 1)
			if err == nil {
				thaw = p.freeze()
			}
			return err
		})
	}
	thaw()
	testkit.WantKind(t, err, notary.OutcomeUnknown)
}

// The store closes while its server hangs, even with transactions in progress.
func TestPostgresHungClose(t *testing.T) {
	t.Parallel()
	p := newProxy(t, testkit.Postgres(t))
	hour := time.Hour // only the stop timeout ends it
	s, err := store.Open(t.Context(), p.url, time.Now, store.Limit(hour, hour, 100*time.Millisecond)...)
	testkit.Check(t, err)
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Write(context.Background(), func(tx *store.Tx) error {
			if _, err := tx.Authorities(t.Context()); err != nil {
				return err
			}
			p.freeze()
			close(begun)
			return nil
		})
	}()
	<-begun
	testkit.Check(t, s.Close())
	testkit.WantKind(t, <-ended, notary.OutcomeUnknown)
}

// A node whose connection went silent receives changes again once the server answers.
func TestPostgresHungWatch(t *testing.T) {
	t.Parallel()
	s, thaw := openHung(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	notified := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		s.Watch(ctx, func(topic string) { notified <- topic })
		close(ended)
	}()
	wantLate(t, s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Authorities(t.Context()); return err }))
	select {
	case topic := <-notified:
		t.Errorf("a server that hangs notified %s", topic)
	default:
	}
	thaw()
	<-notified // reconnected
	stop()
	<-ended
}
