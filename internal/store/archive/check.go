package archive

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
)

// Damage is a finding of a check.
type Damage struct {
	Kind DamageKind
	Text string
}

func (d Damage) String() string { return string(d.Kind) + ": " + d.Text }

// DamageKind is the kind of object that is damaged.
type DamageKind string

// Kinds of damage, in the order in which they are checked.
const (
	DamagedFile   DamageKind = "file"   // pages and indexes, by the engine's own checks
	DamagedSchema DamageKind = "schema" // tables, indexes, triggers and views that differ from this version's
	DamagedRule   DamageKind = "rule"   // see [CheckInvariants]
	DamagedRow    DamageKind = "row"    // values that this program does not write
	DamagedRecord DamageKind = "record" // a row that differs from the DER or PEM in it
)

// Checks holds the functions that compare records with the DER or PEM in them, which the store does not parse. Nil
// functions are skipped.
type Checks struct {
	Certificate func(*notary.Certificate) error
	Request     func(*notary.Request) error
	CRL         func(*notary.CRL, *notary.Authority) error
	Key         func(sealed []byte, certificate *notary.Certificate, csr string) error
}

// stepRows is the maximum number of rows that a check reads at once, so that writers and checkpoints never wait for
// long.
const stepRows = 500

// CheckDatabase opens a database read-only and checks all of it: see [Check]. A server may be using the database. The
// schema must have this program's version.
func CheckDatabase(ctx context.Context, database string, checks Checks, progress Progress, report func(Damage)) error {
	status, err := store.Schema(ctx, database)
	switch {
	case db.Corrupt(err):
		report(Damage{DamagedFile, err.Error()})
		return nil
	case err != nil:
		return err
	case status.Current != status.Newest:
		return notary.Errorf(notary.Unprocessable, "the schema has version %d, but this program checks version %d: "+
			"use the program of that version, or run notary migrate up first", status.Current, status.Newest)
	}
	s, err := store.OpenForReading(ctx, database)
	if err != nil {
		return err
	}
	s.OnDamage(func(d notary.Damage) {
		report(Damage{DamagedRecord, fmt.Sprintf("%s %d: %s", d.Kind, d.ID, d.Problem)})
	})
	return errors.Join(Check(ctx, s, checks, progress, report), s.Close())
}

// checker runs the parts of a check. A part that fails counts as damage.
type checker struct {
	*store.Store
	checks   Checks
	progress Progress
	report   func(Damage)
	paced    bool
}

func (c checker) found(kind DamageKind, format string, args ...any) {
	c.report(Damage{kind, fmt.Sprintf(format, args...)})
}

// Check checks the whole database in constant memory and reports all damage to the file, the schema, invariants,
// values, certificates, requests, CRLs and keys. It returns an error only if ctx is done.
func Check(ctx context.Context, s *store.Store, checks Checks, progress Progress, report func(Damage)) error {
	c := checker{Store: s, checks: checks, progress: progress, report: report}
	for _, part := range []func(context.Context){c.file, c.schema, c.rules, c.rows, c.records} {
		if part(ctx); ctx.Err() != nil {
			return db.MapError(ctx.Err())
		}
	}
	return nil
}

func (c checker) schema(ctx context.Context) {
	differences, err := c.DB().SchemaDifferences(ctx)
	if err != nil {
		c.found(DamagedSchema, "the schema could not be compared: %v", err)
	}
	for _, text := range differences {
		c.found(DamagedSchema, "%s", text)
	}
	c.progress.report("schema", 1, 1)
}

func (c checker) file(ctx context.Context) { c.invariants(ctx, DamagedFile, c.DB().FileRules()) }

func (c checker) rules(ctx context.Context) {
	c.invariants(ctx, DamagedRule, invariants)
	err := c.DB().Snapshot(ctx, false, func(conn *sql.Conn) error {
		for _, counted := range countedByExpiry {
			if err := counted.check(ctx, db.OnConn(conn)); err != nil {
				c.found(DamagedRule, "%v", err)
			}
		}
		return nil
	})
	if err != nil {
		c.found(DamagedRule, "%v", err)
	}
}

// invariants checks each rule in its own snapshot.
func (c checker) invariants(ctx context.Context, kind DamageKind, rules []db.Rule) {
	for i, rule := range rules {
		err := c.DB().Snapshot(ctx, false, func(conn *sql.Conn) error {
			return rule.Check(ctx, db.OnConn(conn))
		})
		if err != nil {
			c.found(kind, "%v", err)
		}
		c.progress.report(string(kind)+" checks", int64(i+1), int64(len(rules)))
	}
}

func (c checker) rows(ctx context.Context) {
	for _, t := range store.Tables {
		if err := c.table(ctx, t); err != nil {
			c.found(DamagedRow, "table %s cannot be read: %v", t.Name, err)
		}
	}
}

// table checks the values in a table, which it reads in steps of [stepRows] rows in key order.
func (c checker) table(ctx context.Context, t store.Table) error {
	keys := strings.Split(t.Key, ", ")
	var params []string
	for i := range keys {
		params = append(params, fmt.Sprintf("$%d", i+1))
	}
	text, after := "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Source(), []any(nil)
	tail := fmt.Sprintf(" ORDER BY %s LIMIT %d", t.Key, stepRows)
	for done := int64(0); ; {
		query := text + tail
		if after != nil {
			query = text + " WHERE (" + t.Key + ") > (" + strings.Join(params, ", ") + ")" + tail
		}
		rows, err := db.Collect(ctx, c.DB().Reads(), scanValues(len(t.Columns)), query, after...)
		if err != nil {
			return err
		}
		for _, row := range rows {
			for i, v := range row {
				if fault := valueFault(t.Columns[i], v); fault != "" {
					c.found(DamagedRow, "%s in table %s, column %s, row %s", fault, t.Name, t.Columns[i],
						rowName(t, keys, row))
				}
			}
		}
		done += int64(len(rows))
		c.progress.report(t.Name, done, done)
		if len(rows) < stepRows {
			return nil
		}
		after = nil
		for _, key := range keys {
			after = append(after, rows[len(rows)-1][slices.Index(t.Columns, key)])
		}
	}
}

