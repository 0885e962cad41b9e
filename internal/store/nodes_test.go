package store_test

import (
	"context"
	"testing"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// When nodes start together on an empty database, one creates the schema, once.
func TestNodesOpenTogether(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	const nodes = 6
	var stores [nodes]*store.Store
	for i, err := range testkit.Race(nodes, func(i int) (err error) {
		stores[i], err = store.Open(t.Context(), database, time.Now, testkit.Patient...)
		return err
	}) {
		if err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
		newRequest(t, stores[i], 1, i)
	}
	var twice int
	testkit.Check(t, testkit.SQL(t, database).QueryRow(
		`SELECT COUNT(*) - COUNT(DISTINCT version_id) FROM goose_db_version`).Scan(&twice))
	if twice != 0 {
		t.Errorf("%d migrations were applied more than once", twice)
	}
	wantRequests(t, stores[0], nodes)
	testkit.Check(t, archive.CheckInvariants(t.Context(), stores[0]))
	for _, s := range stores {
		testkit.Check(t, s.Close())
	}
}

// A node keeps the lease until it stops renewing it.
func TestNodesLease(t *testing.T) {
	t.Parallel()
	database, clock := testkit.Postgres(t), testkit.NewClock()
	openNode := func() *store.Store {
		s, err := store.Open(t.Context(), database, clock.Now, testkit.Patient...)
		testkit.Check(t, err)
		t.Cleanup(func() { testkit.Check(t, s.Close()) })
		return s
	}
	first, second := openNode(), openNode()
	const term = 20 * time.Second
	want := func(when string, s *store.Store, holder string, want bool) {
		t.Helper()
		had, err := s.Lease(t.Context(), "work", holder, term)
		testkit.Check(t, err)
		if had != want {
			t.Errorf("%s: %s has the lease: %v, want %v", when, holder, had, want)
		}
	}
	want("at the start", first, "first", true)
	want("while the first has it", second, "second", false)
	clock.Advance(15 * time.Second)
	want("in time", first, "first", true)
	clock.Advance(15 * time.Second) // more than a term after the start
	want("after it was renewed", second, "second", false)
	clock.Advance(4 * time.Second)
	want("a second before the end of the term", second, "second", false)
	clock.Advance(time.Second)
	want("after the term", second, "second", true)
	want("once the second has it", first, "first", false)

	other, err := first.Lease(t.Context(), "other work", "first", term)
	if err != nil || !other {
		t.Errorf("another lease is held: %v (%v)", other, err)
	}
}

func TestOneNodeGetsTheLease(t *testing.T) {
	t.Parallel()
	s, clock := openAt(t, testkit.Postgres(t))
	const term = 20 * time.Second
	for _, round := range []string{"that is new", "that has ended"} {
		had := make([]bool, 16)
		for _, err := range testkit.Race(len(had), func(i int) (err error) {
			had[i], err = s.Lease(t.Context(), "work", store.NodeID(), term)
			return err
		}) {
			testkit.Check(t, err)
		}
		holders := 0
		for _, one := range had {
			if one {
				holders++
			}
		}
		if holders != 1 {
			t.Errorf("a lease %s was granted to %d", round, holders)
		}
		clock.Advance(term)
	}
}

// On SQLite there are no other nodes: the lease is always granted.
func TestLeaseOnSQLite(t *testing.T) {
	t.Parallel()
	s, _ := openAt(t, t.TempDir()+"/notary.db")
	for _, holder := range []string{"first", "second"} {
		had, err := s.Lease(t.Context(), "work", holder, time.Minute)
		if err != nil || !had {
			t.Errorf("the lease is held: %v (%v)", had, err)
		}
	}
}

func TestNodesAgree(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	first, _ := openAt(t, database)
	second, _ := openAt(t, database)
	agreed := make([]string, 16)
	for _, err := range testkit.Race(len(agreed), func(i int) (err error) {
		agreed[i], err = []*store.Store{first, second}[i%2].Agree(t.Context(), "word", store.NodeID())
		return err
	}) {
		testkit.Check(t, err)
	}
	for _, word := range agreed {
		if word != agreed[0] || word == "" {
			t.Fatalf("the nodes agreed on %q", agreed)
		}
	}
	word, err := second.Agreed(t.Context(), "word")
	if err != nil || word != agreed[0] {
		t.Errorf("afterwards it is %q (%v), want %q", word, err, agreed[0])
	}
	if nothing, err := first.Agreed(t.Context(), "another"); err != nil || nothing != "" {
		t.Errorf("before an agreement it is %q (%v)", nothing, err)
	}
}

// A node is notified of each change on another one, even if its listening connection is lost and restored.
func TestNodesWatch(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	here, _ := openAt(t, database)
	there, _ := openAt(t, database, store.Database(db.PollInterval(24*time.Hour)))
	notified := make(chan string, 1000)
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		there.Watch(ctx, func(topic string) {
			if topic == store.Authorities { // it is notified of all topics when it starts listening
				notified <- topic
			}
		})
		close(watched)
	}()
	change := func() {
		write(t, here, func(tx *store.Tx) error { return store.Changed(tx, store.Authorities) })
	}
	// Nothing is polled during the test: changes arrive by notification only.
	changes := func(n int) {
		t.Helper()
		enough := time.After(testkit.Patience)
		for i := range n {
			change()
			select {
			case <-notified:
			case <-enough:
				t.Fatalf("of %d changes the other node was notified of %d", n, i)
			}
		}
	}
	listener := awaitListener(t, database, "")
	changes(20)

	for len(notified) > 0 {
		<-notified
	}
	execute(t, database, `SELECT pg_terminate_backend(`+listener+`, 10000)`)
	change()
	<-notified // bounded by the test's timeout
	awaitListener(t, database, listener)
	changes(20)

	stop()
	<-watched
}

// awaitListener waits until a connection other than before is listening.
func awaitListener(t *testing.T, database, before string) (pid string) {
	t.Helper()
	db := testkit.SQL(t, database)
	deadline := time.Now().Add(testkit.Patience)
	for time.Now().Before(deadline) {
		err := db.QueryRow(`SELECT COALESCE(MAX(CAST(pid AS TEXT)), '') FROM pg_stat_activity
			WHERE datname = current_database() AND query = 'LISTEN notary' AND state = 'idle'`).Scan(&pid)
		testkit.Check(t, err)
		if pid != "" && pid != before {
			return pid
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("no connection is listening")
	return ""
}

// A change that is rolled back notifies no one.
func TestRolledBackChangesAreNotNotified(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	s, _ := openAt(t, database)
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		if err := store.Changed(tx, store.Authorities); err != nil {
			return err
		}
		return notary.Errorf(notary.Conflict, "no")
	})
	testkit.WantKind(t, err, notary.Conflict)
	var changes int
	testkit.Check(t, testkit.SQL(t, database).QueryRow(
		`SELECT COUNT(*) FROM counter WHERE name LIKE 'changes%'`).Scan(&changes))
	if changes != 0 {
		t.Errorf("%d changes are counted", changes)
	}
}
