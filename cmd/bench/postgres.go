package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// environmentPostgres is the environment variable with the URL of a cluster, including a superuser. The benchmark
// creates a database in that cluster.
const environmentPostgres = "NOTARY_TEST_POSTGRES"

// requireDurable returns an error if the cluster does not flush to disk, because its figures would be meaningless.
func requireDurable(ctx context.Context, database string) error {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		value, err := ask(ctx, "pgx", database, "SHOW "+setting)
		if err != nil {
			return fmt.Errorf("PostgreSQL: %w", err)
		}
		if value == "off" {
			return fmt.Errorf("this PostgreSQL cluster runs with %s=off and may lose data, so its figures "+
				"would be meaningless: switch it on, or use another cluster", setting)
		}
	}
	return nil
}

// cluster is a temporary PostgreSQL cluster. Its settings are the defaults, except the listener and the number of
// connections.
type cluster struct {
	cmd   *exec.Cmd
	url   string // of a superuser
	log   string
	ended chan struct{}
}

func startCluster(ctx context.Context, dir string) (*cluster, error) {
	s, err := findServant()
	if err != nil {
		return nil, err
	}
	folder, password := filepath.Join(dir, "postgres"), rand.Text()
	if err := initCluster(ctx, s, folder, password); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	program, err := postgresProgram("postgres")
	if err != nil {
		return nil, err
	}
	c := &cluster{log: folder + ".log", ended: make(chan struct{})}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd = exec.Command(program, "-D", folder, "-c", "listen_addresses=127.0.0.1", "-c", "port="+port,
		"-c", "unix_socket_directories=", "-c", "max_connections=300")
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = folder, log, log
	s.run(c.cmd)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = c.cmd.Wait() // the exit status does not matter
		close(c.ended)
	}()
	c.url = fmt.Sprintf("postgres://notary:%s@127.0.0.1:%s/postgres?sslmode=disable", password, port)
	if err := c.wait(ctx); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func initCluster(ctx context.Context, s servant, folder, password string) error {
	program, err := postgresProgram("initdb")
	if err != nil {
		return err
	}
	secret := folder + ".password"
	defer os.Remove(secret)
	err = errors.Join(os.Mkdir(folder, 0o700), s.own(folder),
		os.WriteFile(secret, []byte(password+"\n"), 0o600), s.own(secret))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-D", folder, "-U", "notary", "--auth=scram-sha-256",
		"--pwfile="+secret, "-E", "UTF8", "--locale=C")
	cmd.Dir = folder
	s.run(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (c *cluster) wait(ctx context.Context) error {
	limit := time.After(time.Minute)
	for {
		err := execute(ctx, c.url, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-c.ended:
			return fmt.Errorf("PostgreSQL did not start\n%s", lastLines(c.log))
		case <-limit:
			return fmt.Errorf("PostgreSQL did not start within a minute: %w\n%s", err, lastLines(c.log))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop stops the cluster without waiting for its clients (PostgreSQL's fast shutdown).
func (c *cluster) stop() error {
	_ = c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.ended:
		return nil
	case <-time.After(time.Minute):
		_ = c.cmd.Process.Kill()
		<-c.ended
		return errors.New("PostgreSQL did not stop within a minute")
	}
}

// postgresProgram returns the path of one of PostgreSQL's programs: on PATH, or in Debian's versioned folders,
// latest first.
func postgresProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s is not installed: install PostgreSQL, or specify a cluster with %s or a database "+
			"with --database", name, environmentPostgres)
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(majorVersion(a), majorVersion(b)) }), nil
}

// majorVersion returns the major version in a path, such as 17 in /usr/lib/postgresql/17/bin/initdb.
func majorVersion(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
