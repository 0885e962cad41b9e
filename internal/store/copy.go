package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"

	"notary"
	"notary/internal/db"
)

// copyRows is how many rows are added at once.
const copyRows = 5_000

// firstStart are the tables that the first start fills: the built-in profiles, what nodes agree on
// and the clock's mark. What somebody did with them later has its event.
var firstStart = []string{"profile_version", "profile", "agreement", "clock"}

// CopyTo copies everything into another, empty database, of whichever engine, and gives the
// digest of what it has read. It is one transaction there: a copy that breaks off leaves
// nothing.
func (s *Store) CopyTo(ctx context.Context, to *Store, progress Progress) (digest string, err error) {
	if err := to.requireEmpty(ctx); err != nil {
		return "", err
	}
	sum := sha256.New()
	err = s.db.Snapshot(ctx, false, func(from *sql.Conn) error {
		return to.db.Snapshot(ctx, true, func(conn *sql.Conn) error {
			for _, table := range append(slices.Clone(firstStart), "counter") {
				if _, err := conn.ExecContext(ctx, "DELETE FROM "+table); err != nil {
					return db.MapError(err)
				}
			}
			for _, t := range tables {
				add := to.adder(ctx, conn, t)
				if err := t.each(ctx, from, sum, progress, add.row); err != nil {
					return err
				}
				if err := add.flush(); err != nil {
					return err
				}
			}
			if err := keepSeeds(ctx, conn); err != nil {
				return err
			}
			return to.db.Loaded(ctx, conn, tableNames())
		})
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// keepSeeds puts back the counters that are there from the beginning, where they are zero.
func keepSeeds(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `INSERT INTO counter (name, slot, value) VALUES ('accounts', 0, 0), ('admins', 0, 0)
		ON CONFLICT (name, slot) DO NOTHING`)
	return db.MapError(err)
}

// requireEmpty refuses a database in which there is anything.
func (s *Store) requireEmpty(ctx context.Context) error {
	for _, t := range tables {
		if slices.Contains(firstStart, t.name) {
			continue
		}
		var n int
		err := s.reader.q.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+t.source()+" LIMIT 1) s").Scan(&n)
		if err != nil {
			return db.MapError(err)
		}
		if n > 0 {
			return notary.Errorf(notary.Conflict, "the database to copy into is not empty, there is something in the table %s: name a new one", t.name)
		}
	}
	return nil
}

// adder adds rows to a table, many at once.
type adder struct {
	add  func([][]any) error
	rows [][]any
}

func (s *Store) adder(ctx context.Context, conn *sql.Conn, t table) *adder {
	return &adder{add: func(rows [][]any) error {
		if err := s.db.Bulk(ctx, conn, t.name, t.columns, rows); err != nil {
			return fmt.Errorf("copying into %s: %w", t.name, err)
		}
		return nil
	}}
}

func (a *adder) row(row []any) error {
	if a.rows = append(a.rows, row); len(a.rows) < copyRows {
		return nil
	}
	return a.flush()
}

func (a *adder) flush() error {
	rows := a.rows
	a.rows = a.rows[:0]
	if len(rows) == 0 {
		return nil
	}
	return a.add(rows)
}
