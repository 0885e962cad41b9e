package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Cluster is a PostgreSQL server for tests. A server started by this package listens on 127.0.0.1. It is stopped and
// deleted when its test or the test process ends, even if the process is killed.
type Cluster struct {
	// Name is the application name of a standby, for use in synchronous_standby_names. It is empty for other clusters.
	Name string

	base *url.URL // server URL without a database
	bin  string   // folder of PostgreSQL's programs
	dir  string   // folder with the data and the log

	guard *exec.Cmd
	held  io.Closer // the guard's standard input; closing it triggers the guard

	server *exec.Cmd
	gone   chan struct{} // closed when the server and its children have ended
}

// StartCluster creates and starts a cluster. The options are added to postgresql.conf as lines, such as "fsync=off".
func StartCluster(t testing.TB, options ...string) *Cluster {
	t.Helper()
	c, err := openCluster(requirePostgres(t), options)
	Check(t, err)
	t.Cleanup(func() { Check(t, c.remove()) })
	return c
}

// URL returns the URL for connecting to a database of the cluster as the superuser.
func (c *Cluster) URL(database string) string {
	return c.base.JoinPath(database).String()
}

// Exec executes a statement in the postgres database as the superuser.
func (c *Cluster) Exec(t testing.TB, statement string) {
	t.Helper()
	Check(t, c.exec(statement))
}

// Stop shuts down the server in fast mode and waits until it has ended.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	c.end(t, os.Interrupt)
}

// Kill kills the server process, as in a crash, and waits until its children have ended. Data in the operating system's
// buffers is not lost.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	c.end(t, os.Kill)
	// Process IDs are reused: the next start and the guard must not mistake another process for this server.
	Check(t, os.Rename(filepath.Join(c.data(), "postmaster.pid"), filepath.Join(c.dir, "killed.pid")))
}

// Start restarts a stopped or killed server on the same port.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	Check(t, c.run())
}

// Standby creates a streaming standby of the running cluster, and waits until streaming has begun.
func (c *Cluster) Standby(t testing.TB) *Cluster {
	t.Helper()
	s, err := newCluster(c.bin)
	Check(t, err)
	t.Cleanup(func() { Check(t, s.remove()) })
	s.Name, s.base.User = "standby_"+randomLabel(), c.base.User
	Check(t, s.tool("pg_basebackup", "--pgdata", s.data(), "--checkpoint=fast", "--no-sync",
		"--write-recovery-conf", "--dbname", c.URL("postgres")+"&application_name="+s.Name))
	Check(t, s.configure("postgresql.auto.conf",
		"synchronous_standby_names = ''",         // once promoted, it has no standby
		"wal_retrieve_retry_interval = '100ms'")) // interval between attempts to reach the primary
	Check(t, s.settle())
	c.awaitStandby(t, s.Name)
	return s
}

// Promote promotes a standby to primary.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	if promoted, err := c.ask(`SELECT pg_promote()`); err != nil || !promoted {
		t.Fatalf("the standby was not promoted: %v\n%s", err, c.log())
	}
}

