package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

// Wrong passwords from elsewhere, or for other accounts, do not lock out an owner at a known address, also on other
// nodes and after a restart.
func TestOwnersAreNotLockedOutFromKnownAddresses(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	owner := w.Admin()
	login := func(s *auth.Service, address, password string) error {
		_, err := s.Login(t.Context(), owner.Principal.Name, password, auth.Client{Address: address})
		return err
	}
	testkit.Check(t, login(w.Auth, "192.0.2.1", testkit.Password))
	testkit.Check(t, login(w.Auth, "2001:db8::1", testkit.Password))
	attack := func(s *auth.Service) {
		limits := auth.AttemptsOf(s)
		for i := range auth.AnywhereBurst { // the account, from everywhere
			_, _ = auth.Take(limits, owner.Principal.Name, fmt.Sprint("attacker ", i))
		}
		for _, address := range []string{"192.0.2.1", "2001:db8::2"} { // other accounts, from behind the same NAT
			for i := range auth.NetworkBurst {
				_, _ = auth.Take(limits, fmt.Sprint("account ", i), address)
			}
		}
	}
	attack(w.Auth)
	wantLimited(t, login(w.Auth, "198.51.100.1", testkit.Password), auth.AnywhereEvery)
	testkit.Check(t, login(w.Auth, "192.0.2.1", testkit.Password))
	testkit.Check(t, login(w.Auth, "2001:db8::abcd", testkit.Password)) // same /64
	_, err := w.Auth.Login(t.Context(), w.Caller(notary.ReadOnly).Principal.Name, testkit.Password,
		auth.Client{Address: "192.0.2.1"})
	wantLimited(t, err, auth.NetworkEvery) // an account that never logged in there

	other := auth.New(w.Store, auth.Options{Now: w.Clock.Now})
	attack(other)
	testkit.Check(t, login(other, "192.0.2.1", testkit.Password))
	w.Reopen(t)
	attack(w.Auth)
	testkit.Check(t, login(w.Auth, "192.0.2.1", testkit.Password))

	w.Clock.Advance(91 * 24 * time.Hour) // old logins no longer count
	attack(w.Auth)
	wantLimited(t, login(w.Auth, "192.0.2.1", testkit.Password), auth.NetworkEvery)
}

func TestKnownAddressesAreLimited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	owner := w.Admin()
	login := func(address, password string) error {
		_, err := w.Auth.Login(t.Context(), owner.Principal.Name, password, auth.Client{Address: address})
		return err
	}
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		testkit.Check(t, login(address, testkit.Password))
	}
	for range auth.AccountBurst {
		testkit.WantKind(t, login("192.0.2.1", "wrong"), notary.Unauthenticated)
	}
	wantLimited(t, login("192.0.2.1", testkit.Password), auth.AccountEvery)
	testkit.Check(t, login("192.0.2.2", testkit.Password)) // has a separate count
	w.Clock.Advance(auth.AccountEvery)
	testkit.Check(t, login("192.0.2.1", testkit.Password))
}

func TestDevicesEndWithThePassword(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	owner := w.Caller(notary.ReadOnly)
	device, err := w.Auth.NewDevice(t.Context(), owner.Principal.ID)
	testkit.Check(t, err)
	const newPassword = "another pass phrase 7"
	testkit.Check(t, w.Auth.ChangePassword(t.Context(), w.Admin(), owner.Principal.ID, newPassword))
	for range auth.AccountBurst {
		_, err := auth.Take(auth.AttemptsOf(w.Auth), owner.Principal.Name, "192.0.2.1")
		testkit.Check(t, err)
	}
	login := func(device string) error {
		_, _, err := w.Auth.LoginBrowser(t.Context(), owner.Principal.Name, newPassword,
			auth.Client{Address: "192.0.2.1", Device: device})
		return err
	}
	wantLimited(t, login(device), auth.AccountEvery)
	device, err = w.Auth.NewDevice(t.Context(), owner.Principal.ID)
	testkit.Check(t, err)
	testkit.Check(t, login(device))
}

// A browser in which the account logged in is known at any address, even one shared with an attacker, but only for
// that account.
func TestOwnersAreNotLockedOutOfTheirBrowsers(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	owner, other := w.Admin(), w.Caller(notary.ReadOnly)
	device, err := w.Auth.NewDevice(t.Context(), owner.Principal.ID)
	testkit.Check(t, err)
	const nat = "192.0.2.1"
	login := func(email, password, device string) error {
		_, _, err := w.Auth.LoginBrowser(t.Context(), email, password, auth.Client{Address: nat, Device: device})
		return err
	}
	testkit.Check(t, login(owner.Principal.Name, testkit.Password, "")) // a known address, but the attacker shares it
	limits := auth.AttemptsOf(w.Auth)
	for range auth.AccountBurst {
		testkit.WantKind(t, login(owner.Principal.Name, "wrong", ""), notary.Unauthenticated)
		_, err := auth.Take(limits, other.Principal.Name, nat)
		testkit.Check(t, err)
	}
	wantLimited(t, login(owner.Principal.Name, testkit.Password, ""), auth.AccountEvery)
	testkit.Check(t, login(owner.Principal.Name, testkit.Password, device))
	wantLimited(t, login(other.Principal.Name, testkit.Password, device), auth.AccountEvery)
	for _, forged := range []string{device[:len(device)-2], "_" + device[1:], device + "AAAA", "%",
		strings.Repeat("A", len(device))} {
		if forged == device {
			continue
		}
		wantLimited(t, login(owner.Principal.Name, testkit.Password, forged), auth.AccountEvery)
	}
	for range auth.AccountBurst { // guesses from the browser itself count, too
		testkit.WantKind(t, login(owner.Principal.Name, "wrong", device), notary.Unauthenticated)
	}
	wantLimited(t, login(owner.Principal.Name, testkit.Password, device), auth.AccountEvery)
}
