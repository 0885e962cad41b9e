package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

func terminate(t *testing.T, database string, tx *store.Tx) {
	t.Helper()
	pid, err := store.QueryTextTx(tx, `SELECT CAST(pg_backend_pid() AS TEXT)`)
	testkit.Check(t, err)
	execute(t, database, `SELECT pg_terminate_backend(`+pid+`, 10000)`)
}

// A connection lost before the commit has changed nothing: the transaction is retried once on another one.
func TestPostgresConnectionLostOnce(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	s, _ := openAt(t, database)
	for name, when := range map[string]int{"at the first statement": 0, "after the last": 1} {
		before, runs := countRequests(t, s), 0
		testkit.Check(t, s.Write(t.Context(), func(tx *store.Tx) error {
			if runs++; runs == 1 && when == 0 {
				terminate(t, database, tx)
			}
			if _, err := insertRequest(tx, 1, before); err != nil {
				return err
			}
			if runs == 1 && when == 1 {
				terminate(t, database, tx)
			}
			return nil
		}))
		if runs != 2 {
			t.Errorf("%s: it was run %d times, want twice", name, runs)
		}
		wantRequests(t, s, before+1)
	}
}

// The same holds if the connection was lost since its last use, whatever cleanup the driver does on it first.
func TestPostgresConnectionLostBefore(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	s, _ := openAt(t, database)
	before := map[string]func(*store.Tx) error{
		"a transaction that went through": func(*store.Tx) error { return nil },
		"one of which a statement failed": func(tx *store.Tx) error { return tx.Event(notary.Event{Action: "\x00"}) },
	}
	for name, last := range before {
		requests := countRequests(t, s)
		_ = s.Write(t.Context(), last)
		execute(t, database, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, requests)
			return err
		})
		if err != nil {
			t.Errorf("after %s: %v", name, err)
			continue
		}
		wantRequests(t, s, requests+1)
	}
}

// If the second connection is lost too, the caller is asked to retry.
func TestPostgresConnectionLostTwice(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	s, _ := openAt(t, database)
	runs := 0
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		runs++
		if _, err := insertRequest(tx, 1, 1); err != nil {
			return err
		}
		terminate(t, database, tx)
		return nil
	})
	wantUnavailable(t, err, "the database cannot be reached at the moment")
	if runs != 2 {
		t.Errorf("it was run %d times, want twice", runs)
	}
	wantRequests(t, s, 0)
}

func countRequests(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	testkit.Check(t, s.EachRequest(t.Context(), notary.Filter{}, func(*notary.Request) error { n++; return nil }))
	return n
}

// If the connection is lost around the COMMIT, the outcome is unknown, and the transaction is not retried.
func TestPostgresCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	p := newProxy(t, testkit.Postgres(t))
	s, _ := openAt(t, p.url+"&default_query_exec_mode=exec") // sends each statement's text
	requests := 0
	for n, what := range []loss{beforeCommit, afterCommit} {
		runs := 0
		p.lose(what)
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			runs++
			_, err := insertRequest(tx, 1, n)
			return err
		})
		testkit.WantKind(t, err, notary.OutcomeUnknown)
		testkit.WantText(t, err, "may or may not have been made: check before you try again")
		if runs != 1 {
			t.Errorf("it was run %d times, want once", runs)
		}
		if what == afterCommit {
			requests++
		}
		wantRequests(t, s, requests)
	}
}

// A transaction that the server has aborted is not committed, even if its function ignored the error.
func TestPostgresIgnoredError(t *testing.T) {
	t.Parallel()
	s, _ := openAt(t, testkit.Postgres(t))
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.Event(notary.Event{Action: "test"}); err != nil {
			return err
		}
		_ = store.Exec(tx, `NONSENSE`)
		return nil
	})
	testkit.WantKind(t, err, notary.Internal)
}

