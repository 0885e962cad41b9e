package testkit

import (
	"database/sql"
	"net/url"
	"testing"
	"time"

	"notary"
)

// SQL opens a SQLite database beside the service, as another program would: to look at what
// is stored or to damage it. Neither references nor CHECK constraints are enforced.
func SQL(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)")
	Check(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec runs statements on the World's database behind the service's back.
func (w *World) Exec(t testing.TB, text string, args ...any) {
	t.Helper()
	_, err := SQL(t, w.Path).ExecContext(t.Context(), text, args...)
	Check(t, err)
}

// Events are all events on record, the oldest first.
func (w *World) Events(t testing.TB) []notary.Event {
	t.Helper()
	rows, err := SQL(t, w.Path).QueryContext(t.Context(),
		`SELECT id, at, account_id, email, address, action, object_id, detail FROM event ORDER BY id`)
	Check(t, err)
	defer rows.Close()
	var events []notary.Event
	for rows.Next() {
		var e notary.Event
		var at int64
		Check(t, rows.Scan(&e.ID, &at, &e.AccountID, &e.Email, &e.Address, &e.Action, &e.ObjectID, &e.Detail))
		e.At = time.Unix(at, 0).UTC()
		events = append(events, e)
	}
	Check(t, rows.Err())
	return events
}

// EventsOf gives the actions that do puts on record, in their order.
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
