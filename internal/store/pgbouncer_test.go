package store_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

const pgbouncerConfig = `
[databases]
%[1]s = host=%[2]s port=%[3]s user=%[4]s password=%[5]s pool_size=%[8]d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[6]d
unix_socket_dir =
auth_type = any
pool_mode = %[7]s
server_tls_sslmode = disable
max_client_conn = 500
`

// pgbouncer starts a PgBouncer in front of a database and returns the database's URL through it.
func pgbouncer(t *testing.T, database, mode string, poolSize int) string {
	t.Helper()
	testkit.Require(t, "pgbouncer")
	u, err := url.Parse(database)
	testkit.Check(t, err)
	password, _ := u.User.Password()
	_, text, err := net.SplitHostPort(unusedAddress(t))
	testkit.Check(t, err)
	port, err := strconv.Atoi(text)
	testkit.Check(t, err)
	config := filepath.Join(t.TempDir(), "pgbouncer.ini")
	testkit.Check(t, os.WriteFile(config, fmt.Appendf(nil, pgbouncerConfig, nameOf(t, database), u.Hostname(), u.Port(),
		u.User.Username(), password, port, mode, poolSize), 0o600))
	args := []string{config}
	if os.Getuid() == 0 { // it refuses to run as root
		args = []string{"-u", "postgres", config}
	}
	var log bytes.Buffer
	bouncer := exec.Command("pgbouncer", args...)
	bouncer.Stderr, bouncer.Stdout = &log, &log
	testkit.Check(t, bouncer.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = bouncer.Wait()
	}()
	t.Cleanup(func() {
		_ = bouncer.Process.Kill()
		<-ended
		if t.Failed() {
			t.Log(log.String())
		}
	})
	u.Host = net.JoinHostPort("127.0.0.1", text)
	for {
		conn, err := net.Dial("tcp", u.Host)
		if err == nil {
			conn.Close()
			return u.String()
		}
		select {
		case <-ended:
			t.Fatalf("pgbouncer ended: %s", log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// A pooler that shares sessions among clients is refused, and so is one with a single session, which no other client
// gets during a transaction.
func TestInteropPgBouncerWithoutSessions(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "statement"} {
		for _, poolSize := range []int{1, 2, 20} {
			t.Run(fmt.Sprint(mode, poolSize), func(t *testing.T) {
				t.Parallel()
				database := testkit.Postgres(t)
				wantRefused(t, t.Context(), pgbouncer(t, database, mode, poolSize), notary.Unprocessable,
					"the connection pooler in front of the database", "set pool_mode = session")
				s, _ := openAt(t, database)
				newRequest(t, s, 1, 1)
				wantRefused(t, t.Context(), pgbouncer(t, database, mode, poolSize), notary.Unprocessable,
					"set pool_mode = session")
			})
		}
	}
}

// A pooler that keeps sessions works like the server.
func TestInteropPgBouncerWithSessions(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	first, _ := openAt(t, pgbouncer(t, database, "session", 60))
	second, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer second.Close()
	notified := make(chan string, 100)
	go first.Watch(t.Context(), func(topic string) { notified <- topic })
	newRequest(t, first, 1, 1)
	wantRequests(t, second, 1)
	for range store.DatabaseSchema.Topics { // at the start
		<-notified
	}
	write(t, second, func(tx *store.Tx) error { return store.Changed(tx, store.Profiles) })
	for topic := range notified {
		if topic == store.Profiles {
			break
		}
	}
	for _, err := range testkit.Race(40, func(i int) error {
		return first.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 2, i)
			return err
		})
	}) {
		testkit.Check(t, err)
	}
	wantRequests(t, second, 41)
	testkit.Check(t, archive.CheckInvariants(t.Context(), first))
	timeout, err := store.QueryText(t.Context(), first,
		`SELECT current_setting('statement_timeout') || current_setting('enable_seqscan')`)
	if err != nil || timeout != "1minoff" {
		t.Errorf("the session's settings are %q (%v)", timeout, err)
	}
}
