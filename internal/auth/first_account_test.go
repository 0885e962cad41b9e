package auth_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

func first(email string) auth.FirstAccount {
	return auth.FirstAccount{Email: email, Password: testkit.Password, SetupCode: testkit.SetupCode,
		Address: "192.0.2.1"}
}

// The setup code creates the first account, an Admin, and is invalid afterwards.
func TestFirstAccount(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	create := func(change func(*auth.FirstAccount)) error {
		f := first("me@example.com")
		change(&f)
		return second(w.Auth.CreateFirstAccount(t.Context(), f))
	}
	for what, wrong := range map[string]func(*auth.FirstAccount){
		"no code":      func(f *auth.FirstAccount) { f.SetupCode = "" },
		"another code": func(f *auth.FirstAccount) { f.SetupCode = auth.NewSetupCode() },
		"a part of it": func(f *auth.FirstAccount) { f.SetupCode = f.SetupCode[1:] }, "its hash": func(f *auth.FirstAccount) {
			f.SetupCode, _ = w.Store.SetupCodeHash(t.Context())
		},
	} {
		err := create(wrong)
		testkit.WantKind(t, err, notary.Forbidden)
		testkit.WantField(t, err, "setup_code")
		testkit.WantText(t, err, "data folder", "notary setup-code")
		if t.Failed() {
			t.Fatal(what)
		}
	}
	testkit.WantKind(t, create(func(f *auth.FirstAccount) { f.Password = "short" }), notary.Invalid)
	testkit.WantKind(t, create(func(f *auth.FirstAccount) { f.Email = "me" }), notary.Invalid)
	if some, err := w.Auth.HasAccounts(t.Context()); some || err != nil {
		t.Errorf("the refused calls created an account (%v)", err)
	}
	testkit.Check(t, create(func(f *auth.FirstAccount) { f.SetupCode = "\t" + f.SetupCode + "\r\n" })) // as pasted
	testkit.WantKind(t, create(func(f *auth.FirstAccount) { f.Email = "you@example.com" }), notary.Unauthenticated)
	testkit.WantKind(t, w.Auth.SetSetupCode(t.Context(), testkit.SetupCode), notary.Conflict)
	testkit.WantKind(t, second(w.Auth.OfferSetupCode(t.Context(), testkit.SetupCode)), notary.Conflict)
	if hash, err := w.Store.SetupCodeHash(t.Context()); hash != "" || err != nil {
		t.Errorf("the code is still there: %q, %v", hash, err)
	}

	token, err := w.Auth.Login(t.Context(), "me@example.com", testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	caller, err := w.Auth.Caller(t.Context(), token, "192.0.2.1")
	testkit.Check(t, err)
	all, err := w.Auth.Accounts(t.Context(), caller)
	testkit.Check(t, err)
	if len(all) != 1 || all[0].Role != notary.Admin {
		t.Errorf("the accounts are %+v, want one Admin", all)
	}
}

func TestSetupCodeIsNotStored(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	if dump := fmt.Sprint(w.Dump(t)); strings.Contains(dump, testkit.SetupCode) ||
		!strings.Contains(dump, "account.setup_code") {
		t.Errorf("the code is there, or the event is not: %s", dump)
	}
}

// Twenty concurrent calls with the right code create one account.
func TestFirstAccountRace(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	kinds := testkit.Kinds(testkit.Race(20, func(i int) error {
		return second(w.Auth.CreateFirstAccount(t.Context(), first(fmt.Sprintf("a%d@example.com", i))))
	}))
	if kinds[""] != 1 || kinds[notary.Conflict]+kinds[notary.Unauthenticated] != 19 {
		t.Errorf("outcomes: %v, want one success; the others come too late", kinds)
	}
}

// A code that is replaced while it is being used creates no account.
func TestReplacedSetupCode(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	testkit.Check(t, w.Auth.SetSetupCode(t.Context(), "another code"))
	testkit.WantKind(t, second(w.Auth.CreateFirstAccount(t.Context(), first("me@example.com"))), notary.Forbidden)
	f := first("me@example.com")
	f.SetupCode = "another code"
	testkit.Check(t, second(w.Auth.CreateFirstAccount(t.Context(), f)))
}

// If several nodes start on an empty database, one creates the code.
func TestSetupCodeIsOfferedOnce(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	if stored, err := w.Auth.OfferSetupCode(t.Context(), "another code"); stored || err != nil {
		t.Errorf("a second code was stored (%v)", err)
	}
	testkit.Check(t, second(w.Auth.CreateFirstAccount(t.Context(), first("me@example.com"))))
}

func TestWrongSetupCodesAreLimited(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	try := func(code, address string) error {
		f := first("me@example.com")
		f.SetupCode, f.Address = code, address
		return second(w.Auth.CreateFirstAccount(t.Context(), f))
	}
	for range auth.AccountBurst {
		testkit.WantKind(t, try("wrong", "192.0.2.1"), notary.Forbidden)
		testkit.WantKind(t, try("", "192.0.2.1"), notary.Forbidden) // not a guess
	}
	testkit.WantKind(t, try("wrong", "192.0.2.1"), notary.RateLimited)
	testkit.WantKind(t, try(testkit.SetupCode, "192.0.2.1"), notary.RateLimited)
	testkit.Check(t, try(testkit.SetupCode, "198.51.100.1"))
}

func TestWithoutSetupCode(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	done := 0
	s := auth.New(w.Store, auth.Options{NoSetupCode: true, OnFirstAccount: func() { done++ },
		Log: slog.New(slog.DiscardHandler)})
	f := first("me@example.com")
	f.SetupCode = ""
	testkit.WantKind(t, second(s.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: "me"})), notary.Invalid)
	testkit.Check(t, second(s.CreateFirstAccount(t.Context(), f)))
	if hash, err := w.Store.SetupCodeHash(t.Context()); hash != "" || err != nil || done != 1 {
		t.Errorf("the unused code is still there: %q, %v; %d calls", hash, err, done)
	}
}

func TestNewSetupCodesDiffer(t *testing.T) {
	t.Parallel()
	one, other := auth.NewSetupCode(), auth.NewSetupCode()
	if one == other || len(one) != len(testkit.SetupCode) {
		t.Errorf("%q and %q", one, other)
	}
}
