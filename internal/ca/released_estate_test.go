package ca_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/testkit"
)

// copiedTable is a table whose rows belong to requests, with the columns that distinguish the copies of a row.
type copiedTable struct {
	name  string
	where string
	ids   []string // increased by stride with each copy
}

const (
	ofRequest     = `request_id IN (SELECT id FROM request)`
	ofCertificate = `certificate_id IN (SELECT id FROM certificate WHERE ` + ofRequest + `)`
)

var copiedTables = []copiedTable{
	{"request", "id > 0", []string{"id", "requester_id", "certificate_id"}},
	{"request_name", ofRequest, []string{"request_id"}},
	{"request_csr", ofRequest, []string{"request_id"}},
	{"certificate", ofRequest, []string{"id", "request_id", "requester_id"}},
	{"certificate_name", ofCertificate, []string{"certificate_id"}},
	{"certificate_der", ofCertificate, []string{"certificate_id"}},
	{"certificate_lint", ofCertificate, []string{"certificate_id"}},
	{"revocation", ofCertificate, []string{"id", "certificate_id"}},
	{"event", `kind = 'request' AND object_id IN (SELECT id FROM request)`, []string{"id", "object_id"}},
}

// stride is greater than every ID in a released database.
const stride = 10_000

type rowSet struct {
	copiedTable
	columns []string
	rows    [][]any
}

func (s *rowSet) value(row []any, column string) any { return row[slices.Index(s.columns, column)] }

// multiply adds copies of every request with all its rows, at least atLeast, each with its own requester.
func multiply(t *testing.T, r *testkit.Released, atLeast int) (requests int64) {
	t.Helper()
	status, err := store.Schema(t.Context(), r.Database)
	testkit.Check(t, err)
	d, err := db.Open(t.Context(), r.Database, testkit.SchemaUpTo(t, status.Current), r.Clock.Now)
	testkit.Check(t, err)
	defer func() { testkit.Check(t, d.Close()) }()
	sets := readSets(t, d)
	copies := (atLeast - 1) / len(sets[0].rows)
	var indexes []string
	alone := func(fn func(conn *sql.Conn) error) { testkit.Check(t, d.Snapshot(t.Context(), true, fn)) }
	alone(func(conn *sql.Conn) error {
		for _, set := range sets {
			// SQLite looks by these for what refers to a new row while references are still open.
			again, err := d.DropIndexes(t.Context(), conn, set.name, "request_certificate", "certificate_request")
			if err != nil {
				return err
			}
			indexes = append(indexes, again...)
		}
		return nil
	})
	const together = 200
	for first := 1; first <= copies; first += together {
		alone(func(conn *sql.Conn) error {
			return addCopies(t, d, conn, sets, first, min(first+together-1, copies))
		})
	}
	for _, text := range indexes {
		alone(func(conn *sql.Conn) error {
			_, err := conn.ExecContext(t.Context(), text)
			return err
		})
	}
	alone(func(conn *sql.Conn) error { return addCounts(t, conn, sets, copies) })
	alone(func(conn *sql.Conn) error {
		return d.Loaded(t.Context(), conn, slices.Collect(maps.Keys(testkit.Columns(t, r.Database))))
	})
	return int64((copies + 1) * len(sets[0].rows))
}

