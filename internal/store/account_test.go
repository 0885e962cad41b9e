package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	admin := newAccount(t, s, notary.Admin, 1)
	reader := newAccount(t, s, notary.ReadOnly, 1)
	want := &notary.Account{ID: 2, Email: "read-only-1@example.com", Role: notary.ReadOnly, CreatedAt: clock.Now()}
	if diff := cmp.Diff(want, reader); diff != "" {
		t.Errorf("a new account (-want +got):\n%s", diff)
	}
	all, err := s.Accounts(t.Context())
	testkit.Check(t, err)
	if diff := cmp.Diff([]*notary.Account{admin, reader}, all); diff != "" {
		t.Errorf("all accounts (-want +got):\n%s", diff)
	}
	got, hash, err := s.AccountByEmail(t.Context(), reader.Email)
	testkit.Check(t, err)
	if diff := cmp.Diff(want, got); diff != "" || hash != "hash of read-only-1@example.com" {
		t.Errorf("by email, with hash %q (-want +got):\n%s", hash, diff)
	}
	if none, hash, err := s.AccountByEmail(t.Context(), "nobody@example.com"); none != nil || hash != "" || err != nil {
		t.Errorf("an unknown email gives %v, %q, %v", none, hash, err)
	}
	if hash, err := s.PasswordHash(t.Context(), 99); hash != "" || err != nil {
		t.Errorf("an unknown account has the hash %q (%v)", hash, err)
	}
	_, err = s.Account(t.Context(), 99)
	testkit.WantKind(t, err, notary.NotFound)

	err = s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := insertAccount(tx, notary.ReadOnly, 1, false)
		return err
	})
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "an account with this email already exists")
	testkit.Check(t, archive.CheckInvariants(t.Context(), s)) // the counters match
}

// Only one of twenty concurrent first accounts succeeds.
func TestFirstAccountRace(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	if some, err := s.HasAccounts(t.Context()); some || err != nil {
		t.Errorf("in a new database, HasAccounts is %v (%v)", some, err)
	}
	kinds := testkit.Kinds(testkit.Race(20, func(i int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertAccount(tx, notary.Admin, i, true)
			return err
		})
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 19}, kinds); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if all, err := s.Accounts(t.Context()); len(all) != 1 || err != nil {
		t.Errorf("there are %d accounts (%v)", len(all), err)
	}
}

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	demote := func(tx *store.Tx, a *notary.Account) error { return tx.SetRole(a, notary.ReadOnly) }
	remove := func(tx *store.Tx, a *notary.Account) error { return tx.DeleteAccount(a) }
	for name, do := range map[string]func(*store.Tx, *notary.Account) error{"demote": demote, "delete": remove} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			one := newAccount(t, s, notary.Admin, 1)
			newAccount(t, s, notary.CertificateManager, 1)
			err := s.Write(t.Context(), func(tx *store.Tx) error { return do(tx, one) })
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantText(t, err, "this is the last Admin")
			write(t, s, func(tx *store.Tx) error { return tx.SetRole(one, notary.Admin) }) // no change

			two := newAccount(t, s, notary.ReadOnly, 1)
			write(t, s, func(tx *store.Tx) error { return tx.SetRole(two, notary.Admin) })
			two.Role = notary.Admin
			admins := []*notary.Account{one, two}
			kinds := testkit.Kinds(testkit.Race(2, func(i int) error {
				return s.Write(t.Context(), func(tx *store.Tx) error { return do(tx, admins[i]) })
			}))
			if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 1}, kinds); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			testkit.Check(t, archive.CheckInvariants(t.Context(), s))
		})
	}
}

// An account whose role changed since it was read is not changed by a stale decision.
func TestAccountRaces(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	newAccount(t, s, notary.Admin, 1)
	stale := newAccount(t, s, notary.ReadOnly, 1)
	write(t, s, func(tx *store.Tx) error { return tx.SetRole(stale, notary.Admin) })
	for name, do := range map[string]func(tx *store.Tx) error{
		"role":   func(tx *store.Tx) error { return tx.SetRole(stale, notary.CertificateManager) },
		"delete": func(tx *store.Tx) error { return tx.DeleteAccount(stale) },
	} {
		if err := s.Write(t.Context(), do); notary.KindOf(err) != notary.Conflict {
			t.Errorf("%s: got error %v, want a conflict", name, err)
		}
	}
}

