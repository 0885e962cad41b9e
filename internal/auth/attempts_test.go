package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

func wantLimited(t testing.TB, err error, wait time.Duration) {
	t.Helper()
	testkit.WantKind(t, err, notary.RateLimited)
	var e *notary.Error
	if errors.As(err, &e); e.RetryAfter != wait {
		t.Errorf("the retry time is %v, want %v", e.RetryAfter, wait)
	}
}

// Some attempts are free, then the account must wait for logins from this address.
func TestAttemptsOfAnAccount(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock()
	a := auth.NewAttempts(clock.Now)
	take := func(email string) error {
		_, err := auth.Take(a, email, "192.0.2.1")
		return err
	}
	for range auth.AccountBurst {
		testkit.Check(t, take("a"))
	}
	wantLimited(t, take("a"), auth.AccountEvery)
	wantLimited(t, take("a"), auth.AccountEvery) // more attempts do not prolong it
	_, err := auth.Take(a, "a", "192.0.2.2")
	testkit.Check(t, err)       // the owner elsewhere is not locked out
	testkit.Check(t, take("b")) // other accounts are not affected

	clock.Advance(auth.AccountEvery - 3*time.Second)
	wantLimited(t, take("a"), 3*time.Second)
	clock.Advance(2500 * time.Millisecond)
	wantLimited(t, take("a"), time.Second) // in whole seconds, rounded up
	clock.Advance(500 * time.Millisecond)
	testkit.Check(t, take("a"))
	wantLimited(t, take("a"), auth.AccountEvery)

	clock.Advance(3 * auth.AccountEvery) // one attempt for each
	for range 3 {
		testkit.Check(t, take("a"))
	}
	wantLimited(t, take("a"), auth.AccountEvery)

	clock.Advance(100 * auth.AccountEvery) // never more than initially
	for range auth.AccountBurst {
		testkit.Check(t, take("a"))
	}
	wantLimited(t, take("a"), auth.AccountEvery)
}

// Attempts on an account from all addresses together are limited, too.
func TestAttemptsFromAnywhere(t *testing.T) {
	t.Parallel()
	a := auth.NewAttempts(testkit.NewClock().Now)
	for i := range auth.AnywhereBurst {
		_, err := auth.Take(a, "a", fmt.Sprint(i))
		testkit.Check(t, err)
	}
	_, err := auth.Take(a, "a", "192.0.2.1")
	wantLimited(t, err, auth.AnywhereEvery)
}

func TestAttemptsOfAnAddress(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock()
	a := auth.NewAttempts(clock.Now)
	account := 0
	take := func(address string) error {
		account++
		_, err := auth.Take(a, fmt.Sprint(account), address)
		return err
	}
	for range auth.NetworkBurst {
		testkit.Check(t, take("192.0.2.1"))
	}
	wantLimited(t, take("192.0.2.1"), auth.NetworkEvery)
	testkit.Check(t, take("192.0.2.2"))
	clock.Advance(auth.NetworkEvery)
	testkit.Check(t, take("192.0.2.1"))
	wantLimited(t, take("192.0.2.1"), auth.NetworkEvery)
}

// An IPv6 host can use a whole /64.
func TestAttemptsOfANetwork(t *testing.T) {
	t.Parallel()
	a := auth.NewAttempts(testkit.NewClock().Now)
	account := 0
	take := func(address string) error {
		account++
		_, err := auth.Take(a, fmt.Sprint(account), address)
		return err
	}
	for i := range auth.NetworkBurst {
		testkit.Check(t, take(fmt.Sprintf("2001:db8::%x", i+1)))
	}
	wantLimited(t, take("2001:db8::ffff:1"), auth.NetworkEvery)
	testkit.Check(t, take("2001:db8:0:1::1"))
}

