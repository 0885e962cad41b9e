package db_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"notary/internal/db"
	"notary/internal/testkit"
)

func openDictionary(t *testing.T, name string) *db.DB {
	t.Helper()
	schema := words
	schema.Topics = []db.Topic{{Name: "dictionary", Tables: []string{"word"},
		Except: []string{"UPDATE word SET id = id"}}}
	d, err := db.Open(t.Context(), name, schema, time.Now, db.ReadTimeout(time.Hour), db.WriteTimeout(time.Hour))
	testkit.Check(t, err)
	t.Cleanup(func() { testkit.Check(t, d.Close()) })
	return d
}

// Every statement that writes to a cached table invalidates the caches before the write is acknowledged.
func TestEveryWriteInvalidatesCaches(t *testing.T) {
	t.Parallel()
	d := openDictionary(t, testkit.Database(t))
	var invalidated []string
	d.OnChange(func(topic string) { invalidated = append(invalidated, topic) })
	ctx := context.Background()
	for _, c := range []struct {
		name string
		do   func(tx *db.Tx) error
		want bool
	}{
		{"insert", func(tx *db.Tx) error { return addWord(tx, 1, "one") }, true},
		{"later", func(tx *db.Tx) error { return tx.Later(`INSERT INTO word(id, text) VALUES (2, 'two')`) }, true},
		{"change", func(tx *db.Tx) error { return tx.Change(errors.New("none"), `UPDATE word SET text = 'x' WHERE id = 1`) },
			true},
		{"change later", func(tx *db.Tx) error {
			return tx.ChangeLater(errors.New("none"), `UPDATE word SET text = 'z' WHERE id = 1`)
		}, true},
		{"returning", func(tx *db.Tx) error {
			var id int
			return tx.QueryRow(ctx, `UPDATE word SET text = 'y' WHERE id = 1 RETURNING id`).Scan(&id)
		}, true},
		{"returning rows", func(tx *db.Tx) error {
			_, err := db.Collect(ctx, tx, db.Scan[int], `DELETE FROM word WHERE id = 2 RETURNING id`)
			return err
		}, true},
		{"other columns", func(tx *db.Tx) error { _, err := tx.Exec(`UPDATE word SET id = id`); return err }, false},
		{"another table", func(tx *db.Tx) error { tx.Count(wordsCounter, 1); return nil }, false},
		{"read", func(tx *db.Tx) error {
			var n int
			return tx.QueryRow(ctx, `SELECT COUNT(*) FROM word`).Scan(&n)
		}, false},
		{"failed", func(tx *db.Tx) error { return errors.Join(addWord(tx, 3, "three"), errors.New("no")) }, true},
		{"named", func(tx *db.Tx) error { tx.Changed("dictionary"); return nil }, true},
	} {
		invalidated = nil
		err := d.Write(t.Context(), c.do)
		if (err != nil) != (c.name == "failed") {
			t.Errorf("%s: %v", c.name, err)
		}
		var want []string
		if c.want {
			want = []string{"dictionary"}
		}
		if !slices.Equal(invalidated, want) {
			t.Errorf("%s: invalidated %q, want %q", c.name, invalidated, want)
		}
	}
}
