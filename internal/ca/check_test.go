package ca_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary/internal/ca"
	"notary/internal/keystore"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func damageIn(t *testing.T, database string, keys keystore.Keys) (found []archive.Damage) {
	t.Helper()
	testkit.Check(t, archive.CheckDatabase(t.Context(), database, ca.RecordChecks(keys), nil, func(d archive.Damage) {
		found = append(found, d)
	}))
	return found
}

// A check finds no damage in a database that only the service has written, and finds each kind of damage.
func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		if found := damageIn(t, r.Database, w.Keys); len(found) > 0 {
			t.Fatalf("an undamaged database: %v", found)
		}
		for _, tt := range []struct {
			kind         archive.DamageKind
			text         string
			damage, mend string
		}{
			{archive.DamagedSchema, "index request_fingerprint is missing", `DROP INDEX request_fingerprint`,
				`CREATE INDEX request_fingerprint ON request (fingerprint)`},
			{archive.DamagedSchema, "view spy is unexpected", `CREATE VIEW spy AS SELECT email FROM account`,
				`DROP VIEW spy`},
			{archive.DamagedSchema, "extra", `CREATE INDEX extra ON account (role)`, `DROP INDEX extra`},
			{archive.DamagedSchema, "other", `ALTER TABLE account ADD COLUMN other BIGINT`,
				`ALTER TABLE account DROP COLUMN other`},
			{archive.DamagedRule, "counted",
				`UPDATE counter SET value = value + 1 WHERE name = 'certificates' AND slot = (SELECT MIN(slot) FROM counter WHERE name = 'certificates')`,
				`UPDATE counter SET value = value - 1 WHERE name = 'certificates' AND slot = (SELECT MIN(slot) FROM counter WHERE name = 'certificates')`},
			{archive.DamagedRecord, "does not match its fingerprint",
				`UPDATE certificate SET fingerprint = '0' || fingerprint WHERE id = 7`,
				`UPDATE certificate SET fingerprint = SUBSTR(fingerprint, 2) WHERE id = 7`},
			{archive.DamagedRecord, "the recorded validity", `UPDATE certificate SET not_before = not_before + 1 WHERE id = 7`,
				`UPDATE certificate SET not_before = not_before - 1 WHERE id = 7`},
			{archive.DamagedRecord, "the CSR does not match",
				`UPDATE request SET fingerprint = '0' || fingerprint WHERE id = 7`,
				`UPDATE request SET fingerprint = SUBSTR(fingerprint, 2) WHERE id = 7`},
			{archive.DamagedRecord, "CRL", `UPDATE crl SET next_update = next_update + 1 WHERE authority_id = 1`,
				`UPDATE crl SET next_update = next_update - 1 WHERE authority_id = 1`},
			{archive.DamagedRow, "not JSON", `UPDATE profile_version SET rules = rules || 'x'`,
				`UPDATE profile_version SET rules = SUBSTR(rules, 1, LENGTH(rules) - 1)`},
		} {
			if tt.damage == `ALTER TABLE account ADD COLUMN other BIGINT` && !testkit.OnPostgres() {
				continue // SQLite rewrites the definition as a whole
			}
			w.Exec(t, tt.damage)
			found := damageIn(t, r.Database, w.Keys)
			if !slices.ContainsFunc(found, func(d archive.Damage) bool {
				return d.Kind == tt.kind && strings.Contains(d.Text, tt.text)
			}) {
				t.Errorf("after %s the check found %v", tt.damage, found)
			}
			w.Exec(t, tt.mend)
		}
		if found := damageIn(t, r.Database, w.Keys); len(found) > 0 {
			t.Errorf("after the repair: %v", found)
		}
	})
}

// Each change to a random page is either harmless or reported by the check of the whole database and by the backup.
func TestChangedPages(t *testing.T) {
	t.Parallel()
	if testkit.OnPostgres() {
		return // PostgreSQL has its own checksums
	}
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w, file := r.World(t), filepath.Join(t.TempDir(), "whole.db")
		_, err := archive.Backup(t.Context(), r.Database, file, ca.RecordChecks(w.Keys), nil)
		testkit.Check(t, err)
		whole, err := os.ReadFile(file)
		testkit.Check(t, err)
		columns := testkit.Columns(t, file)
		want := testkit.Rows(t, file, columns)
		random := rand.New(rand.NewPCG(13, 24))
		kinds := map[string]int{}
		const pageSize = 4096
		for i := range 24 {
			page := 1 + random.IntN(len(whole)/pageSize-1)
			at := page*pageSize + random.IntN(pageSize-64)
			damaged := slices.Clone(whole)
			for j := range 64 {
				damaged[at+j] ^= byte(1 + random.IntN(255))
			}
			path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", i))
			testkit.Check(t, os.WriteFile(path, damaged, 0o600))
			found := damageIn(t, path, w.Keys)
			_, backupErr := archive.Backup(t.Context(), path, path+".backup", ca.RecordChecks(w.Keys), nil)
			switch {
			case len(found) > 0 && backupErr != nil:
				kinds[string(found[0].Kind)]++
			case len(found) == 0 && backupErr == nil && cmp.Equal(want, testkit.Rows(t, path, columns)):
				kinds["harmless"]++
			default:
				t.Errorf("octets %d to %d of page %d: the check found %v, the backup returned %v", at%pageSize,
					at%pageSize+64, page, found, backupErr)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			t.Logf("%s: %d pages", kind, kinds[kind])
		}
	})
}

func TestPeriodicCheckFindsDamage(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		check := func() int64 {
			t.Helper()
			for range 60 { // more than the number of tables and rules
				testkit.Check(t, w.CA.CheckRecords(t.Context()))
			}
			sum, err := w.CA.Counts(t.Context())
			testkit.Check(t, err)
			return sum.Damaged
		}
		if n := check(); n != 0 {
			t.Fatalf("%d records of an undamaged database are damaged", n)
		}
		w.Exec(t, `UPDATE request SET fingerprint = '0' || fingerprint WHERE id = 7`)
		w.Exec(t, `UPDATE certificate SET not_before = not_before + 1 WHERE id = 7`)
		if n := check(); n != 2 {
			t.Errorf("%d records are damaged, want 2", n)
		}
		w.Exec(t, `UPDATE request SET fingerprint = SUBSTR(fingerprint, 2) WHERE id = 7`)
		w.Exec(t, `UPDATE certificate SET not_before = not_before - 1 WHERE id = 7`)
	})
}
