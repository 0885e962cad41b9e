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

// Progress is called with the number of rows or checks done so far, and their total. If the total is unknown, of equals
// rows. A nil Progress is not called.
type Progress func(table string, rows, of int64)

func (p Progress) report(table string, rows, of int64) {
	if p != nil {
		p(table, rows, of)
	}
}

// Digest returns the hexadecimal SHA-256 digest of all content. The digest is the same on every engine. Digest reads
// everything in one snapshot.
func Digest(ctx context.Context, s *store.Store, progress Progress) (digest string, err error) {
	err = s.DB().Snapshot(ctx, false, func(conn *sql.Conn) error {
		digest, err = digestOf(ctx, conn, store.Tables, progress)
		return err
	})
	return digest, err
}

func digestOf(ctx context.Context, conn *sql.Conn, tables []store.Table, progress Progress) (string, error) {
	rows := rowReader{conn, sha256.New(), progress}
	for _, t := range tables {
		if err := rows.each(ctx, t, nil); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(rows.sum.Sum(nil)), nil
}

type rowReader struct {
	conn     *sql.Conn
	sum      hash.Hash
	progress Progress
}

// each reads a table in the order of its key, hashes the rows, and passes them to fn if that is not nil.
func (r rowReader) each(ctx context.Context, t store.Table, fn func([]any) error) error {
	var count int64
	if err := r.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.Source()).Scan(&count); err != nil {
		return db.MapError(err)
	}
	fmt.Fprintf(r.sum, "%s %d\n", t.Name, count)
	order := ""
	if t.Key != "" {
		order = " ORDER BY " + t.Key
	}
	rows, err := r.conn.QueryContext(ctx, "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Source()+order)
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
		for i, v := range row { // SQLite's driver returns nil for an empty blob
			if octets, ok := v.([]byte); ok && octets == nil {
				row[i] = []byte{}
			}
		}
		if err := addRow(r.sum, t, row); err != nil {
			return err
		}
		if fn != nil {
			if err := fn(row); err != nil {
				return err
			}
		}
		if n++; n%progressEvery == 0 {
			r.progress.report(t.Name, n, count)
		}
	}
	r.progress.report(t.Name, n, count)
	return db.MapError(rows.Err())
}

const progressEvery = 10_000

// addRow hashes the values of a row, each with its type and length to make the encoding unambiguous.
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
