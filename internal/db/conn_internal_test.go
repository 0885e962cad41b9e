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

// openPair returns a file's connection with and without database/sql.
func openPair(t testing.TB) (*conn, *sql.Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	if err := CreatePrivate(path); err != nil {
		t.Fatal(err)
	}
	pool, err := connectWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	usual, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := openConn(path, writing...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.close()
		usual.Close()
		pool.Close()
	})
	_, err = c.exec(t.Context(), `CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, octets BLOB)`)
	if err != nil {
		t.Fatal(err)
	}
	return c, usual
}

type word string

// Values are converted as database/sql converts them: also those that a damaged or foreign row holds.
func TestConnScansLikeDatabaseSQL(t *testing.T) {
	d, conn := openPair(t)
	for _, value := range []any{"text", []byte{1, 0xff}, int64(7), "7", 7.5, nil, true, word("named"), 12} {
		if _, err := d.exec(t.Context(), `INSERT OR REPLACE INTO t VALUES (1, $1, $1)`, value); err != nil {
			t.Fatal(err)
		}
		for _, dest := range []func() any{
			func() any { return new(string) }, func() any { return new(word) }, func() any { return new(int64) },
			func() any { return new(int) }, func() any { return new(bool) }, func() any { return new([]byte) },
			func() any { return new(sql.NullString) }, func() any { return new(sql.NullInt64) },
			func() any { return new(any) },
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
	case *any:
		return *p
	}
	return p
}

func TestConnRows(t *testing.T) {
	d, _ := openPair(t)
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
func TestConnKeepsOctets(t *testing.T) {
	d, _ := openPair(t)
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

func TestConnClosesOldStatements(t *testing.T) {
	d, _ := openPair(t)
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

// BenchmarkShortStatements compares conn with database/sql, in transactions.
func BenchmarkShortStatements(b *testing.B) {
	c, usual := openPair(b)
	ctx := context.Background() // one that could be canceled would cost the driver a goroutine
	transaction := func(b *testing.B, run func(text string) error, step func() error) {
		if err := errors.Join(run("BEGIN IMMEDIATE"), run("INSERT INTO t (id, word) VALUES (1, 'text')")); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := step(); err != nil {
				b.Fatal(err)
			}
		}
		if err := run("ROLLBACK"); err != nil {
			b.Fatal(err)
		}
	}
	wide := make([]sql.NullString, 25)
	dest := []any{}
	for i := range wide {
		dest = append(dest, &wide[i])
	}
	for _, one := range []struct {
		name, text string
		args, dest []any
	}{
		{"insert", `INSERT OR REPLACE INTO t (id, word) VALUES ($1, $2)`, []any{1, "text"}, nil},
		{"find", `SELECT word FROM t WHERE id = $1`, []any{1}, dest[:1]},
		{"wide", `SELECT word` + strings.Repeat(", word", len(dest)-1) + ` FROM t WHERE id = $1`, []any{1}, dest},
	} {
		b.Run(one.name+"/database-sql", func(b *testing.B) {
			prepared, err := usual.PrepareContext(ctx, one.text)
			if err != nil {
				b.Fatal(err)
			}
			transaction(b, func(text string) error { _, err := usual.ExecContext(ctx, text); return err },
				func() error {
					if one.dest == nil {
						_, err := prepared.ExecContext(ctx, one.args...)
						return err
					}
					return prepared.QueryRowContext(ctx, one.args...).Scan(one.dest...)
				})
		})
		b.Run(one.name+"/conn", func(b *testing.B) {
			transaction(b, func(text string) error { return c.later(text) },
				func() error {
					if one.dest == nil {
						return c.later(one.text, one.args...)
					}
					return c.QueryRow(ctx, one.text, one.args...).Scan(one.dest...)
				})
		})
	}
}
