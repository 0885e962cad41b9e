package db_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/testkit"
)

// version returns the schema after n migrations: the second is compatible with earlier programs, the third is not.
func version(n int) db.Schema {
	steps := []string{own,
		"ALTER TABLE word ADD COLUMN language TEXT NOT NULL DEFAULT '';\n" +
			"UPDATE word SET language = 'en';\n" + states(2, 1),
		"ALTER TABLE word RENAME COLUMN text TO spelling;\n" + states(3, 2)}
	schema := words
	files := fstest.MapFS{}
	for i, text := range steps[:n] {
		for _, engine := range []string{"sqlite", "postgres"} {
			files[fmt.Sprintf("%s/%05d_step.sql", engine, i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" +
				strings.TrimPrefix(text, "-- +goose Up\n"))}
		}
	}
	schema.Migrations = files
	return schema
}

func states(version, compatibleFrom int) string {
	return fmt.Sprintf("INSERT INTO schema_compatibility (version, compatible_from) VALUES (%d, %d);\n", version,
		compatibleFrom)
}

func open(t *testing.T, name string, schema db.Schema, options ...db.Option) (*db.DB, error) {
	t.Helper()
	d, err := db.Open(t.Context(), name, schema, time.Now,
		append(options, db.ReadTimeout(time.Hour), db.WriteTimeout(time.Hour))...)
	if err == nil {
		t.Cleanup(func() { testkit.Check(t, d.Close()) })
	}
	return d, err
}

func mustOpen(t *testing.T, name string, schema db.Schema, options ...db.Option) *db.DB {
	t.Helper()
	d, err := open(t, name, schema, options...)
	testkit.Check(t, err)
	return d
}

func writeWord(t *testing.T, d *db.DB, id int) {
	t.Helper()
	testkit.Check(t, d.Write(t.Context(), func(tx *db.Tx) error { return addWord(tx, id, fmt.Sprint("word ", id)) }))
}

func wantWords(t *testing.T, d *db.DB, want int64) {
	t.Helper()
	n, err := db.Counter(t.Context(), d.Reads(), wordsCounter)
	testkit.Check(t, err)
	var rows int64
	testkit.Check(t, d.Reads().QueryRow(t.Context(), `SELECT COUNT(*) FROM word`).Scan(&rows))
	if n != want || rows != want {
		t.Errorf("%d words are stored and %d counted, want %d", rows, n, want)
	}
}

func TestOlderProgram(t *testing.T) {
	t.Parallel()
	name := testkit.Database(t)
	first := mustOpen(t, name, version(1))
	writeWord(t, first, 1)
	testkit.Check(t, first.Close())
	testkit.Check(t, mustOpen(t, name, version(2)).Close())

	older := mustOpen(t, name, version(1))
	writeWord(t, older, 2)
	wantWords(t, older, 2)
	status, err := version(1).Status(t.Context(), name)
	testkit.Check(t, err)
	if status.Current != 2 || status.Newest != 1 || status.CompatibleFrom != 1 || status.Usable() != nil {
		t.Errorf("the status is %+v", status)
	}
	testkit.Check(t, older.Close())

	testkit.Check(t, mustOpen(t, name, version(3)).Close())
	_, err = open(t, name, version(1))
	testkit.WantText(t, err, "its schema has version 3, which requires a program of schema version 2 or later, but "+
		"this one has 1", "run the newer program that upgraded it, or restore the backup")
	second := mustOpen(t, name, version(2))
	status, err = version(1).Status(t.Context(), name)
	testkit.Check(t, err)
	testkit.WantText(t, status.Usable(), "run the newer program")
	testkit.Check(t, second.Close())
}

