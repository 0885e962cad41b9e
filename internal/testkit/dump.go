package testkit

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"notary/internal/store"
)

// Dump is every row of every table, as text by the table's name. Two dumps are equal as long
// as nothing at all was written between them.
func (w *World) Dump(t testing.TB) map[string][]string {
	t.Helper()
	db := openSQL(t, w.Database)
	defer db.Close() // some tests make thousands of dumps
	names := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if store.IsPostgres(w.Database) {
		names = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	dump := map[string][]string{}
	for _, table := range rowsOf(t, db, names) {
		dump[table] = rowsOf(t, db, `SELECT * FROM "`+table+`"`)
		slices.Sort(dump[table]) // PostgreSQL has no order of its own
	}
	return dump
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
