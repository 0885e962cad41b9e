package auth_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

// An account need not have a password, for example one that logs in elsewhere.
func TestLoginWithoutPassword(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.NewCaller(t, w.Admin(), notary.ReadOnly)
	w.Exec(t, `DELETE FROM password WHERE account_id = $1`, me.Principal.ID)
	for _, password := range []string{"", testkit.Password} {
		_, err := w.Auth.Login(t.Context(), me.Principal.Name, password, auth.Client{Address: "192.0.2.1"})
		testkit.WantKind(t, err, notary.Unauthenticated)
		testkit.WantText(t, err, "incorrect email or password")
	}
	testkit.Check(t, w.Auth.ChangePassword(t.Context(), w.Admin(), me.Principal.ID, "another violet harbour engine"))
	_, err := w.Auth.Login(t.Context(), me.Principal.Name, "another violet harbour engine",
		auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
}

func login(t testing.TB, w *testkit.World, email string) string {
	t.Helper()
	token, err := w.Auth.Login(t.Context(), email, testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	return token
}

func wantCaller(t testing.TB, w *testkit.World, token string, good bool) {
	t.Helper()
	_, err := w.Auth.Caller(t.Context(), token, "192.0.2.1")
	if good {
		testkit.Check(t, err)
	} else {
		testkit.WantKind(t, err, notary.Unauthenticated)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	tokens := map[string]bool{}
	for _, role := range notary.Roles {
		for range 2 {
			token := login(t, w, w.Caller(role).Principal.Name)
			if tokens[token] || len(token) < 43 {
				t.Errorf("the token %q is a repetition or short", token)
			}
			tokens[token] = true
			want := w.Caller(role)
			want.Address = "2001:db8::1"
			got, err := w.Auth.Caller(t.Context(), token, "2001:db8::1")
			testkit.Check(t, err)
			if got.SessionID == 0 {
				t.Error("the caller has no session")
			}
			got.SessionID = 0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the caller (-want +got):\n%s", diff)
			}
		}
	}
	nobody, err := w.Auth.Caller(t.Context(), "", "192.0.2.1")
	testkit.Check(t, err)
	if diff := cmp.Diff(notary.Caller{Address: "192.0.2.1"}, nobody); diff != "" {
		t.Errorf("without a token (-want +got):\n%s", diff)
	}
	for token := range tokens {
		for _, wrong := range []string{token + "A", token[1:], strings.ToLower(token) + strings.ToUpper(token),
			" " + token, "x", "\x00"} {
			wantCaller(t, w, wrong, false)
		}
	}
}

// Case and surrounding spaces of email addresses do not matter at login.
func TestLoginNormalisesEmail(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	role := notary.ReadOnly
	id, err := w.Auth.CreateAccount(t.Context(), w.Admin(), "  Jane.DOE@Example.COM ", testkit.Password, &role)
	testkit.Check(t, err)
	a, err := w.Auth.Account(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	if a.Email != "jane.doe@example.com" {
		t.Errorf("the email is kept as %q", a.Email)
	}
	for _, email := range []string{"jane.doe@example.com", "JANE.DOE@EXAMPLE.COM", "\tjane.doe@example.com\n"} {
		login(t, w, email)
	}
	_, err = w.Auth.CreateAccount(t.Context(), w.Admin(), "JANE.doe@example.com", testkit.Password, &role)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "email")
}

// A token is valid for its lifetime or until its session ends; other sessions are unaffected.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	other := login(t, w, w.Admin().Principal.Name)
	reader := notary.ReadOnly
	for name, tt := range map[string]struct {
		do   func(t *testing.T, caller notary.Caller, token string) error
		good bool
	}{
		"nothing": {func(*testing.T, notary.Caller, string) error { return nil }, true},
		"logout": {func(t *testing.T, c notary.Caller, token string) error {
			return w.Auth.Logout(t.Context(), c, token)
		}, false},
		"logout of another session": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.Logout(t.Context(), c, login(t, w, c.Principal.Name))
		}, true},
		"a new role": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.ChangeRole(t.Context(), w.Admin(), c.Principal.ID, notary.CertificateManager)
		}, false},
		"the same role": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.ChangeRole(t.Context(), w.Admin(), c.Principal.ID, reader)
		}, true},
		"a password given": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.ChangePassword(t.Context(), w.Admin(), c.Principal.ID, "another violet harbour engine")
		}, false},
		"a password chosen": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.ChangeMyPassword(t.Context(), c, testkit.Password, "another violet harbour engine")
		}, false},
		"a password refused": {func(t *testing.T, c notary.Caller, _ string) error {
			err := w.Auth.ChangeMyPassword(t.Context(), c, "wrong", "another violet harbour engine")
			testkit.WantKind(t, err, notary.Invalid)
			return nil
		}, true},
		"deletion": {func(t *testing.T, c notary.Caller, _ string) error {
			return w.Auth.DeleteAccount(t.Context(), w.Admin(), c.Principal.ID)
		}, false},
		"clean-up":  {func(t *testing.T, _ notary.Caller, _ string) error { return w.Auth.CleanUp(t.Context()) }, true},
		"a restart": {func(t *testing.T, _ notary.Caller, _ string) error { w.Reopen(t); return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			caller := w.NewCaller(t, w.Admin(), reader)
			token := login(t, w, caller.Principal.Name)
			testkit.Check(t, tt.do(t, caller, token))
			wantCaller(t, w, token, tt.good)
			wantCaller(t, w, other, true)
		})
	}
	w.Clock.Advance(auth.TokenLife - time.Second)
	wantCaller(t, w, other, true)
	w.Clock.Advance(time.Second)
	wantCaller(t, w, other, false)
	testkit.Check(t, w.Auth.CleanUp(t.Context()))
	wantCaller(t, w, other, false)
}

// Tokens and passwords are neither in the database nor in the log.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	var log bytes.Buffer
	s := auth.New(w.Store, auth.Options{Now: w.Clock.Now,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	token, err := s.Login(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.Check(t, err)
	const wrong = "mistyped violet harbour engine"
	for range auth.AccountBurst + 1 {
		_, err = s.Login(t.Context(), w.Admin().Principal.Name, wrong, auth.Client{Address: "192.0.2.1"})
	}
	testkit.WantKind(t, err, notary.RateLimited)
	const misplaced = "violet harbour typed as an email"
	for range auth.AccountBurst + 1 {
		_, err = s.Login(t.Context(), misplaced, wrong, auth.Client{Address: "192.0.2.1"})
	}
	testkit.WantKind(t, err, notary.RateLimited)

	database := fmt.Append(nil, w.Dump(t))
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(token)))
	for name, tt := range map[string]struct {
		in   []byte
		text string
		want bool
	}{
		"the token in the database":             {database, token, false},
		"the password in the database":          {database, testkit.Password, false},
		"the wrong password in the database":    {database, wrong, false},
		"the token's hash, to see that we look": {database, hash, true},
		"the email, to see that we look":        {database, w.Admin().Principal.Name, true},
		"the token in the log":                  {log.Bytes(), token, false},
		"the password in the log":               {log.Bytes(), testkit.Password, false},
		"the wrong password in the log":         {log.Bytes(), wrong, false},
		"what was typed as email in the log":    {log.Bytes(), misplaced, false},
		"the refusals in the log":               {log.Bytes(), "login refused", true},
		"the limit in the log":                  {log.Bytes(), "too many logins", true},
	} {
		if got := bytes.Contains(tt.in, []byte(tt.text)); got != tt.want {
			t.Errorf("%s: found %v, want %v", name, got, tt.want)
		}
	}
}