func begin(tx *store.Tx, account int64, tokenHash string, end time.Time) error {
	return second(tx.InsertSession(&notary.Session{AccountID: account, ExpiresAt: end}, []byte(tokenHash)))
}

// A session ends when it expires, is logged out, or its account is deleted or gets another role or password.
func TestSessions(t *testing.T) {
	t.Parallel()
	const life = time.Hour
	for name, tt := range map[string]struct {
		end  func(tx *store.Tx, a *notary.Account) error
		wait time.Duration
		want bool // the session is valid
	}{
		"nothing":            {want: true},
		"a second too early": {wait: life - time.Second, want: true},
		"its time":           {wait: life},
		"clean-up before": {wait: life - time.Second, want: true,
			end: func(tx *store.Tx, _ *notary.Account) error { return tx.DeleteExpiredSessions() }},
		"clean-up": {wait: life, end: func(tx *store.Tx,
			_ *notary.Account) error {
			return tx.DeleteExpiredSessions()
		}},
		"logout": {end: func(tx *store.Tx,
			_ *notary.Account) error {
			return tx.DeleteSession([]byte("token"))
		}},
		"password": {end: func(tx *store.Tx, a *notary.Account) error { return tx.SetPassword(a.ID, "new", 0) }},
		"role": {end: func(tx *store.Tx, a *notary.Account) error {
			return tx.SetRole(a,
				notary.CertificateManager)
		}},
		"the role it has": {want: true, end: func(tx *store.Tx,
			a *notary.Account) error {
			return tx.SetRole(a, a.Role)
		}},
		"deletion": {end: func(tx *store.Tx, a *notary.Account) error { return tx.DeleteAccount(a) }},
		"logout of something": {want: true, end: func(tx *store.Tx,
			_ *notary.Account) error {
			return tx.DeleteSession([]byte("toke"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := open(t)
			other := newAccount(t, s, notary.Admin, 1)
			a := newAccount(t, s, notary.ReadOnly, 1)
			write(t, s, func(tx *store.Tx) error {
				if err := begin(tx, other.ID, "other", clock.Now().Add(2*life)); err != nil {
					return err
				}
				return begin(tx, a.ID, "token", clock.Now().Add(life))
			})
			clock.Advance(tt.wait)
			if tt.end != nil {
				write(t, s, func(tx *store.Tx) error { return tt.end(tx, a) })
			}
			got, _, err := s.SessionAccount(t.Context(), []byte("token"), clock.Now())
			testkit.Check(t, err)
			if (got != nil) != tt.want {
				t.Errorf("the session lives: %v, want %v", got != nil, tt.want)
			}
			if got != nil && got.ID != a.ID {
				t.Errorf("the session is that of account %d, want %d", got.ID, a.ID)
			}
			if got, _, err := s.SessionAccount(t.Context(), []byte("other"), clock.Now()); got == nil || err != nil {
				t.Errorf("another account's session ended too (%v)", err)
			}
		})
	}
}

func TestDeleteExpiredSessions(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAccount(t, s, notary.Admin, 1)
	write(t, s, func(tx *store.Tx) error {
		for i, life := range []time.Duration{-time.Second, 0, time.Second} {
			if err := begin(tx, a.ID, string(rune(i)), clock.Now().Add(life)); err != nil {
				return err
			}
		}
		return nil
	})
	write(t, s, (*store.Tx).DeleteExpiredSessions)
	n, err := store.QueryText(t.Context(), s, `SELECT COUNT(*) FROM session`)
	if n != "1" || err != nil {
		t.Errorf("%s sessions are left (%v), want 1", n, err)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a := newAccount(t, s, notary.Admin, 1)
	write(t, s, func(tx *store.Tx) error { return tx.SetPassword(a.ID, "another", 0) })
	if hash, err := s.PasswordHash(t.Context(), a.ID); hash != "another" || err != nil {
		t.Errorf("the hash is %q (%v)", hash, err)
	}
	err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetPassword(99, "x", 0) })
	testkit.WantKind(t, err, notary.NotFound)
}
