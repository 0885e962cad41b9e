package archive

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
	"notary/internal/store"
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
func Digest(ctx context.Context, s *store.Store, progress Progress) (digest string, err error) {
	err = s.DB().Snapshot(ctx, false, func(conn *sql.Conn) error {
		digest, err = digestOf(ctx, conn, store.Tables, progress)
		return err
	})
	return digest, err
}

func digestOf(ctx context.Context, conn *sql.Conn, tables []store.Table, progress Progress) (string, error) {
	sum := sha256.New()
	for _, t := range tables {
		if err := eachRow(ctx, conn, t, sum, progress, nil); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// eachRow reads a table row by row in the order of its key, adds the rows to the sum, and
// hands them to fn, where there is one.
func eachRow(ctx context.Context, conn *sql.Conn, t store.Table, sum hash.Hash, progress Progress, fn func([]any) error) error {
	var count int64
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.Source()).Scan(&count); err != nil {
		return db.MapError(err)
	}
	fmt.Fprintf(sum, "%s %d\n", t.Name, count)
	order := ""
	if t.Key != "" {
		order = " ORDER BY " + t.Key
	}
	rows, err := conn.QueryContext(ctx, "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Source()+order)
	if err != nil {
		return db.MapError(err)
	}
	defer rows.Close()
	var n int64
	for rows.Next() {
		row, dest := make([]any, len(t.Columns)), make([]any, len(t.Columns))
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
			progress.tell(t.Name, n, count)
		}
	}
	progress.tell(t.Name, n, count)
	return db.MapError(rows.Err())
}

// progressEvery is after how many rows progress is told again.
const progressEvery = 10_000

// addRow adds the values of a row, each with its kind and length, so that no two rows look
// alike.
func addRow(sum hash.Hash, t store.Table, row []any) error {
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
			return notary.InternalError("read the database", fmt.Errorf("%s.%s is a %T", t.Name, t.Columns[i], v))
		}
	}
	sum.Write(b)
	return nil
}