func readSets(t *testing.T, d *db.DB) (sets []*rowSet) {
	t.Helper()
	testkit.Check(t, d.Snapshot(t.Context(), false, func(conn *sql.Conn) error {
		for _, table := range copiedTables {
			rows, err := conn.QueryContext(t.Context(), "SELECT * FROM "+table.name+" WHERE "+table.where)
			if err != nil {
				return err
			}
			set := &rowSet{copiedTable: table}
			if set.columns, err = rows.Columns(); err != nil {
				return err
			}
			for rows.Next() {
				row, dest := make([]any, len(set.columns)), make([]any, len(set.columns))
				for i := range row {
					dest[i] = &row[i]
				}
				if err := rows.Scan(dest...); err != nil {
					return err
				}
				set.rows = append(set.rows, row)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
			sets = append(sets, set)
		}
		return nil
	}))
	return sets
}

func setOf(sets []*rowSet, table string) *rowSet {
	return sets[slices.IndexFunc(sets, func(s *rowSet) bool { return s.name == table })]
}

func addCopies(t *testing.T, d *db.DB, conn *sql.Conn, sets []*rowSet, first, last int) error {
	for _, set := range sets {
		var rows [][]any
		for n := first; n <= last; n++ {
			var ders map[int64][]byte
			if set.name == "certificate" || set.name == "certificate_der" {
				ders = variants(setOf(sets, "certificate"), setOf(sets, "certificate_der"), n)
			}
			for _, row := range set.rows {
				rows = append(rows, set.copyOf(row, n, ders))
			}
		}
		if err := d.Bulk(t.Context(), conn, set.name, set.columns, rows); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
	}
	return nil
}

func variants(certificates, ders *rowSet, n int) map[int64][]byte {
	all := map[int64][]byte{}
	for _, row := range ders.rows {
		all[ders.value(row, "certificate_id").(int64)], _ = testkit.Variant(ders.value(row, "der").([]byte), uint64(n))
	}
	for _, row := range certificates.rows {
		id := certificates.value(row, "id").(int64)
		was, _ := hex.DecodeString(certificates.value(row, "serial").(string))
		is, _ := hex.DecodeString(copiedSerial(certificates, row, n))
		all[id] = bytes.Replace(all[id], was, is, 1)
	}
	return all
}

// copiedSerial returns the serial number of a copy, which differs from the original's if an authority issued it.
func copiedSerial(set *rowSet, row []any, n int) string {
	serial := set.value(row, "serial").(string)
	if set.value(row, "authority_id") == nil {
		return serial
	}
	return serial[:len(serial)-8] + fmt.Sprintf("%08x", n)
}

func (s *rowSet) copyOf(row []any, n int, ders map[int64][]byte) []any {
	c := slices.Clone(row)
	for i, column := range s.columns {
		switch {
		case slices.Contains(s.ids, column) && row[i] != nil:
			c[i] = row[i].(int64) + int64(n)*stride
		case column == "serial":
			c[i] = copiedSerial(s, row, n)
		case column == "der":
			c[i] = ders[s.value(row, "certificate_id").(int64)]
		case column == "fingerprint" && s.name == "certificate":
			digest := sha256.Sum256(ders[s.value(row, "id").(int64)])
			c[i] = hex.EncodeToString(digest[:])
		case column == "fingerprint":
			c[i] = fmt.Sprintf("%016x", n) + row[i].(string)[16:]
		}
	}
	return c
}

func addCounts(t *testing.T, conn *sql.Conn, sets []*rowSet, copies int) error {
	counts := map[string]int{}
	revoked := map[any]bool{}
	requests, certificates, revocations := setOf(sets, "request"), setOf(sets, "certificate"), setOf(sets, "revocation")
	for _, row := range requests.rows {
		counts[fmt.Sprint("requests ", requests.value(row, "status"))]++
	}
	for _, row := range revocations.rows {
		revoked[revocations.value(row, "certificate_id")] = true
		counts[fmt.Sprint("revoked ", revocations.value(row, "authority_id"))]++
		if shard := revocations.value(row, "shard").(int64); shard > 0 {
			counts[fmt.Sprintf("shard %d %d", revocations.value(row, "authority_id"), shard)]++
		}
	}
	for _, row := range certificates.rows {
		counts["certificates"]++
		issuer := certificates.value(row, "authority_id")
		if issuer == nil {
			issuer = 0
		} else {
			counts[fmt.Sprint("issued ", issuer)]++
		}
		if !revoked[certificates.value(row, "id")] {
			day := time.Unix(certificates.value(row, "not_after").(int64), 0).UTC().Format(time.DateOnly)
			counts[fmt.Sprintf("live %s %d", day, issuer)]++
		}
	}
	for name, n := range counts {
		_, err := conn.ExecContext(t.Context(), `INSERT INTO counter (name, slot, value) VALUES ($1, 0, $2)
			ON CONFLICT (name, slot) DO UPDATE SET value = counter.value + excluded.value`, name, n*copies)
		if err != nil {
			return err
		}
	}
	return nil
}