// A newer schema without a compatibility record is refused.
func TestNewerSchemaWithoutCompatibility(t *testing.T) {
	t.Parallel()
	name := testkit.Database(t)
	testkit.Check(t, mustOpen(t, name, version(1)).Close())
	_, err := testkit.SQL(t, name).ExecContext(t.Context(),
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, `+truth()+`)`)
	testkit.Check(t, err)
	_, err = open(t, name, version(1))
	testkit.WantText(t, err, "its schema has version 2, which requires a program of schema version 2 or later")
}

func truth() string {
	if testkit.OnPostgres() {
		return "true"
	}
	return "1"
}

// Nodes keep running during a compatible migration and prevent any other.
func TestMigrationWithRunningNodes(t *testing.T) {
	t.Parallel()
	name := testkit.Postgres(t)
	first := mustOpen(t, name, version(1))
	writeWord(t, first, 1)
	second := mustOpen(t, name, version(2))
	writeWord(t, first, 2)
	writeWord(t, second, 3)

	_, err := open(t, name, version(3), db.ProgramsTimeout(0))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "from schema version 2 to 3, which requires every node to have version 2 or later",
		"nodes of other versions are running: version 1 (127.0.0.1). Stop them, then start this program again")
	status, err := version(3).Status(t.Context(), name)
	testkit.Check(t, err)
	if blocking := status.Blocking(); status.Required() != 2 || len(blocking) != 1 || blocking[0].Version != 1 ||
		len(status.Running) != 2 {
		t.Errorf("the status is %+v", status)
	}
	writeWord(t, first, 4)
	wantWords(t, second, 4)

	testkit.Check(t, first.Close())
	testkit.Check(t, mustOpen(t, name, version(3)).Close())
	_, err = open(t, name, version(1))
	testkit.WantText(t, err, "run the newer program that upgraded it")
}

func TestMigrationWaitsForNodes(t *testing.T) {
	t.Parallel()
	name := testkit.Postgres(t)
	first := mustOpen(t, name, version(1))
	testkit.Check(t, mustOpen(t, name, version(2)).Close())
	opened := make(chan error, 1)
	go func() {
		_, err := open(t, name, version(3), db.ProgramsTimeout(time.Hour))
		opened <- err
	}()
	sql := testkit.SQL(t, name)
	for migrating := false; !migrating; { // bounded by the test's timeout
		testkit.Check(t, sql.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
			AND objsubid = 2 AND objid = 0 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).
			Scan(&migrating))
	}
	writeWord(t, first, 1)
	testkit.Check(t, first.Close())
	testkit.Check(t, <-opened)
}

// A node that lost its connections while the database was upgraded past it can no longer write.
func TestExcludedNode(t *testing.T) {
	t.Parallel()
	name := testkit.Postgres(t)
	first := mustOpen(t, name, version(1))
	writeWord(t, first, 1)
	sql := testkit.SQL(t, name)
	cut := func() {
		_, err := sql.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		testkit.Check(t, err)
	}
	lock := fmt.Sprintf("(%d, 1)", words.ApplicationID)
	cut()
	_, err := sql.ExecContext(t.Context(), `SELECT pg_advisory_lock`+lock) // as a migration does
	testkit.Check(t, err)
	wantExcluded(t, first)
	_, err = sql.ExecContext(t.Context(), `SELECT pg_advisory_unlock`+lock)
	testkit.Check(t, err)
	testkit.Check(t, mustOpen(t, name, version(3)).Close())
	wantExcluded(t, first)
}

func wantExcluded(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error { return addWord(tx, 9, "late") })
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "upgraded by a newer program", "(schema version 1) cannot use it any more: stop it "+
		"and start the newer program")
}

// Programs that do not announce their version are detected by their leases.
func TestMigrationWithUnannouncedNodes(t *testing.T) {
	t.Parallel()
	name := testkit.Postgres(t)
	clock := testkit.NewClock()
	old, err := db.Open(t.Context(), name, version(1), clock.Now)
	testkit.Check(t, err)
	_, err = old.Lease(t.Context(), "periodic work", "node", time.Minute)
	testkit.Check(t, err)
	testkit.Check(t, old.Close())

	announced := version(3)
	announced.Announced = 2
	_, err = db.Open(t.Context(), name, announced, clock.Now, db.ProgramsTimeout(0))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "nodes of other versions are running: version 1. Stop them")
	clock.Advance(2 * time.Minute)
	d, err := db.Open(t.Context(), name, announced, clock.Now, db.ProgramsTimeout(0))
	testkit.Check(t, err)
	testkit.Check(t, d.Close())
}

// A dry run lists the effects of the migrations without applying them, even in use.
func TestDryRun(t *testing.T) {
	t.Parallel()
	name := testkit.Database(t)
	d := mustOpen(t, name, version(1))
	writeWord(t, d, 1)
	writeWord(t, d, 2)
	effects, err := version(3).DryRun(t.Context(), name)
	testkit.Check(t, err)
	if len(effects) != 2 || effects[0].Version != 2 || effects[0].CompatibleFrom != 1 || effects[0].Rows != 3 ||
		effects[1].Rows != 1 {
		t.Errorf("the effects are %+v", effects)
	}
	for _, effect := range effects {
		if !strings.Contains(strings.Join(effect.Objects, "\n"), "word") {
			t.Errorf("migration %d changes %q", effect.Version, effect.Objects)
		}
	}
	writeWord(t, d, 3)
	wantWords(t, d, 3)
	differences, err := d.SchemaDifferences(t.Context())
	if err != nil || len(differences) > 0 {
		t.Errorf("afterwards the schema differs in %q (%v)", differences, err)
	}
	status, err := version(3).Status(t.Context(), name)
	testkit.Check(t, err)
	if status.Current != 1 || len(status.Pending) != 2 {
		t.Errorf("afterwards the status is %+v", status)
	}
}

// A dry run finds a migration that fails on the data.
func TestDryRunThatFails(t *testing.T) {
	t.Parallel()
	name := testkit.Database(t)
	d := mustOpen(t, name, version(1))
	writeWord(t, d, 1)
	schema := version(2)
	for _, file := range []string{"sqlite/00002_step.sql", "postgres/00002_step.sql"} {
		schema.Migrations.(fstest.MapFS)[file].Data = []byte("-- +goose Up\nINSERT INTO word (id, text) VALUES (1, " +
			"'twice');\n" + states(2, 1))
	}
	_, err := schema.DryRun(t.Context(), name)
	testkit.WantText(t, err, "migration 2 (step) fails")
	wantWords(t, d, 1)
}
