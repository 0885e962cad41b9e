package db

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Shared reports whether other nodes may also have the database open.
func (d *DB) Shared() bool {
	_, alone := d.engine.(*sqliteEngine)
	return !alone
}

// Lease acquires or renews the named lease for the term and reports whether the holder has it. Until the lease expires,
// no other holder can acquire it. The nodes' clocks must differ by much less than the term. On SQLite Lease always
// succeeds, because there are no other nodes.
func (d *DB) Lease(ctx context.Context, name, holder string, term time.Duration) (held bool, err error) {
	if !d.Shared() {
		return true, nil
	}
	err = d.Write(ctx, func(tx *Tx) error {
		until := Seconds(tx.now.Add(term))
		n, err := tx.Exec(`UPDATE lease SET holder = $1, expires_at = $2
			WHERE name = $3 AND (holder = $1 OR expires_at <= $4)`, holder, until, name, Seconds(tx.now))
		if err == nil && n == 0 {
			n, err = tx.Exec(`INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO NOTHING`, name, holder, until)
		}
		held = n == 1
		return err
	})
	return held && err == nil, err
}

// Agree proposes a value for the name and returns the agreed value, which is the first one that any node proposed.
func (d *DB) Agree(ctx context.Context, name, value string) (agreed string, err error) {
	err = d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name,
			value)
		if err != nil {
			return err
		}
		return MapError(tx.QueryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&agreed))
	})
	return agreed, err
}

// Agreed returns the agreed value for the name, or "" if there is none.
func Agreed(ctx context.Context, q Querier, name string) (value string, err error) {
	err = q.QueryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, MapError(err)
}

// Writers returns the IDs of the transactions in progress that have written to a table. All other transactions that
// have written to it are committed or rolled back. On SQLite Writers returns nil, because row IDs follow the order of
// commits.
func (d *DB) Writers(ctx context.Context, table string) ([]string, error) {
	return d.engine.writersOf(ctx, table)
}

func (e *postgresEngine) writersOf(ctx context.Context, table string) ([]string, error) {
	return Collect(ctx, e.reads(), Scan[string], `SELECT virtualtransaction FROM pg_locks
		WHERE locktype = 'relation' AND relation = to_regclass($1) AND mode = 'RowExclusiveLock' AND granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, table)
}
