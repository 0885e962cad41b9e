package testkit

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"notary/internal/store"
)

// Dump returns every row of every table as text, by table name. Two dumps are equal if nothing was written between
// them.
func (w *World) Dump(t testing.TB) map[string][]string {
	t.Helper()
	return Rows(t, w.Database, Columns(t, w.Database))
}

// Columns returns the column names of every table, by table name.
func Columns(t testing.TB, database string) map[string][]string {
	t.Helper()
	db := openSQL(t, database)
	defer db.Close() // some tests make thousands of dumps
	names := `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`
	if store.IsPostgres(database) {
		names = `SELECT table_name, column_name FROM information_schema.columns
			WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`
	}
	rows, err := db.Query(names)
	Check(t, err)
	defer rows.Close()
	columns := map[string][]string{}
	for rows.Next() {
		var table, column string
		Check(t, rows.Scan(&table, &column))
		columns[table] = append(columns[table], column)
	}
	Check(t, rows.Err())
	return columns
}

// Rows returns the rows of the given tables and columns as sorted lines of text, by table name.
func Rows(t testing.TB, database string, columns map[string][]string) map[string][]string {
	t.Helper()
	db := openSQL(t, database)
	defer db.Close()
	dump := map[string][]string{}
	for table, names := range columns {
		dump[table] = rowsOf(t, db, `SELECT "`+strings.Join(names, `", "`)+`" FROM "`+table+`"`)
		slices.Sort(dump[table]) // PostgreSQL guarantees no order
	}
	return dump
}

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
