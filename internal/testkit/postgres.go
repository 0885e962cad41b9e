package testkit

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Postgres returns the URL of a new database that is dropped at the end of the test. Its server is shared by many
// tests: the one at NOTARY_TEST_POSTGRES or, if that is not set, one started for this process.
func Postgres(t testing.TB) string {
	t.Helper()
	return newDatabase(t, "")
}

// newDatabase creates a database and returns its URL. The options are appended to CREATE DATABASE. The database is
// dropped at the end of the test.
func newDatabase(t testing.TB, options string) string {
	t.Helper()
	requireServer(t)
	c, err := sharedCluster()
	Check(t, err)
	name := randomLabel()
	c.Exec(t, `CREATE DATABASE `+name+options)
	t.Cleanup(func() { c.Exec(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return c.URL(name)
}

func requireServer(t testing.TB) {
	t.Helper()
	if os.Getenv("NOTARY_TEST_POSTGRES") == "" {
		requirePostgres(t)
	}
}

// sharedCluster returns the server at NOTARY_TEST_POSTGRES. If that is not set, the first call starts a server, and its
// guard removes it when the process ends.
var sharedCluster = sync.OnceValues(func() (*Cluster, error) {
	if text := os.Getenv("NOTARY_TEST_POSTGRES"); text != "" {
		base, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("NOTARY_TEST_POSTGRES: %w", err)
		}
		base.Path = ""
		return &Cluster{base: base}, nil
	}
	// The same settings as in scripts/with-postgres. No data needs to survive a crash, so nothing is flushed.
	return openCluster(findPostgres(), []string{"fsync = off", "full_page_writes = off",
		"synchronous_commit = on", "shared_buffers = 64MB", "max_connections = 400"})
})

func requirePostgres(t testing.TB) string {
	t.Helper()
	bin := findPostgres()
	Require(t, filepath.Join(bin, "initdb"))
	return bin
}

// findPostgres returns the folder of PostgreSQL's programs, or "" if it is not found. On Debian each version has a
// folder that is not on PATH; the newest version is used.
func findPostgres() string {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) }))
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	out, _ := exec.Command("pg_config", "--bindir").Output()
	return strings.TrimSpace(string(out))
}

func version(path string) float64 {
	v, _ := strconv.ParseFloat(strings.Split(path, "/")[4], 64)
	return v
}

// guardScript waits until the test closes its end of the pipe or is killed. It then stops the server, frees the shared
// memory of a killed server, and deletes the cluster's folder.
const guardScript = `
read -r _
"$1/pg_ctl" stop --silent --mode=immediate --pgdata="$2/data"
[ ! -f "$2/killed.pid" ] || ipcrm -m "$(sed -n '7s/.* //p' "$2/killed.pid")"
cd /
rm -rf "$2"
`

func newCluster(bin string) (*Cluster, error) {
	// t.TempDir would be accessible only to the test's user, but the server may run as another user.
	dir, err := os.MkdirTemp("", "notary-postgres-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, base: &url.URL{Scheme: "postgres",
		User: url.UserPassword("notary", rand.Text()), RawQuery: "sslmode=disable"}}
	if err := errors.Join(chown(dir), c.startGuard()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func (c *Cluster) startGuard() error {
	guard, err := c.command("/bin/sh", "-c", guardScript, "sh", c.bin, c.dir)
	if err != nil {
		return err
	}
	if c.held, err = guard.StdinPipe(); err != nil {
		return err
	}
	c.guard = guard
	return guard.Start()
}

// remove stops the server, in whatever state it is, and deletes the cluster's folder.
func (c *Cluster) remove() error {
	err := c.held.Close()
	_ = c.guard.Wait() // best effort: RemoveAll reports what remains
	if c.gone != nil {
		<-c.gone
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

func (c *Cluster) tool(name string, args ...string) error {
	cmd, err := c.command(filepath.Join(c.bin, name), args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// command returns a command that runs in the cluster's folder as the cluster's user. It has its own process group, so
// that an interrupt from the terminal reaches only the test, which then triggers the guard.
func (c *Cluster) command(path string, args ...string) (*exec.Cmd, error) {
	uid, gid, err := serverUser()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	runAs(cmd, uid, gid)
	return cmd, nil
}

// serverUser returns the user that runs the server: the current user, or postgres if that is root, because PostgreSQL
// refuses to run as root.
func serverUser() (uid, gid uint32, err error) {
	if os.Getuid() != 0 {
		return uint32(os.Getuid()), uint32(os.Getgid()), nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, err
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), err
}

func chown(path string) error {
	uid, gid, err := serverUser()
	if err != nil {
		return err
	}
	return os.Chown(path, int(uid), int(gid))
}

// freePort returns a free port below the ephemeral range, so that no outgoing connection takes it before the server
// restarts.
func freePort() (int, error) {
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(12000))
		if err != nil {
			return 0, err
		}
		port := 20000 + int(n.Int64())
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port of 127.0.0.1 is free for PostgreSQL")
}

// PostgresProgram runs one of PostgreSQL's programs, such as pg_dump. The test fails if the program does.
func PostgresProgram(t testing.TB, name string, args ...string) {
	t.Helper()
	path := filepath.Join(requirePostgres(t), name)
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
