package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

func newPrincipal(t *testing.T, s *store.Store, clock *testkit.Clock, role notary.Role, n int) notary.Caller {
	t.Helper()
	a := newAccount(t, s, role, n)
	by := a.Caller()
	write(t, s, func(tx *store.Tx) (err error) {
		session := &notary.Session{AccountID: a.ID, ExpiresAt: clock.Now().Add(time.Hour)}
		by.SessionID, err = tx.InsertSession(session, []byte(a.Email))
		return err
	})
	return by
}

// endings are the ways in which a caller loses its identity.
var endings = map[string]struct {
	want string
	end  func(*store.Tx, notary.Caller) error
}{
	"account deleted": {"was deleted", func(tx *store.Tx, by notary.Caller) error {
		return tx.DeleteAccount(&notary.Account{ID: by.Principal.ID, Role: by.Role})
	}},
	"role changed": {"the role of", func(tx *store.Tx, by notary.Caller) error {
		return tx.SetRole(&notary.Account{ID: by.Principal.ID, Role: by.Role}, notary.ReadOnly)
	}},
	"logged out": {"this session has ended", func(tx *store.Tx, by notary.Caller) error {
		return tx.DeleteSessionOf(by.Principal.ID, by.SessionID)
	}},
}

func TestWriteVerifiesTheCaller(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	newAccount(t, s, notary.Admin, 0) // so that another Admin can be deleted
	n := 0
	attempt := func(by notary.Caller) error {
		return s.WriteAs(t.Context(), by, func(tx *store.Tx) error {
			n++
			_, err := insertRequest(tx, by.Principal.ID, n)
			return err
		})
	}
	stale := func(by notary.Caller, want string) {
		t.Helper()
		for _, err := range []error{attempt(by), s.Verify(t.Context(), by),
			s.WriteAccount(t.Context(), by, by.Principal.ID, func(*store.Tx) error { return nil })} {
			testkit.WantKind(t, err, notary.Unauthenticated)
			testkit.WantText(t, err, want)
		}
	}
	i := 1
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			for _, session := range []bool{true, false} {
				by := newPrincipal(t, s, clock, notary.Admin, i)
				i++
				if !session {
					if name == "logged out" {
						continue
					}
					by.SessionID = 0
				}
				testkit.Check(t, attempt(by))
				testkit.Check(t, s.Verify(t.Context(), by))
				write(t, s, func(tx *store.Tx) error { return ending.end(tx, by) })
				stale(by, ending.want)
			}
		})
	}
	expired := newPrincipal(t, s, clock, notary.Admin, i)
	other := newPrincipal(t, s, clock, notary.Admin, i+1)
	other.SessionID = expired.SessionID
	stale(other, "this session has ended") // it belongs to another account
	clock.Advance(time.Hour)
	stale(expired, "this session has ended")
	testkit.WantKind(t, attempt(notary.Caller{}), notary.Unauthenticated)
	testkit.WantKind(t, attempt(notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 99},
		Role: notary.Admin}), notary.Unauthenticated)
	testkit.Check(t, attempt(notary.SystemCaller))
}

// Writes that share a commit verify their caller again after one of them has changed it.
func TestSQLiteWritesOfOneCommitVerifyTheCaller(t *testing.T) {
	t.Parallel()
	for name, ending := range endings {
		for who, byProgram := range map[string]bool{"by an Admin": false, "by the program": true} {
			t.Run(name+" "+who, func(t *testing.T) {
				t.Parallel()
				s, clock := open(t)
				admin := newPrincipal(t, s, clock, notary.Admin, 0)
				by := newPrincipal(t, s, clock, notary.Admin, 1)
				enqueue := func(by notary.Caller, changed int64, fn func(*store.Tx) error) (wait func() error) {
					wait, err := store.EnqueueAs(s, by, changed, fn)
					testkit.Check(t, err)
					return wait
				}
				attempt := func(n int) (wait func() error) {
					return enqueue(by, 0,
						func(tx *store.Tx) error { _, err := insertRequest(tx, by.Principal.ID, n); return err })
				}
				release := hold(t, s)
				first, second := attempt(1), attempt(2)
				end := func(tx *store.Tx) error { return ending.end(tx, by) }
				if byProgram {
					admin = notary.SystemCaller
				}
				ended := enqueue(admin, by.Principal.ID, end)
				third := attempt(3)
				release()
				for _, wait := range []func() error{first, second, ended} {
					testkit.Check(t, wait())
				}
				testkit.WantKind(t, third(), notary.Unauthenticated)
			})
		}
	}
}

// A transaction that reads nothing is refused too.
func TestWriteVerifiesTheCallerBeforeTheCommit(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	gone := notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 99}, Role: notary.Admin}
	err := s.WriteAs(t.Context(), gone, func(tx *store.Tx) error {
		return tx.Event(notary.EventBy(gone, "authority.crl", notary.NewRef("authority", 1, "")))
	})
	testkit.WantKind(t, err, notary.Unauthenticated)
	page, err := s.Events(t.Context(), notary.EventQuery{Limit: 10})
	testkit.Check(t, err)
	if len(page.Items) != 0 {
		t.Errorf("%d events were written", len(page.Items))
	}
}

// Once an account's deletion or a logout is acknowledged, nothing of the caller is committed.
func TestNothingIsCommittedAfterLogout(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	newAccount(t, s, notary.Admin, 0)
	i := 1
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			by := newPrincipal(t, s, clock, notary.Admin, i)
			i++
			var number, committed atomic.Int64
			some := make(chan struct{}, 1)
			var running sync.WaitGroup
			for range 8 {
				running.Go(func() {
					for {
						err := s.WriteAs(t.Context(), by, func(tx *store.Tx) error {
							_, err := insertRequest(tx, by.Principal.ID, int(number.Add(1)))
							return err
						})
						if err != nil {
							if notary.KindOf(err) != notary.Unauthenticated {
								t.Errorf("a write failed with %v", err)
							}
							return
						}
						if committed.Add(1) == 20 {
							some <- struct{}{}
						}
					}
				})
			}
			<-some
			testkit.Check(t, s.WriteAccount(t.Context(), notary.SystemCaller, by.Principal.ID,
				func(tx *store.Tx) error { return ending.end(tx, by) }))
			before := requestsOf(t, s, by)
			running.Wait()
			if after := requestsOf(t, s, by); after != before || int64(after) != committed.Load() {
				t.Errorf("%d requests at the end, %d a moment later, %d acknowledged", before, after, committed.Load())
			}
		})
	}
}

func requestsOf(t *testing.T, s *store.Store, by notary.Caller) (n int) {
	t.Helper()
	testkit.Check(t, s.EachRequest(t.Context(), notary.Filter{Owner: by.Principal.ID, Email: "user@example.com"},
		func(*notary.Request) error { n++; return nil }))
	return n
}