// All connections are closed repeatedly during many writes. Acknowledged changes are stored, rejected ones are not.
func TestPostgresConnectionsLostUnderLoad(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	s, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer s.Close()
	const writers, each = 32, 20
	var mu sync.Mutex
	acknowledged, refused, unknown := map[string]bool{}, 0, map[string]bool{}
	testkit.Check(t, errors.Join(testkit.Race(writers+1, func(i int) error {
		if i == writers {
			for range 10 {
				time.Sleep(20 * time.Millisecond)
				execute(t, database, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			}
			return nil
		}
		for n := range each {
			key := fmt.Sprintf("key %d-%d", i, n)
			err := s.Write(t.Context(), func(tx *store.Tx) error {
				if err := tx.ReportCompromised(key); err != nil {
					return err
				}
				_, err := insertRequest(tx, int64(1+i), n)
				return err
			})
			mu.Lock()
			switch {
			case err == nil:
				acknowledged[key] = true
			case notary.KindOf(err) == notary.OutcomeUnknown:
				unknown[key] = true
			case notary.KindOf(err) == notary.Unavailable && strings.Contains(err.Error(), "nothing was changed"):
				refused++
			default:
				t.Errorf("%s: %v", key, err)
			}
			mu.Unlock()
		}
		return nil
	})...))
	t.Logf("%d acknowledged, %d refused, %d unknown", len(acknowledged), refused, len(unknown))
	look, _ := openAt(t, database) // on open connections
	there := 0
	for i := range writers {
		for n := range each {
			key := fmt.Sprintf("key %d-%d", i, n)
			is, err := look.Compromised(t.Context(), key)
			testkit.Check(t, err)
			if is {
				there++
			}
			if is != acknowledged[key] && !unknown[key] {
				t.Errorf("%s is there: %v, and was acknowledged: %v", key, is, acknowledged[key])
			}
		}
	}
	wantRequests(t, look, there)
}

func TestPostgresDeadlock(t *testing.T) {
	t.Parallel()
	s, _ := openAt(t, testkit.Postgres(t))
	var both sync.WaitGroup // both have their first lock
	both.Add(2)
	runs := [2]int{}
	testkit.Check(t, errors.Join(testkit.Race(2, func(i int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := insertRequest(tx, 1, i); err != nil {
				return err
			}
			if err := tx.LockAccount(int64(1 + i)); err != nil {
				return err
			}
			if _, err := tx.HasAccounts(t.Context()); err != nil { // this may have waited for the lock
				return err
			}
			if _, err := tx.HasAccounts(t.Context()); err != nil { // flushes
				return err
			}
			if runs[i]++; runs[i] == 1 {
				both.Done()
				both.Wait()
			}
			return tx.LockAccount(int64(2 - i))
		})
	})...))
	if runs[0]+runs[1] != 3 {
		t.Errorf("they were run %v times, want one of them twice", runs)
	}
	wantRequests(t, s, 2)
}

func TestPostgresPermanentConflict(t *testing.T) {
	t.Parallel()
	s, _ := openAt(t, testkit.Postgres(t))
	for _, code := range []string{"40001", "40P01"} {
		runs := 0
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			runs++
			if _, err := insertRequest(tx, 1, 1); err != nil {
				return err
			}
			return store.Exec(tx, `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '`+code+`'; END $$`)
		})
		wantUnavailable(t, err, "too many concurrent changes to the same object")
		if runs < 2 || runs > 100 {
			t.Errorf("%s: it was run %d times", code, runs)
		}
		wantRequests(t, s, 0)
	}
}

// A server that accepts connections and never answers counts as unreachable too.
func TestPostgresSilent(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	direct, _ := openAt(t, database)
	before := newRequest(t, direct, 1, 1)
	p := newProxy(t, database)
	s := openShort(t, p)
	p.silence(true)
	wantUnavailable(t, s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := insertRequest(tx, 1, 2)
		return err
	}), "the database did not answer in time")
	_, err := s.Request(t.Context(), before.ID)
	wantUnavailable(t, err, "the database did not answer in time")
	p.silence(false)
	testkit.Check(t, patiently(t, func() error {
		_, err := s.Request(t.Context(), before.ID)
		return err
	}))
	wantRequests(t, direct, 1)
}

// Two transactions that issue a certificate for the same request do not deadlock.
func TestPostgresConcurrentSignatures(t *testing.T) {
	t.Parallel()
	s, clock := openAt(t, testkit.Postgres(t))
	issuer, req := newAuthority(t, s), newRequest(t, s, 1, 1)
	expiry := clock.Now().AddDate(0, 0, 90)
	// Create the chain first: the two would otherwise wait for it.
	activate(t, s, newRequest(t, s, 1, 2), newCertificate(issuer.ID, 2, expiry))
	var both sync.WaitGroup // both have recorded their certificate
	both.Add(2)
	runs := [2]int{}
	kinds := testkit.Kinds(testkit.Race(2, func(i int) error {
		cert := newCertificate(issuer.ID, i, expiry)
		cert.RequestID, cert.RequesterID = req.ID, req.RequesterID
		cert.CommonName = string(rune('a' + i)) // transactions for the same names would be serialised earlier
		return s.Write(t.Context(), func(tx *store.Tx) error {
			id, err := tx.InsertCertificate(cert)
			if err != nil {
				return err
			}
			if runs[i]++; runs[i] == 1 {
				both.Done()
				both.Wait()
			}
			return tx.Transition(req, notary.Active, id)
		})
	}))
	if kinds[""] != 1 || kinds[notary.Conflict] != 1 {
		t.Errorf("their errors: %v, want one success and one conflict", kinds)
	}
	if runs != [2]int{1, 1} {
		t.Errorf("they were run %v times, want once each", runs)
	}
}
