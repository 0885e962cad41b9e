package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/testkit"
)

func otherURL(t *testing.T, database string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(database)
	testkit.Check(t, err)
	change(u)
	return u.String()
}

func nameOf(t *testing.T, database string) (name string) {
	t.Helper()
	otherURL(t, database, func(u *url.URL) { name = strings.TrimPrefix(u.Path, "/") })
	return name
}

func execute(t *testing.T, database string, statements ...string) {
	t.Helper()
	db := testkit.SQL(t, database)
	for _, statement := range statements {
		_, err := db.Exec(statement)
		testkit.Check(t, err)
	}
	testkit.Check(t, db.Close()) // a database with a connection cannot be dropped
}

// wantRefused requires that opening a database fails with a one-line reason without the password.
func wantRefused(t *testing.T, ctx context.Context, database string, kind notary.Kind, words ...string) {
	t.Helper()
	s, err := store.Open(ctx, database, time.Now, testkit.Patient...)
	if err == nil {
		s.Close()
		t.Fatal("the database was opened")
	}
	testkit.WantKind(t, err, kind)
	testkit.WantText(t, err, words...)
	wantNoPassword(t, database, err)
	if message := sentence(err); strings.Contains(message, "\n") {
		t.Errorf("the message has several lines: %s", message)
	}
}

