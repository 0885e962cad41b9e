package archive_test

import (
	"testing"

	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/store/storetest"
	"notary/internal/testkit"
)

func TestWholeDatabaseHasRowsInEveryTable(t *testing.T) {
	t.Parallel()
	path := storetest.WholeDatabase(t)
	rows := testkit.Rows(t, path, testkit.Columns(t, path))
	for _, table := range store.Tables {
		if len(rows[table.Name]) == 0 {
			t.Errorf("table %s is empty", table.Name)
		}
	}
}

// A check accepts what the program writes, on both engines.
func TestCheckOfAWholeDatabase(t *testing.T) {
	t.Parallel()
	from, to := storetest.Reopen(t, storetest.WholeDatabase(t)), storetest.Reopen(t, testkit.Postgres(t))
	_, err := archive.Copy(t.Context(), from, to, nil)
	testkit.Check(t, err)
	for _, s := range []*store.Store{from, to} {
		testkit.Check(t, archive.Check(t.Context(), s, archive.Checks{}, nil, func(d archive.Damage) { t.Error(d) }))
	}
}
