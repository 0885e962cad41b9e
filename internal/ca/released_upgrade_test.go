package ca_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// recomputedAtStart lists columns and tables that the first start of a server changes.
var recomputedAtStart = []string{"certificate.key_fingerprint", "compromised_key"}

// A database of a released version is upgraded in place: every row keeps its values, counts are correct, and its CAs
// work.
func TestUpgradeOfAnEstate(t *testing.T) { upgradeEstate(t, 2_000) }

// upgradeEstate upgrades a database of every released version after it has grown to at least that many requests.
func upgradeEstate(t *testing.T, atLeast int) {
	t.Helper()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		requests := multiply(t, r, atLeast)
		columns := columnsKept(t, r.Database)
		before := tableDigests(t, r.Database, columns)
		s, err := store.Open(t.Context(), r.Database, r.Clock.Now, testkit.Patient...)
		testkit.Check(t, err)
		testkit.Check(t, archive.CheckInvariants(t.Context(), s))
		testkit.Check(t, s.Close())
		wantDigests(t, "the migrations", before, tableDigests(t, r.Database, columns))

		for _, name := range recomputedAtStart {
			table, column, _ := strings.Cut(name, ".")
			columns[table] = slices.DeleteFunc(columns[table], func(c string) bool { return c == column || column == "" })
		}
		before = tableDigests(t, r.Database, columns)
		w := r.World(t) // checks all rules when the test ends
		wantDigests(t, "the first start", before, tableDigests(t, r.Database, columns))
		wantCounted(t, w, requests)
		wantOneWorking(t, w)
	})
}

func wantCounted(t *testing.T, w *testkit.World, want int64) {
	t.Helper()
	sum, err := w.Store.Summary(t.Context(), w.Clock.Now())
	testkit.Check(t, err)
	var n int64
	for _, of := range sum.Requests {
		n += of
	}
	if n != want {
		t.Errorf("%d requests are counted, want %d", n, want)
	}
}

func wantOneWorking(t *testing.T, w *testkit.World) {
	t.Helper()
	all, err := w.Store.Authorities(t.Context())
	testkit.Check(t, err)
	for _, a := range all {
		if a.Status(w.Clock.Now()) == notary.AuthorityActive && len(a.Constraints.Permitted.DNS) == 0 {
			wantWorking(t, w, a)
			return
		}
	}
	t.Error("no CA is active")
}

func columnsKept(t *testing.T, database string) map[string][]string {
	t.Helper()
	columns := testkit.Columns(t, database)
	for table := range columns {
		columns[table] = slices.DeleteFunc(columns[table], func(column string) bool {
			return recomputed[table+"."+column] != ""
		})
	}
	maps.DeleteFunc(columns, func(table string, _ []string) bool { // CheckInvariants compares the counts
		return recomputed[table] != "" || slices.Contains(gaining, table)
	})
	return columns
}

func tableDigests(t *testing.T, database string, columns map[string][]string) map[string]string {
	t.Helper()
	keys := map[string]string{"lease": "name"}
	for _, table := range store.Tables {
		keys[table.Name] = table.Key
	}
	sqlDB := testkit.SQL(t, database)
	digests := map[string]string{}
	for table, names := range columns {
		if len(names) == 0 {
			continue
		}
		rows, err := sqlDB.QueryContext(t.Context(),
			"SELECT "+strings.Join(names, ", ")+" FROM "+table+" ORDER BY "+keys[table])
		testkit.Check(t, err)
		digest, n := sha256.New(), 0
		out := bufio.NewWriter(digest)
		values, dest := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		for ; rows.Next(); n++ {
			testkit.Check(t, rows.Scan(dest...))
			for _, v := range values {
				writeValue(out, v)
			}
		}
		testkit.Check(t, out.Flush())
		testkit.Check(t, rows.Err())
		testkit.Check(t, rows.Close())
		digests[table] = fmt.Sprintf("%d rows, SHA-256 %x", n, digest.Sum(nil))
	}
	return digests
}

// writeValue writes a value with its length. fmt would take most of the time.
func writeValue(w *bufio.Writer, v any) {
	switch v := v.(type) {
	case []byte:
		fmt.Fprintf(w, "%d octets ", len(v))
		w.Write(v)
	case string:
		fmt.Fprintf(w, "%d octets ", len(v))
		w.WriteString(v)
	default:
		fmt.Fprintf(w, "%v ", v)
	}
}

func wantDigests(t *testing.T, after string, want, got map[string]string) {
	t.Helper()
	for table, digest := range want {
		if got[table] != digest {
			t.Errorf("%s: the table %s has %s, want %s", after, table, got[table], digest)
		}
	}
}
