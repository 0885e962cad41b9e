package archive

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
)

const copyRows = 5_000

// firstStart lists the tables filled at the first start: the built-in profiles, the agreements of nodes and the clock
// mark. [requireEmpty] ignores them, and notices later changes by their events.
var firstStart = []string{"principal", "profile_version", "profile", "agreement", "clock"}

// Copy copies all content to another, empty database of any engine, in one transaction. It returns the digest of the
// content.
func Copy(ctx context.Context, from, to *store.Store, progress Progress) (digest string, err error) {
	if err := requireEmpty(ctx, to); err != nil {
		return "", err
	}
	rows := rowReader{sum: sha256.New(), progress: progress}
	err = from.DB().Snapshot(ctx, false, func(source *sql.Conn) error {
		rows.conn = source
		return to.DB().Snapshot(ctx, true, func(conn *sql.Conn) error {
			for _, table := range append(slices.Clone(firstStart), "counter") {
				if _, err := conn.ExecContext(ctx, "DELETE FROM "+table); err != nil {
					return db.MapError(err)
				}
			}
			for _, t := range store.Tables {
				add := newAdder(ctx, to.DB(), conn, t)
				if err := rows.each(ctx, t, add.row); err != nil {
					return err
				}
				if err := add.flush(); err != nil {
					return err
				}
			}
			if err := keepSeeds(ctx, conn); err != nil {
				return err
			}
			return to.DB().Loaded(ctx, conn, store.TableNames())
		})
	})
	return hex.EncodeToString(rows.sum.Sum(nil)), err
}

// keepSeeds restores the initial counters of a new database if the copy has none.
func keepSeeds(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `INSERT INTO counter (name, at, object_id, part, slot, value)
		VALUES ('accounts', 0, 0, 0, 0, 0), ('admins', 0, 0, 0, 0, 0)
		ON CONFLICT (name, at, object_id, part, slot) DO NOTHING`)
	return db.MapError(err)
}

func requireEmpty(ctx context.Context, s *store.Store) error {
	for _, t := range store.Tables {
		if slices.Contains(firstStart, t.Name) {
			continue
		}
		var n int
		err := s.DB().Reads().QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+t.Source()+" LIMIT 1) s").Scan(&n)
		if err != nil {
			return db.MapError(err)
		}
		if n > 0 {
			return notary.Errorf(notary.Conflict,
				"the target database is not empty (table %s has rows): use a new one", t.Name)
		}
	}
	return nil
}

type adder struct {
	add  func([][]any) error
	rows [][]any
}

func newAdder(ctx context.Context, d *db.DB, conn *sql.Conn, t store.Table) *adder {
	return &adder{add: func(rows [][]any) error {
		if err := d.Bulk(ctx, conn, t.Name, t.Columns, rows); err != nil {
			return fmt.Errorf("copying into %s: %w", t.Name, err)
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
