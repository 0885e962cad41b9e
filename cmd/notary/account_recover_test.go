package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/store"
	"notary/internal/testkit"
)

// The password of an Admin is reset while the server is stopped and while it runs, generated or
// given, and never on the command line.
func TestAccountRecover(t *testing.T) {
	t.Parallel()
	c := localConfig(t)
	const email = "admin@example.com"
	logIn := func(password string) error {
		st, err := store.Open(t.Context(), c.DB, time.Now)
		testkit.Check(t, err)
		defer st.Close()
		_, err = auth.New(st, auth.Options{}).Login(t.Context(), email, password, auth.Client{Address: "192.0.2.1"})
		return err
	}
	s := newShell(t, nil)
	s.run("account", "recover", "--email", email, "--generate", "--data", c.Data).wantFailure(t, "there is no database")

	_, stop := startServer(t, c) // makes the database
	s.run("account", "recover", "--email", email, "--generate", "--data", c.Data).wantFailure(t, "--create")
	first := strings.TrimSpace(s.must("account", "recover", "--email", email, "--create", "--generate", "--data", c.Data).out)
	testkit.Check(t, stop())
	testkit.Check(t, logIn(strings.Fields(first)[0]))

	const second = "orange lantern gravel window"
	if r := s.runWith(second+"\n", "account", "recover", "--email", email, "--password-stdin", "--data", c.Data); r.code != 0 {
		t.Fatalf("exit %d: %s", r.code, r.err)
	}
	testkit.Check(t, logIn(second))
	testkit.WantKind(t, logIn(strings.Fields(first)[0]), notary.Unauthenticated)
	for _, name := range []string{recoveryFile, recoveryOutcome} {
		if _, err := os.Stat(filepath.Join(c.Data, name)); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
}

// A request that somebody else could have written is ignored.
func TestRecoveryFilesOfOthersAreIgnored(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	dir := t.TempDir()
	name := filepath.Join(dir, recoveryFile)
	hash, err := auth.NewPasswordHash(t.Context(), "orange lantern gravel window", w.Admin().Email)
	testkit.Check(t, err)
	request := auth.Recovery{Email: w.Admin().Email, PasswordHash: hash}
	outcome := func() (result recoveryResult) {
		testkit.Check(t, serveRecovery(t.Context(), dir, w.Auth, quiet))
		if found, err := takeJSON(filepath.Join(dir, recoveryOutcome), &result); !found || err != nil {
			t.Fatalf("no outcome: %v", err)
		}
		return result
	}
	prepares := map[string]func(){
		"a file that others can read": func() { testkit.Check(t, os.Chmod(name, 0o644)) },
		"a link": func() {
			testkit.Check(t, os.Rename(name, name+".elsewhere"))
			testkit.Check(t, os.Symlink(name+".elsewhere", name))
		},
		"a large file": func() { testkit.Check(t, os.WriteFile(name, make([]byte, maxRecoveryFile+1), 0o600)) },
		"no JSON":      func() { testkit.Check(t, os.WriteFile(name, []byte("{"), 0o600)) },
	}
	if os.Geteuid() == 0 { // who alone reads the private files of others
		prepares["a file of another user"] = func() { testkit.Check(t, os.Chown(name, 12345, -1)) }
	}
	for what, prepare := range prepares {
		testkit.Check(t, writeJSON(name, request))
		prepare()
		if outcome().Message == "" {
			t.Errorf("%s is obeyed", what)
		}
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s is left", what)
		}
	}
	testkit.Check(t, writeJSON(name, request))
	if result := outcome(); result.Message != "" {
		t.Errorf("a good request is refused: %+v", result)
	}
}
