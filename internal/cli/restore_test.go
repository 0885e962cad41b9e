package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"notary/internal/testkit"
)

// The commands in docs/operations.md restore a PostgreSQL database for an ordinary user.
func TestPostgresRestoreAsDocumented(t *testing.T) {
	t.Parallel()
	const document, heading = "../../docs/operations.md", "Backup and restore: PostgreSQL"
	blocks := testkit.Commands(t, document, heading)
	if len(blocks) != 3 {
		t.Fatalf("the section %q has %d blocks of commands, want those to back up, to restore and to check", heading,
			len(blocks))
	}
	cluster := testkit.StartCluster(t, "fsync = off", "full_page_writes = off")
	databaseURL, admin := cluster.Ordinary(t, "notary")
	binary, dir := buildProgram(t), t.TempDir()
	shell := documentShell{dir, append(admin, "NOTARY_DATABASE="+databaseURL("notary"), "NOTARY_DATA=data",
		"NOTARY_SETUP_CODE=off", "NOTARY_PASSWORD="+testkit.Password,
		"XDG_CONFIG_HOME="+filepath.Join(dir, "config")), filepath.Dir(binary)}

	stop := shell.serve(t, binary)
	shell.run(t, "notary account create --first --email admin@example.com\nnotary authority create --root "+
		"--common-name 'Example Root'")
	shell.run(t, blocks[0])
	stop()
	shell.run(t, blocks[1])

	restored := shell.with("NOTARY_DATABASE=" + databaseURL("notary_restored"))
	if out := restored.run(t, blocks[2]); !strings.Contains(out, "up to date") {
		t.Errorf("the restored database: %s", out)
	}
	stop = restored.serve(t, binary)
	if out := restored.run(t, "notary login --email admin@example.com\nnotary authority list"); !strings.Contains(out,
		"Example Root") {
		t.Errorf("the authorities of the restored database: %s", out)
	}
	stop()

	shell.run(t, "createdb --template=template0 --encoding=UTF8 --owner=notary mistaken\npg_restore --no-owner "+
		"--dbname=mistaken *.dump")
	mistaken := shell.with("NOTARY_DATABASE=" + databaseURL("mistaken"))
	for _, command := range []string{"notary migrate status", "notary migrate up"} {
		if out := mistaken.fail(t, command); !strings.Contains(out, "pg_restore --no-owner --role=notary") {
			t.Errorf("%s, where the tables belong to another user: %s", command, out)
		}
	}
}

type documentShell struct {
	dir string
	env []string
	bin string // folder of the program
}

func (s documentShell) with(env ...string) documentShell {
	s.env = append(s.env[:len(s.env):len(s.env)], env...)
	return s
}

func (s documentShell) command(commands string) *exec.Cmd {
	cmd := exec.Command("sh", "-ec", `PATH="`+s.bin+`:$PATH"`+"\n"+commands)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	return cmd
}

func (s documentShell) run(t *testing.T, commands string) string {
	t.Helper()
	out, err := s.command(commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
	return string(out)
}

func (s documentShell) fail(t *testing.T, commands string) string {
	t.Helper()
	out, err := s.command(commands).CombinedOutput()
	if err == nil {
		t.Errorf("%s succeeds:\n%s", commands, out)
	}
	return string(out)
}

func (s *documentShell) serve(t *testing.T, binary string) (stop func()) {
	t.Helper()
	server := &process{env: s.env}
	testkit.Check(t, server.start(s.dir, binary, "start", "--listen", "127.0.0.1:0", "--publish-listen", "off"))
	t.Cleanup(server.kill)
	s.env = append(s.env, "NOTARY_SERVER="+server.url)
	return server.kill
}
