package db_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/testkit"
)

const own = `-- +goose Up
CREATE TABLE counter (name TEXT NOT NULL, at BIGINT NOT NULL, object_id BIGINT NOT NULL, part BIGINT NOT NULL,
	slot BIGINT NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (name, at, object_id, part, slot));
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE TABLE agreement (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE word (id BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE schema_compatibility (version BIGINT NOT NULL PRIMARY KEY, compatible_from BIGINT NOT NULL);
INSERT INTO schema_compatibility (version, compatible_from) VALUES (1, 1);
`

// words is the schema of a program unrelated to certificates.
var words = db.Schema{
	Migrations: fstest.MapFS{
		"sqlite/00001_words.sql":   {Data: []byte(own)},
		"postgres/00001_words.sql": {Data: []byte(own)},
	},
	ApplicationID: 0x574f5244,
	Table:         "word",
	Announced:     1,
}

var wordsCounter = db.CounterKey{Name: "words"}

func openWords(t *testing.T, name string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), name, words, time.Now, db.ReadTimeout(time.Hour), db.WriteTimeout(time.Hour))
	testkit.Check(t, err)
	t.Cleanup(func() { testkit.Check(t, d.Close()) })
	return d
}

func addWord(tx *db.Tx, id int, text string) error {
	tx.Count(wordsCounter, 1)
	_, err := tx.Exec(`INSERT INTO word (id, text) VALUES ($1, $2)`, id, text)
	return err
}

// A failed write leaves neither rows nor counts behind; a duplicate has an error of its own.
func TestWrite(t *testing.T) {
	t.Parallel()
	d := openWords(t, testkit.Database(t))
	testkit.Check(t, d.Write(t.Context(), func(tx *db.Tx) error { return addWord(tx, 1, "one") }))
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		return errors.Join(addWord(tx, 2, "two"), addWord(tx, 3, "one"))
	})
	if !errors.Is(err, db.ErrUnique) {
		t.Errorf("a duplicate: %v", err)
	}
	got, err := db.Collect(t.Context(), d.Reads(), db.Scan[string], `SELECT text FROM word ORDER BY id`)
	testkit.Check(t, err)
	n, err := db.Counter(t.Context(), d.Reads(), wordsCounter)
	testkit.Check(t, err)
	if !slices.Equal(got, []string{"one"}) || n != 1 {
		t.Errorf("%q are stored and %d counted", got, n)
	}
}

// A statement that finds no row fails the whole transaction with the given error, also as its last statement.
func TestMissedRows(t *testing.T) {
	t.Parallel()
	d := openWords(t, testkit.Database(t))
	missing := notary.Errorf(notary.NotFound, "no such word")
	need := func(id int) func(*db.Tx) error {
		return func(tx *db.Tx) error { return tx.Need(missing, `SELECT 1 FROM word WHERE id = $1`, id) }
	}
	change := func(id int) func(*db.Tx) error {
		return func(tx *db.Tx) error { return tx.Change(missing, `UPDATE word SET text = 'x' WHERE id = $1`, id) }
	}
	later := func(id int) func(*db.Tx) error {
		return func(tx *db.Tx) error { return tx.ChangeLater(missing, `UPDATE word SET text = 'x' WHERE id = $1`, id) }
	}
	for name, c := range map[string]struct {
		do     func(*db.Tx) error
		misses bool
	}{
		"need": {need(9), true}, "change": {change(9), true}, "change later": {later(9), true},
		"need that finds a row": {need(1), false}, "change of a row": {change(1), false},
		"change of a row later": {later(1), false},
	} {
		for _, last := range []bool{true, false} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM word`)
				if err = errors.Join(err, addWord(tx, 1, "one"), c.do(tx)); err != nil || last {
					return err
				}
				return addWord(tx, 2, "two")
			})
			if errors.Is(err, missing) != c.misses || !c.misses && err != nil {
				t.Errorf("%s, as the last statement %t: %v", name, last, err)
			}
			rows, err := db.Collect(t.Context(), d.Reads(), db.Scan[int64], `SELECT id FROM word`)
			testkit.Check(t, err)
			if (len(rows) == 0) != c.misses {
				t.Errorf("%s, as the last statement %t: the words %v remain", name, last, rows)
			}
			testkit.Check(t, d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM word`); return err }))
		}
	}
}

// Queries and the statements of transactions are traced with their arguments.
func TestTraced(t *testing.T) {
	t.Parallel()
	var seen []string
	d := openWords(t, testkit.Database(t)).Traced(func(text string, args []any) {
		verb, _, _ := strings.Cut(text, " ")
		seen = append(seen, verb)
	})
	testkit.Check(t, d.Write(t.Context(), func(tx *db.Tx) error { return addWord(tx, 1, "one") }))
	_, err := db.Collect(t.Context(), d.Reads(), db.Scan[int64], `SELECT id FROM word`)
	testkit.Check(t, err)
	if !slices.Equal(seen, []string{"INSERT", "SELECT"}) {
		t.Errorf("%q were traced", seen)
	}
}

// The schema is that of the migrations until someone changes it.
func TestSchemaDifferences(t *testing.T) {
	t.Parallel()
	name := testkit.Database(t)
	d := openWords(t, name)
	differences, err := d.SchemaDifferences(t.Context())
	if err != nil || len(differences) != 0 {
		t.Errorf("a new schema differs in %q (%v)", differences, err)
	}
	_, err = testkit.SQL(t, name).ExecContext(t.Context(), `CREATE VIEW spy AS SELECT text FROM word`)
	testkit.Check(t, err)
	differences, err = d.SchemaDifferences(t.Context())
	if err != nil || !slices.Contains(differences, "view spy is unexpected") {
		t.Errorf("a changed schema differs in %q (%v)", differences, err)
	}
}

// Only the program that created a file opens it.
func TestSQLiteFileOfAnotherProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	testkit.Check(t, openWords(t, path).Close())
	other := words
	other.ApplicationID++
	_, err := db.Open(t.Context(), path, other, time.Now)
	testkit.WantText(t, err, "belongs to another program")
	_, err = other.Status(t.Context(), path)
	testkit.WantText(t, err, "belongs to another program")
	status, err := words.Status(t.Context(), path)
	if err != nil || status.Current != 1 || status.Newest != 1 {
		t.Errorf("the schema is %+v (%v)", status, err)
	}
}
