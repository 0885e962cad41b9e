package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"notary"
	"notary/internal/db"
)

// Progress is told how much of a table has been read. A nil one is told nothing.
type Progress func(table string, rows, of int64)

func (p Progress) tell(table string, rows, of int64) {
	if p != nil {
		p(table, rows, of)
	}
}

// Digest is a SHA-256 over everything that is stored, in hex: two databases with the same
// digest hold the same, whatever their engines. It reads everything, at one moment.
func (s *Store) Digest(ctx context.Context, progress Progress) (digest string, err error) {
	err = s.db.Snapshot(ctx, false, func(conn *sql.Conn) error {
		digest, err = digestOf(ctx, conn, tables, progress)
		return err
	})
	return digest, err
}

func digestOf(ctx context.Context, conn *sql.Conn, tables []table, progress Progress) (string, error) {
	sum := sha256.New()
	for _, t := range tables {
		if err := t.each(ctx, conn, sum, progress, nil); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// each reads the table row by row in the order of its key, adds the rows to the sum, and
// hands them to fn, where there is one.
func (t table) each(ctx context.Context, conn *sql.Conn, sum hash.Hash, progress Progress, fn func([]any) error) error {
	var count int64
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.source()).Scan(&count); err != nil {
		return db.MapError(err)
	}
	fmt.Fprintf(sum, "%s %d\n", t.name, count)
	order := ""
	if t.key != "" {
		order = " ORDER BY " + t.key
	}
	rows, err := conn.QueryContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.source()+order)
	if err != nil {
		return db.MapError(err)
	}
	defer rows.Close()
	var n int64
	for rows.Next() {
		row, dest := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return db.MapError(err)
		}
		for i, v := range row { // SQLite's driver gives no octets as nil
			if octets, ok := v.([]byte); ok && octets == nil {
				row[i] = []byte{}
			}
		}
		if err := addRow(sum, t, row); err != nil {
			return err
		}
		if fn != nil {
			if err := fn(row); err != nil {
				return err
			}
		}
		if n++; n%progressEvery == 0 {
			progress.tell(t.name, n, count)
		}
	}
	progress.tell(t.name, n, count)
	return db.MapError(rows.Err())
}

// progressEvery is after how many rows progress is told again.
const progressEvery = 10_000

// addRow adds the values of a row, each with its kind and length, so that no two rows look
// alike.
func addRow(sum hash.Hash, t table, row []any) error {
	var b []byte
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 't'), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'b'), uint64(len(v))), v...)
		default:
			return notary.InternalError("read the database", fmt.Errorf("%s.%s is a %T", t.name, t.columns[i], v))
		}
	}
	sum.Write(b)
	return nil
}
