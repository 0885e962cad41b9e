package testkit

import (
	"database/sql"
	"net"
	"os"
	"testing"
)

func TestPostgresGivesEachCallAnEmptyDatabase(t *testing.T) {
	first, second := Postgres(t), Postgres(t)
	if first == second {
		t.Fatalf("both are %s", first)
	}
	for _, url := range []string{first, second} {
		db := openDatabase(t, url)
		if tables := count(t, db, `pg_tables WHERE schemaname = 'public'`); tables > 0 {
			t.Errorf("%s has %d tables", url, tables)
		}
		execute(t, db, `CREATE TABLE thing (id bigint)`, `INSERT INTO thing VALUES (1)`)
		wantThings(t, db, 1)
	}
}

func TestPostgresLeavesNoDatabaseBehind(t *testing.T) {
	var url string
	t.Run("use", func(t *testing.T) {
		url = Postgres(t)
		execute(t, openDatabase(t, url), `CREATE TABLE thing (id bigint)`) // its connection stays open
	})
	if err := openDatabase(t, url).Ping(); err == nil {
		t.Errorf("%s is still there", url)
	}
}

func TestClusterKeepsItsRowsOverAKill(t *testing.T) {
	c := StartCluster(t)
	db := openDatabase(t, c.URL("postgres"))
	execute(t, db, `CREATE TABLE thing (id bigint)`, `INSERT INTO thing VALUES (1)`)

	c.Kill(t)
	listener, err := net.Listen("tcp", c.base.Host)
	Check(t, err)
	Check(t, listener.Close())
	c.Start(t)
	again := openDatabase(t, c.URL("postgres"))
	wantThings(t, again, 1)

	execute(t, again, `INSERT INTO thing VALUES (2)`)
	c.Stop(t)
	c.Start(t)
	wantThings(t, openDatabase(t, c.URL("postgres")), 2)
}

func TestStandbyKeepsWhatItsPrimaryCommitted(t *testing.T) {
	primary := StartCluster(t, "fsync = off") // a kill does not lose the system's buffers
	standby := primary.Standby(t)
	primary.Exec(t, `ALTER SYSTEM SET synchronous_standby_names = '`+standby.Name+`'`)
	primary.Exec(t, `SELECT pg_reload_conf()`)
	execute(t, openDatabase(t, primary.URL("postgres")), `CREATE TABLE thing (id bigint)`,
		`INSERT INTO thing VALUES (1)`)

	primary.Kill(t)
	standby.Promote(t)
	db := openDatabase(t, standby.URL("postgres"))
	wantThings(t, db, 1)
	execute(t, db, `INSERT INTO thing VALUES (2)`)
	wantThings(t, db, 2)
}

func TestClusterLeavesNothingBehind(t *testing.T) {
	var c *Cluster
	t.Run("use", func(t *testing.T) { c = StartCluster(t, "fsync = off") })
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", c.dir, err)
	}
	if err := c.exec(`SELECT 1`); err == nil {
		t.Error("the server still answers")
	}
}

func openDatabase(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	Check(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := db.ExecContext(t.Context(), statement)
		Check(t, err)
	}
}

func wantThings(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	if got := count(t, db, `thing`); got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
}

func count(t *testing.T, db *sql.DB, from string) (n int) {
	t.Helper()
	Check(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+from).Scan(&n))
	return n
}