func TestAttemptsAreRefunded(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock()
	a := auth.NewAttempts(clock.Now)
	for range 10 * auth.NetworkBurst {
		refund, err := auth.Take(a, "a", "192.0.2.1")
		testkit.Check(t, err)
		refund()
	}
	for range auth.AccountBurst { // nor do they earn credit
		_, err := auth.Take(a, "a", "192.0.2.1")
		testkit.Check(t, err)
	}
	_, err := auth.Take(a, "a", "192.0.2.1")
	wantLimited(t, err, auth.AccountEvery)

	// A refund after everything has leaked out earns no credit either.
	clock.Advance(time.Hour)
	refund, err := auth.Take(a, "b", "192.0.2.2")
	testkit.Check(t, err)
	clock.Advance(time.Hour)
	refund()
	for range auth.AccountBurst {
		_, err := auth.Take(a, "b", "192.0.2.2")
		testkit.Check(t, err)
	}
	_, err = auth.Take(a, "b", "192.0.2.2")
	wantLimited(t, err, auth.AccountEvery)
}

// However many addresses and names are made up, counts are kept and never mixed up.
func TestAttemptsAreNeverEvicted(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock()
	a := auth.NewAttempts(clock.Now)
	for range auth.AccountBurst {
		_, err := auth.Take(a, "busy", "192.0.2.1")
		testkit.Check(t, err)
	}
	for i := range auth.NetworkBurst {
		_, err := auth.Take(a, fmt.Sprint("sprayed ", i), "192.0.2.2")
		testkit.Check(t, err)
	}
	for i := range 30_000 {
		_, err := auth.Take(a, fmt.Sprint("account ", i), fmt.Sprint("address ", i))
		testkit.Check(t, err)
	}
	_, err := auth.Take(a, "busy", "192.0.2.1")
	testkit.WantKind(t, err, notary.RateLimited)
	_, err = auth.Take(a, "one more", "192.0.2.2")
	testkit.WantKind(t, err, notary.RateLimited)
	_, err = auth.Take(a, "busy", "192.0.2.3")
	testkit.Check(t, err)
}

func TestLoginIsLimited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	email := w.Admin().Principal.Name
	try := func(password, address string) error {
		_, err := w.Auth.Login(t.Context(), email, password, auth.Client{Address: address})
		return err
	}
	for range 3 * auth.AccountBurst {
		testkit.Check(t, try(testkit.Password, "192.0.2.1"))
	}
	for range auth.AccountBurst {
		testkit.WantKind(t, try("wrong", "192.0.2.1"), notary.Unauthenticated)
	}
	wantLimited(t, try("wrong", "192.0.2.1"), auth.AccountEvery)
	wantLimited(t, try(testkit.Password, "192.0.2.1"), auth.AccountEvery) // even with the right password
	testkit.Check(t, try(testkit.Password, "192.0.2.2"))                  // but not from elsewhere
	email = strings.ToUpper(email)
	wantLimited(t, try(testkit.Password, "192.0.2.1"), auth.AccountEvery)
	w.Clock.Advance(auth.AccountEvery)
	testkit.Check(t, try(testkit.Password, "192.0.2.1"))

	// The limits are the same for an account that does not exist.
	email = "nobody@example.com"
	for range auth.AccountBurst {
		testkit.WantKind(t, try("wrong", "192.0.2.3"), notary.Unauthenticated)
	}
	wantLimited(t, try("wrong", "192.0.2.3"), auth.AccountEvery)
}

func TestChangeMyPasswordIsLimited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.Caller(notary.ReadOnly)
	change := func(old, password string) error {
		return w.Auth.ChangeMyPassword(t.Context(), me, old, password)
	}
	const next = "another violet harbour engine"
	for range 2 * auth.AccountBurst { // refusing the new password is no guess
		testkit.WantKind(t, change(testkit.Password, "short"), notary.Invalid)
	}
	for range auth.AccountBurst {
		err := change("wrong", next)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "old_password")
	}
	wantLimited(t, change(testkit.Password, next), auth.AccountEvery)
	_, err := w.Auth.Login(t.Context(), me.Principal.Name, testkit.Password, auth.Client{Address: me.Address})
	wantLimited(t, err, auth.AccountEvery) // same limit
	w.Clock.Advance(auth.AccountEvery)
	testkit.Check(t, change(testkit.Password, next))
}
