package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/app/apptest"
	"notary/internal/auth"
	"notary/internal/store"
	"notary/internal/testkit"
)

// An Admin's password can be reset with the server stopped or running, but never on the command line.
func TestAccountRecover(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	const email = "admin@example.com"
	logIn := func(password string) error {
		st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
		testkit.Check(t, err)
		defer st.Close()
		_, err = auth.New(st, auth.Options{}).Login(t.Context(), email, password, auth.Client{Address: "192.0.2.1"})
		return err
	}
	s := newShell(t, nil)
	s.run("account", "recover", "--email", email, "--generate", "--data", c.Data).wantFailure(t, "there is no database")

	_, stop := apptest.Start(t, c) // creates the database
	s.run("account", "recover", "--email", email, "--generate", "--data", c.Data).wantFailure(t, "--create")
	first := strings.TrimSpace(s.must("account", "recover", "--email", email, "--create", "--generate", "--data",
		c.Data).out)
	testkit.Check(t, stop())
	testkit.Check(t, logIn(first)) // the standard output is the password alone

	const second = "orange lantern gravel window"
	if r := s.runWith(second+"\n", "account", "recover", "--email", email, "--password-stdin", "--data",
		c.Data); r.code != 0 {
		t.Fatalf("exit %d: %s", r.code, r.err)
	}
	testkit.Check(t, logIn(second))
	testkit.WantKind(t, logIn(first), notary.Unauthenticated)
	left, err := filepath.Glob(filepath.Join(c.Data, "account-recovery*"))
	testkit.Check(t, err)
	if len(left) > 0 {
		t.Errorf("%q were left behind", left)
	}
}

// As root, commands refuse a data folder of the server's user, before creating anything.
func TestCommandsInAnotherUsersFolder(t *testing.T) {
	t.Parallel()
	data, backup, s := t.TempDir(), filepath.Join(t.TempDir(), "backup.db"), newShell(t, nil)
	testkit.Check(t, os.WriteFile(backup, nil, 0))
	if os.Geteuid() != 0 { // only root can change a folder's owner, and root reads every file
		s.run("restore", backup, "--data", data).wantFailure(t, "cannot read "+backup)
		return
	}
	testkit.Check(t, os.Chown(data, 12345, -1))
	for _, command := range [][]string{
		{"restore", backup}, {"migrate", "up"}, {"setup-code"}, {"account", "recover", "--email", "me@example.com",
			"--generate"},
	} {
		s.run(append(command, "--data", data)...).wantFailure(t, "run this command as the server's user")
	}
	left, err := os.ReadDir(data)
	testkit.Check(t, err)
	if len(left) > 0 {
		t.Errorf("%v were left behind", left)
	}
}