func openCluster(bin string, options []string) (*Cluster, error) {
	c, err := newCluster(bin)
	if err != nil {
		return nil, err
	}
	if err = c.initialize(options); err == nil {
		err = c.settle()
	}
	if err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

func (c *Cluster) initialize(options []string) error {
	password, _ := c.base.User.Password()
	file := filepath.Join(c.dir, "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	if err := chown(file); err != nil {
		return err
	}
	args := []string{"--pgdata", c.data(), "--username", c.base.User.Username(), "--pwfile", file,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"}
	// Use a natural-language collation, the default of most servers, so that code that needs byte order must request
	// it. Without ICU or before PostgreSQL 15, byte order is used.
	if c.tool("initdb", append(args, "--locale-provider=icu", "--icu-locale=en")...) != nil {
		if err := c.tool("initdb", args...); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(file), c.configure("postgresql.conf", append([]string{
		"listen_addresses = '127.0.0.1'",
		"unix_socket_directories = ''",
		"dynamic_shared_memory_type = mmap", // in the data folder, so that crashes leak nothing
	}, options...)...))
}

func (c *Cluster) configure(name string, lines ...string) error {
	file, err := os.OpenFile(filepath.Join(c.data(), name), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, line := range lines {
		if _, err := fmt.Fprintln(file, line); err != nil {
			return err
		}
	}
	return nil
}

// settle finds a port and starts the server on it for the first time.
func (c *Cluster) settle() (err error) {
	for range 5 { // another process may take the port in between
		var port int
		if port, err = freePort(); err != nil {
			return err
		}
		c.base.Host = "127.0.0.1:" + strconv.Itoa(port)
		if err = c.run(); err == nil {
			return nil
		}
	}
	return err
}

func (c *Cluster) run() error {
	log, err := os.OpenFile(c.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	server, err := c.command(filepath.Join(c.bin, "postgres"), "-D", c.data(), "-p", c.base.Port())
	if err != nil {
		return errors.Join(err, log.Close())
	}
	// Hide the *os.File from os/exec, which then uses a pipe: Wait returns only when all children have closed it.
	server.Stderr = struct{ io.Writer }{log}
	if err := server.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	gone := make(chan struct{})
	c.server, c.gone = server, gone
	go func() {
		defer close(gone)
		defer log.Close()
		_ = server.Wait()
	}()
	return c.answer()
}

func (c *Cluster) answer() error {
	deadline := time.Now().Add(Patience)
	for {
		err := c.exec(`SELECT 1`)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(err, c.server.Process.Kill(), errors.New(c.log()))
		}
		select {
		case <-c.gone:
			return fmt.Errorf("PostgreSQL did not start:\n%s", c.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end sends the server a signal and waits until all its processes have ended.
func (c *Cluster) end(t testing.TB, signal os.Signal) {
	t.Helper()
	Check(t, c.server.Process.Signal(signal))
	select {
	case <-c.gone:
	case <-time.After(Patience):
		t.Fatalf("PostgreSQL still runs:\n%s", c.log())
	}
}

func (c *Cluster) awaitStandby(t testing.TB, name string) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		streams, err := c.ask(`SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming' AND application_name = $1`, name)
		Check(t, err)
		if streams {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby does not stream:\n%s", c.log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *Cluster) exec(statement string) error {
	db, err := sql.Open("pgx", c.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}

func (c *Cluster) ask(query string, args ...any) (yes bool, err error) {
	db, err := sql.Open("pgx", c.URL("postgres"))
	if err != nil {
		return false, err
	}
	defer db.Close()
	err = db.QueryRowContext(context.Background(), query, args...).Scan(&yes)
	return yes, err
}

func (c *Cluster) data() string    { return filepath.Join(c.dir, "data") }
func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

func (c *Cluster) log() string {
	text, _ := os.ReadFile(c.logFile())
	return string(text[max(0, len(text)-4000):])
}

// Ordinary creates a role without privileges that owns a database of the same name, as an administrator would. From
// then on, c connects as a new superuser named postgres. Ordinary returns a function for the role's database URLs, and
// the superuser's environment for PostgreSQL's programs.
func (c *Cluster) Ordinary(t testing.TB, user string) (databaseURL func(database string) string, admin []string) {
	t.Helper()
	password, _ := c.base.User.Password()
	c.Exec(t, `CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '`+password+`'`)
	first := c.base.User.Username()
	c.base.User = url.UserPassword("postgres", password)
	c.Exec(t, `ALTER ROLE `+first+` RENAME TO initial`)
	c.Exec(t, `CREATE ROLE `+user+` LOGIN PASSWORD '`+password+`'`)
	c.Exec(t, `CREATE DATABASE `+user+` OWNER `+user+` ENCODING 'UTF8' TEMPLATE template0`)
	databaseURL = func(database string) string {
		u := *c.base
		u.User = url.UserPassword(user, password)
		return u.JoinPath(database).String()
	}
	return databaseURL, []string{"PGHOST=" + c.base.Hostname(), "PGPORT=" + c.base.Port(), "PGUSER=postgres",
		"PGPASSWORD=" + password, "PATH=" + c.bin + string(os.PathListSeparator) + os.Getenv("PATH")}
}
