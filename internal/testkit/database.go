package testkit

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"notary"
	"notary/internal/store"
)

// Patient gives a store long timeouts, so that no test depends on how long a query takes.
var Patient = []store.Option{store.ReadTimeout(10 * time.Minute), store.WriteTimeout(10 * time.Minute)}

// OnPostgres reports whether tests run on PostgreSQL. The tests of the store and the packages above it run once on
// each engine.
func OnPostgres() bool { return os.Getenv("NOTARY_TEST_ENGINE") == "postgres" }

// Database returns the URL of a new PostgreSQL database, or the path of a SQLite file that [store.Open] creates,
// depending on the engine under test.
func Database(t testing.TB) string {
	t.Helper()
	if OnPostgres() {
		return Postgres(t)
	}
	return filepath.Join(t.TempDir(), "notary.db")
}

// SQL opens a database separately from the service, to inspect or damage it. The connection does not enforce foreign
// keys or, on SQLite, CHECK constraints.
func SQL(t testing.TB, database string) *sql.DB {
	t.Helper()
	db := openSQL(t, database)
	t.Cleanup(func() { db.Close() })
	return db
}

func openSQL(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", "file:"+(&url.URL{Path: database}).EscapedPath()+
		"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)"
	if store.IsPostgres(database) {
		driver, dsn = "pgx", database+"&session_replication_role=replica&default_query_exec_mode=simple_protocol"
	}
	db, err := sql.Open(driver, dsn)
	Check(t, err)
	db.SetMaxOpenConns(1)
	return db
}

// Exec runs statements on the World's database, bypassing the service.
func (w *World) Exec(t testing.TB, text string, args ...any) {
	t.Helper()
	_, err := SQL(t, w.Database).ExecContext(t.Context(), text, args...)
	Check(t, err)
}

// Events returns all events, oldest first.
func (w *World) Events(t testing.TB) []notary.Event {
	t.Helper()
	var events []notary.Event
	q := notary.EventQuery{Limit: notary.MaxPage}
	for {
		page, err := w.Store.Events(t.Context(), q)
		Check(t, err)
		for _, e := range page.Items {
			events = append(events, *e)
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	slices.Reverse(events)
	return events
}

// EventsOf calls do and returns the actions of the events recorded meanwhile, in order.
func (w *World) EventsOf(t testing.TB, do func()) []string {
	t.Helper()
	before := len(w.Events(t))
	do()
	var actions []string
	for _, e := range w.Events(t)[before:] {
		actions = append(actions, e.Action)
	}
	return actions
}
