package cli

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func TestFailover(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	t.Run("a node is killed and the database is unavailable", func(t *testing.T) { nodeAndDatabaseAway(t, binary) })
	t.Run("a standby replaces its primary", func(t *testing.T) { standbyTakesOver(t, binary) })
}

// One of two nodes is killed, then the database crashes and is unavailable for a while.
func nodeAndDatabaseAway(t *testing.T, binary string) {
	postgres := testkit.StartCluster(t, "fsync = off") // a kill does not lose unsynced writes
	postgres.Exec(t, `CREATE DATABASE notary`)
	c := newCluster(t, binary, postgres.URL("notary"))
	first, second := c.start(t), c.start(t)
	l := loadOn(t, first, second)
	stop := l.startLoad(t)
	l.await(t, 300)

	first.kill()
	l.await(t, 200) // the other node continues
	whole := l.calls()

	postgres.Kill(t)
	l.awaitUntil(t, "calls refused with a time to try again",
		func(now calls) bool { return now.refused >= whole.refused+100 })
	postgres.Start(t)
	t.Logf("acknowledged: %d with both nodes and with one", whole.acknowledged)
	t.Logf("the node serves %.2f s after the database does", l.await(t, 1).Seconds())
	l.await(t, 200)
	stop()
	l.client = l.nodes[1]
	l.finish(t, second, c.database)
}

// The database is a primary with a synchronous standby. The primary is killed.
func standbyTakesOver(t *testing.T, binary string) {
	primary := testkit.StartCluster(t, "fsync = off", "synchronous_commit = on")
	standby := primary.Standby(t)
	primary.Exec(t, `ALTER SYSTEM SET synchronous_standby_names = '`+standby.Name+`'`)
	primary.Exec(t, `SELECT pg_reload_conf()`)
	awaitSynchronous(t, primary)
	primary.Exec(t, `CREATE DATABASE notary`)
	c := newCluster(t, binary, eitherOf(t, primary.URL("notary"), standby.URL("notary")))
	node := c.start(t)
	l := loadOn(t, node)
	wantReadOnly(t, standby.URL("notary"))
	stop := l.startLoad(t)
	l.await(t, 300)

	primary.Kill(t)
	whole, killed := l.calls(), time.Now()
	standby.Promote(t)
	t.Logf("%d calls were acknowledged when the primary was killed; the standby was promoted %.2f s later",
		whole.acknowledged, time.Since(killed).Seconds())
	t.Logf("the node serves %.2f s after that", l.await(t, 1).Seconds())
	l.await(t, 200)
	stop()
	l.finish(t, node, standby.URL("notary"))
}

func awaitSynchronous(t *testing.T, primary *testkit.Cluster) {
	t.Helper()
	db := testkit.SQL(t, primary.URL("postgres"))
	for deadline := time.Now().Add(testkit.Patience); ; time.Sleep(20 * time.Millisecond) {
		var synchronous bool
		testkit.Check(t, db.QueryRow(`SELECT COUNT(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'`).Scan(
			&synchronous))
		if synchronous {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the standby is not synchronous")
		}
	}
}

func eitherOf(t *testing.T, first, second string) string {
	t.Helper()
	one, err := url.Parse(first)
	testkit.Check(t, err)
	other, err := url.Parse(second)
	testkit.Check(t, err)
	one.Host += "," + other.Host
	one.RawQuery += "&target_session_attrs=read-write"
	return one.String()
}

func wantReadOnly(t *testing.T, database string) {
	t.Helper()
	st, err := store.Open(t.Context(), database, time.Now)
	testkit.Check(t, err)
	defer st.Close()
	err = st.Write(t.Context(), func(tx *store.Tx) error {
		return tx.Event(notary.EventBy(notary.SystemCaller, "test", notary.NewRef("test", 1, "")))
	})
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "the database cannot be written at the moment, so nothing was changed: try again")
	var e *notary.Error
	if errors.As(err, &e); e.RetryAfter <= 0 {
		t.Errorf("the error %v has no retry time", err)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), st))
}

// startLoad drives the nodes with 64 clients until stop is called.
func (l *load) startLoad(t *testing.T) (stop func()) {
	t.Helper()
	ctx, enough := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.underLoad(ctx, t, 64, operations(100_000))
	}()
	stop = func() {
		enough()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// calls are numbers of calls so far.
type calls struct{ acknowledged, unanswered, refused int }

func (l *load) calls() calls {
	l.mu.Lock()
	defer l.mu.Unlock()
	return calls{l.acknowledged, l.unanswered, l.refused}
}

func (l *load) await(t *testing.T, n int) time.Duration {
	t.Helper()
	before, begun := l.calls(), time.Now()
	l.awaitUntil(t, "more calls acknowledged",
		func(now calls) bool { return now.acknowledged >= before.acknowledged+n })
	return time.Since(begun)
}

func (l *load) awaitUntil(t *testing.T, what string, done func(calls) bool) {
	t.Helper()
	for begun := time.Now(); !done(l.calls()); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > testkit.Patience {
			t.Fatalf("timed out waiting for %s: %+v", what, l.calls())
		}
	}
}

// finish compares the database with the ledger, stops the last node and checks the database.
func (l *load) finish(t *testing.T, last *process, database string) {
	t.Helper()
	lost := l.lostCreates
	for _, r := range l.requests {
		lost += r.lostSigns + r.lostRevokes
	}
	t.Logf("%d calls were acknowledged, of %d requests; %d got no answer or were refused, of which %d have an "+
		"unknown outcome; CRL number %d", l.acknowledged, len(l.requests), l.unanswered, lost, l.crl)
	l.verify(t)
	last.kill()
	checkWhole(t, database)
}