func scanValues(n int) func(db.Row) ([]any, error) {
	return func(row db.Row) ([]any, error) {
		values, dest := make([]any, n), make([]any, n)
		for i := range values {
			dest[i] = &values[i]
		}
		return values, row.Scan(dest...)
	}
}

func rowName(t store.Table, keys []string, row []any) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, fmt.Sprintf("%s %.60q", key, fmt.Sprint(row[slices.Index(t.Columns, key)])))
	}
	return strings.Join(parts, ", ")
}

// octetColumns contain octets and jsonColumns JSON; all other columns contain text or integers.
var (
	octetColumns = []string{"der", "sealed_key", "token_hash", "secret_hash"}
	jsonColumns  = []string{"rules", "findings", "terms", "grants", "wishes", "labels", "decision", "refs", "state_before",
		"state_after"}
)

func valueFault(column string, v any) string {
	switch v := v.(type) {
	case nil, int64:
		return ""
	case []byte:
		if !slices.Contains(octetColumns, column) {
			return "octets"
		}
	case string:
		switch {
		case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
			return "text that is not UTF-8"
		case slices.Contains(octetColumns, column):
			return "text"
		case slices.Contains(jsonColumns, column) && !json.Valid([]byte(v)):
			return "text that is not JSON"
		}
	default:
		return fmt.Sprintf("a value of type %T", v)
	}
	return ""
}

// records checks the rows that contain DER or PEM.
func (c checker) records(ctx context.Context) {
	c.chains(ctx)
	c.each(ctx, "certificate", func(id int64) error { return c.certificate(ctx, id) })
	c.each(ctx, "request", func(id int64) error { return c.request(ctx, id) })
	c.each(ctx, "authority", func(id int64) error { return c.authority(ctx, id) })
}

func (c checker) certificate(ctx context.Context, id int64) error {
	if c.checks.Certificate == nil {
		return nil
	}
	cert, err := c.Certificate(ctx, id)
	if err != nil {
		return ignoreDeleted(err)
	}
	return c.checks.Certificate(cert)
}

func (c checker) request(ctx context.Context, id int64) error {
	if c.checks.Request == nil {
		return nil
	}
	req, err := c.Request(ctx, id)
	if err != nil {
		return ignoreDeleted(err)
	}
	return c.checks.Request(req)
}

// authority checks the CRLs of an authority and, unless it is offline, its keys. It skips deleted authorities.
func (c checker) authority(ctx context.Context, id int64) error {
	a, err := c.Authority(ctx, id)
	if err != nil {
		return ignoreDeleted(err)
	}
	var errs []error
	if c.checks.Key != nil && !a.Offline {
		sealed, err := c.SealedKey(ctx, id)
		if err == nil {
			err = c.checks.Key(sealed, a.Certificate, a.CSR)
		}
		responder, responderKey, failed := c.Responder(ctx, id)
		if failed == nil && responder != nil {
			failed = c.checks.Key(responderKey, responder, "")
		}
		errs = append(errs, err, failed)
	}
	if c.checks.CRL == nil {
		return errors.Join(errs...)
	}
	shards, err := db.Collect(ctx, c.DB().Reads(), db.Scan[int64],
		`SELECT shard FROM crl WHERE authority_id = $1 AND number > 0 ORDER BY shard`, id)
	errs = append(errs, err)
	for _, shard := range shards {
		crl, err := c.CRL(ctx, id, int(shard))
		if err == nil && crl != nil {
			err = c.checks.CRL(crl, a)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("CRL of shard %d: %w", shard, err))
		}
	}
	return errors.Join(errs...)
}

func ignoreDeleted(err error) error {
	if notary.KindOf(err) == notary.NotFound {
		return nil
	}
	return err
}

// each calls check with every ID in a table, in ascending order.
func (c checker) each(ctx context.Context, table string, check func(id int64) error) {
	for after, done := int64(0), int64(0); ctx.Err() == nil; {
		ids, err := db.Collect(ctx, c.DB().Reads(), db.Scan[int64],
			fmt.Sprintf(`SELECT id FROM %s WHERE id > $1 ORDER BY id LIMIT %d`, table, stepRows), after)
		if err != nil {
			c.found(DamagedRecord, "table %s cannot be read: %v", table, err)
			return
		}
		for _, id := range ids {
			if err := check(id); err != nil {
				c.found(DamagedRecord, "%s %d: %v", table, id, err)
			}
			after = id
		}
		done += int64(len(ids))
		c.progress.report(table+" records", done, done)
		if len(ids) < stepRows {
			return
		}
	}
}

func (c checker) chains(ctx context.Context) {
	c.each(ctx, "issuer_chain", func(id int64) error {
		var fingerprint string
		var der []byte
		err := c.DB().Reads().QueryRow(ctx, `SELECT fingerprint, der FROM issuer_chain WHERE id = $1`, id).
			Scan(&fingerprint, &der)
		if err != nil {
			return db.MapError(err)
		}
		if sum := sha256.Sum256(der); hex.EncodeToString(sum[:]) != fingerprint {
			return errors.New("the certificates do not match their fingerprint")
		}
		return nil
	})
}
