package db

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// openDriver returns a file's connection with its driver, and in database/sql.
func openDriver(t testing.TB) (*driverConn, *sql.Conn) {
	t.Helper()
	pool, opens, err := connectWriter(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d := newDriverConn(opens.conn)
	t.Cleanup(func() {
		d.close()
		conn.Close()
		pool.Close()
	})
	_, err = d.exec(t.Context(), `CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, octets BLOB)`)
	if err != nil {
		t.Fatal(err)
	}
	return d, conn
}

type word string

// Values are converted as database/sql converts them: also those that a damaged or foreign row holds.
func TestDriverScansLikeDatabaseSQL(t *testing.T) {
	d, conn := openDriver(t)
	for _, value := range []any{"text", []byte{1, 0xff}, int64(7), "7", 7.5, nil, true, word("named"), 12} {
		if _, err := d.exec(t.Context(), `INSERT OR REPLACE INTO t VALUES (1, $1, $1)`, value); err != nil {
			t.Fatal(err)
		}
		for _, dest := range []func() any{
			func() any { return new(string) }, func() any { return new(word) }, func() any { return new(int64) },
			func() any { return new(int) }, func() any { return new(bool) }, func() any { return new([]byte) },
			func() any { return new(sql.NullString) }, func() any { return new(sql.NullInt64) },
		} {
			for _, column := range []string{"word", "octets"} {
				query := `SELECT ` + column + ` FROM t WHERE id = $1`
				got, want := dest(), dest()
				err := d.QueryRow(t.Context(), query, 1).Scan(got)
				wantErr := conn.QueryRowContext(t.Context(), query, 1).Scan(want)
				if (err == nil) != (wantErr == nil) || err == nil && fmt.Sprint(got) != fmt.Sprint(want) &&
					fmt.Sprintf("%#v", deref(got)) != fmt.Sprintf("%#v", deref(want)) {
					t.Errorf("%v (%T) in %s scanned into a %T: %#v, %v; database/sql: %#v, %v", value, value, column, got,
						deref(got), err, deref(want), wantErr)
				}
			}
		}
	}
}

func deref(p any) any {
	switch p := p.(type) {
	case *string:
		return *p
	case *word:
		return *p
	case *int64:
		return *p
	case *int:
		return *p
	case *bool:
		return *p
	case *[]byte:
		return *p
	}
	return p
}

func TestDriverRows(t *testing.T) {
	d, _ := openDriver(t)
	for i := range 3 {
		id, err := (&Tx{Querier: d, sql: d}).Insert(`INSERT INTO t (word) VALUES ($1) RETURNING id`, strings.Repeat("x", i))
		if err != nil || id != int64(i+1) {
			t.Fatalf("the id is %d: %v", id, err)
		}
	}
	ids, err := Collect(t.Context(), d, Scan[int64], `SELECT id FROM t WHERE id > $1 ORDER BY id`, 1)
	if err != nil || fmt.Sprint(ids) != "[2 3]" {
		t.Errorf("the ids are %v: %v", ids, err)
	}
	var id int64
	if err := d.QueryRow(t.Context(), `SELECT id FROM t WHERE id = 9`).Scan(&id); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v, want %v", err, sql.ErrNoRows)
	}
	if err := d.QueryRow(t.Context(), `SELECT id, word FROM t`).Scan(&id); err == nil {
		t.Error("two columns were scanned into one value")
	}
	if err := d.QueryRow(t.Context(), `SELECT nothing`).Scan(&id); err == nil {
		t.Error("an invalid query ran")
	}
	if _, err := d.exec(t.Context(), `INSERT INTO t (word) VALUES ($1)`, struct{}{}); err == nil {
		t.Error("a structure was bound")
	}
}

// Scanned bytes do not change when later rows are read.
func TestDriverKeepsOctets(t *testing.T) {
	d, _ := openDriver(t)
	for i := range 2 {
		if _, err := d.exec(t.Context(), `INSERT INTO t (octets) VALUES ($1)`, bytes.Repeat([]byte{byte(i)}, 9)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := Collect(t.Context(), d, Scan[[]byte], `SELECT octets FROM t ORDER BY id`)
	if err != nil || all[0][0] != 0 || all[1][0] != 1 {
		t.Errorf("the octets are %v: %v", all, err)
	}
}

func TestDriverClosesOldStatements(t *testing.T) {
	d, _ := openDriver(t)
	for i := range 2 * maxPrepared {
		var n int
		if err := d.QueryRow(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d: %v", n, err)
		}
	}
	if len(d.prepared) > maxPrepared {
		t.Errorf("%d statements are prepared, want at most %d", len(d.prepared), maxPrepared)
	}
}

// BenchmarkShortStatements compares the driver's connection with database/sql.
func BenchmarkShortStatements(b *testing.B) {
	d, conn := openDriver(b)
	const insert, find = `INSERT OR REPLACE INTO t (id, word) VALUES ($1, $2)`, `SELECT word FROM t WHERE id = $1`
	ctx := context.Background() // one that could be cancelled would cost the driver a goroutine
	inserting, err := conn.PrepareContext(ctx, insert)
	if err != nil {
		b.Fatal(err)
	}
	finding, err := conn.PrepareContext(ctx, find)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.exec(ctx, "BEGIN"); err != nil {
		b.Fatal(err)
	}
	var found string
	for name, step := range map[string]func() error{
		"insert/database-sql": func() error { _, err := inserting.ExecContext(ctx, 1, "text"); return err },
		"insert/driver":       func() error { return d.later(insert, 1, "text") },
		"find/database-sql":   func() error { return finding.QueryRowContext(ctx, 1).Scan(&found) },
		"find/driver":         func() error { return d.QueryRow(ctx, find, 1).Scan(&found) },
	} {
		b.Run(name, func(b *testing.B) {
			if err := d.later(insert, 1, "text"); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
