package app

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/config"
	"notary/internal/store"
	"notary/internal/testkit"
)

var quiet = slog.New(slog.DiscardHandler)

func localConfig(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load("", nil, map[string]any{config.KeyData: t.TempDir()})
	testkit.Check(t, err)
	return c
}

func service(t *testing.T, c *config.Config) (*auth.Service, func()) {
	t.Helper()
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	return auth.New(st, auth.Options{Log: quiet}), func() { testkit.Check(t, st.Close()) }
}

func prepared(t *testing.T, c *config.Config) *setup {
	t.Helper()
	accounts, done := service(t, c)
	defer done()
	s, err := prepareSetup(t.Context(), c, accounts, quiet)
	testkit.Check(t, err)
	return s
}

func (s *setup) creates(t *testing.T, c *config.Config, email string) error {
	t.Helper()
	accounts, done := service(t, c)
	defer done()
	_, err := accounts.CreateFirstAccount(t.Context(), auth.FirstAccount{Email: email, Password: testkit.Password,
		SetupCode: s.code})
	return err
}

// On SQLite the code stays in its file until it is used. A database without a code gets one, and a lost code is
// replaced.
func TestSetupCodeOnSQLite(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	c.SetupCode = ""
	first := prepared(t, c)
	testkit.WantModes(t, c.Data, map[string]fs.FileMode{"setup-code": 0o600})
	if again := prepared(t, c); again.code != first.code || first.code == "" {
		t.Errorf("the code was %q, and is %q after a restart", first.code, again.code)
	}
	testkit.Check(t, os.Remove(SetupCodeFile(c.Data)))
	second := prepared(t, c)
	if second.code == first.code {
		t.Error("a lost code is still the same")
	}
	testkit.Check(t, os.WriteFile(SetupCodeFile(c.Data), []byte(first.code), 0o600))
	third := prepared(t, c) // as after restoring another database
	if third.code == first.code || third.code == second.code {
		t.Error("a code that does not match the database was kept")
	}
	testkit.WantKind(t, first.creates(t, c, "me@example.com"), notary.Forbidden)
	testkit.Check(t, third.creates(t, c, "me@example.com"))
	if s := prepared(t, c); s != nil {
		t.Errorf("with an account there is a setup: %+v", s)
	}
	if _, err := os.Stat(SetupCodeFile(c.Data)); err == nil {
		t.Error("the file of the used code is still there")
	}
}

func TestConfiguredSetupCode(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	c.SetupCode = ""
	prepared(t, c)
	c.SetupCode = "plain violet harbour"
	if s := prepared(t, c); !s.needsCode || s.code != "" || !s.given {
		t.Errorf("setup %+v", s)
	}
	if _, err := os.Stat(SetupCodeFile(c.Data)); err == nil {
		t.Error("the file of the replaced code is still there")
	}
	testkit.Check(t, (&setup{code: c.SetupCode}).creates(t, c, "me@example.com"))
}

func TestSetupAnnouncement(t *testing.T) {
	t.Parallel()
	const local, elsewhere = "https://127.0.0.1:2111", "https://notary.example.com:2111"
	tests := map[string]struct {
		setup *setup
		c     config.Config
		url   string
		want  string
	}{
		"with an account": {nil, config.Config{Data: config.DefaultData}, local, ""},
		"as by default": {&setup{needsCode: true, code: "A-B"},
			config.Config{Data: config.DefaultData, DB: "notary.db"}, local,
			"https://127.0.0.1:2111/start#setup=A-B\nor with:\n  notary account create --first --email " +
				"you@example.com\n"},
		"elsewhere": {&setup{needsCode: true, code: "A-B"}, config.Config{Data: "/srv/notary", DB: "notary.db"},
			elsewhere,
			"https://notary.example.com:2111/start#setup=A-B\nor with:\n  notary account create --first --email " +
				"you@example.com" +
				" --server https://notary.example.com:2111 --data /srv/notary\n"},
		"on PostgreSQL": {&setup{needsCode: true, code: "A-B"},
			config.Config{Data: config.DefaultData, DB: "postgres://x"}, local,
			"This requires the setup code A-B, which is printed only once.\n"},
		"a node that did not create it": {&setup{needsCode: true},
			config.Config{Data: config.DefaultData, DB: "postgres://x"}, local,
			`"notary setup-code" creates a new one`},
		"given": {&setup{needsCode: true, given: true}, config.Config{Data: config.DefaultData}, local,
			"This requires the setup code from the configuration (setup_code).\n"},
		"switched off": {&setup{}, config.Config{Data: config.DefaultData}, local,
			"Anyone can do this: the setup code is off.\n"},
	}
	for name, test := range tests {
		var out bytes.Buffer
		test.setup.announce(&out, &test.c, test.url)
		if !strings.Contains(out.String(), test.want) || (test.setup == nil) != (out.Len() == 0) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, &out, test.want)
		}
	}
}