func sentence(err error) string {
	var e *notary.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func wantNoPassword(t *testing.T, database string, err error) {
	t.Helper()
	_, after, _ := strings.Cut(database, "://")
	_, after, _ = strings.Cut(after, ":")
	if password, _, ok := strings.Cut(after, "@"); ok && strings.Contains(fmt.Sprintf("%v %+v", err, err), password) {
		t.Errorf("the error contains the password %q: %v", password, err)
	}
}

// A database that cannot be opened is refused in one sentence that says what to do.
func TestPostgresOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, database string) (spoilt string)
		kind  notary.Kind
		want  []string
	}{
		{"a wrong password", func(t *testing.T, database string) string {
			return otherURL(t, database,
				func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "not-the-password") })
		}, notary.Forbidden, []string{"refuses the user", "check the user and password in the URL"}},
		{"an unknown user", func(t *testing.T, database string) string {
			return otherURL(t, database, func(u *url.URL) { u.User = url.UserPassword("nobody", "not-the-password") })
		}, notary.Forbidden, []string{"refuses the user nobody", "check the user and password in the URL"}},
		{"an unknown database", func(t *testing.T, database string) string {
			return otherURL(t, database, func(u *url.URL) { u.Path = "/nowhere" })
		}, notary.NotFound, []string{"there is no database nowhere on ", "create it with createdb, or use another"}},
		{"a newer schema", func(t *testing.T, database string) string {
			s, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
			testkit.Check(t, err)
			testkit.Check(t, s.Close())
			execute(t, database, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
			return database
		}, notary.Internal, []string{"version 99", "run the newer program"}},
		{"another program's tables", func(t *testing.T, database string) string {
			execute(t, database, `CREATE TABLE invoice (id bigint)`)
			return database
		}, notary.Internal, []string{"the tables of another program", "create a separate database for notary"}},
		{"synchronous_commit switched off", func(t *testing.T, database string) string {
			execute(t, database, `ALTER DATABASE `+nameOf(t, database)+` SET synchronous_commit = off`)
			return database
		}, notary.Invalid, []string{"synchronous_commit set to off", "set it to on"}},
		{"another encoding", func(t *testing.T, database string) string {
			name := nameOf(t, database) + "_latin1"
			execute(t, database, `CREATE DATABASE `+name+` ENCODING 'LATIN1' TEMPLATE template0`)
			t.Cleanup(func() { execute(t, database, `DROP DATABASE `+name+` WITH (FORCE)`) })
			return otherURL(t, database, func(u *url.URL) { u.Path = "/" + name })
		}, notary.Invalid, []string{"the encoding LATIN1", "create one with the encoding UTF8"}},
		{"a user who may make no tables", func(t *testing.T, database string) string {
			name := nameOf(t, database) + "_guest"
			execute(t, database, `CREATE ROLE `+name+` LOGIN PASSWORD 'not-to-be-shown'`,
				`REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
			t.Cleanup(func() { execute(t, database, `DROP ROLE `+name) })
			return otherURL(t, database, func(u *url.URL) { u.User = url.UserPassword(name, "not-to-be-shown") })
		}, notary.Forbidden, []string{"has no permission to create tables", "ALTER DATABASE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantRefused(t, t.Context(), tt.spoil(t, testkit.Postgres(t)), tt.kind, tt.want...)
		})
	}
}

// An invalid URL is not repeated.
func TestPostgresInvalidURL(t *testing.T) {
	t.Parallel()
	for _, database := range []string{
		"postgres://notary:se%zzcret@db.example.com/notary",
		"postgres://notary:secret@db.example.com:port/notary",
		"postgres://notary:secret@db.example.com/notary?sslmode=perhaps",
		"postgres://notary:se cret@db.example.com/notary?connect_timeout=soon",
		"postgres://notary:secret@db.example.com/notary?sslrootcert=/nowhere",
		"postgres://notary:secret@[::1/notary",
	} {
		wantRefused(t, t.Context(), database, notary.Invalid, "write it as postgres://user:password@host:5432/name")
	}
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Check(t, err)
	testkit.Check(t, l.Close())
	return l.Addr().String()
}

func TestPostgresNotListening(t *testing.T) {
	t.Parallel()
	short := store.Database(db.StartTimeout(1500 * time.Millisecond))
	database := otherURL(t, testkit.Postgres(t), func(u *url.URL) { u.Host = unusedAddress(t) })
	begun := time.Now()
	_, err := store.Open(t.Context(), database, time.Now, short)
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "check that the server is running, and the host, port and TLS settings in the URL")
	wantNoPassword(t, database, err)
	if waited := time.Since(begun); waited < 1500*time.Millisecond {
		t.Errorf("Open gave up after %v", waited)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantRefused(t, ctx, database, notary.Unavailable, "check that the server is running")
}

// Open waits for a server that is just starting.
func TestPostgresStartsLate(t *testing.T) {
	t.Parallel()
	p := newProxy(t, testkit.Postgres(t))
	p.cut()
	opened := make(chan error)
	go func() {
		s, err := store.Open(t.Context(), p.url, time.Now, testkit.Patient...)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("Open returned early: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	p.listen(t)
	testkit.Check(t, <-opened)
}

// While a database is read-only, changes are rejected; afterwards they succeed even on old connections.
func TestPostgresReadOnly(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	alter := `ALTER DATABASE ` + nameOf(t, database) + ` SET default_transaction_read_only = `
	first, _ := openAt(t, database)
	before := newRequest(t, first, 1, 1)

	execute(t, database, alter+`on`)
	s, _ := openAt(t, database)
	insert := func() error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, 2)
			return err
		})
	}
	wantUnavailable(t, insert(), "the database cannot be written at the moment")
	getRequest(t, s, before.ID) // reads continue
	wantRequests(t, s, 1)

	execute(t, database, `SET default_transaction_read_only = off`, alter+`off`)
	var err error
	for range 50 { // each discovers one or two connections
		if err = insert(); err == nil {
			break
		}
		wantUnavailable(t, err)
	}
	testkit.Check(t, err)
	wantRequests(t, s, 2)
}

func wantRequests(t *testing.T, s *store.Store, want int) {
	t.Helper()
	summary, err := s.Summary(t.Context(), time.Now())
	testkit.Check(t, err)
	there := 0
	testkit.Check(t, s.EachRequest(t.Context(), notary.Filter{}, func(*notary.Request) error { there++; return nil }))
	if counted := summary.Requests[notary.Outstanding]; there != want || counted != int64(want) {
		t.Errorf("%d requests are stored and %d counted, want %d", there, counted, want)
	}
}
