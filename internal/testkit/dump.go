package testkit

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// Dump is every row of every table, as text by the table's name. Two dumps are equal as long
// as nothing at all was written between them.
func (w *World) Dump(t testing.TB) map[string][]string {
	t.Helper()
	db := w.SQL(t)
	dump := map[string][]string{}
	for _, table := range rowsOf(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		dump[table] = rowsOf(t, db, `SELECT * FROM "`+table+`" ORDER BY rowid`)
	}
	return dump
}

// SQL is a connection to the World's database beside the store's: for looking at what the
// store does not show, and for breaking it.
func (w *World) SQL(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.Path+"?_pragma=busy_timeout(5000)")
	Check(t, err)
	t.Cleanup(func() { Check(t, db.Close()) })
	return db
}

// rowsOf gives each row as one text.
func rowsOf(t testing.TB, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	Check(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	Check(t, err)
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		Check(t, rows.Scan(dest...))
		var text []string
		for _, v := range values {
			if blob, ok := v.([]byte); ok {
				v = fmt.Sprintf("%x", blob)
			}
			text = append(text, fmt.Sprint(v))
		}
		all = append(all, strings.Join(text, " | "))
	}
	Check(t, rows.Err())
	return all
}
