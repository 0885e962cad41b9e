// Package db provides one interface to two database engines, SQLite and PostgreSQL.
//
// [Open] migrates a database to the newest version of a [Schema] and returns a [DB]. Queries outside of transactions
// use [DB.Reads]. Every change goes through [DB.Write], which returns after its commit is durable. On SQLite concurrent
// writes share a commit. On PostgreSQL each write is its own transaction and locks the objects on which its decisions
// depend ([Tx.Lock]). Change notifications, leases and agreed values coordinate several nodes on one database.
//
// Both engines run the same SQL text, with numbered parameters. The differences are behind [engine].
//
// The package that owns the tables passes the migrations to Open, so that a column and its queries change together. The
// migrations also create the tables of this package: counter, lease, agreement and schema_compatibility.
package db

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
	"time"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine    engine
	now       func() time.Time
	probe     probe
	topics    []string // topic names
	listeners *listeners
}

// Schema describes the databases of a program.
type Schema struct {
	// Migrations holds goose files in the folders sqlite and postgres.
	Migrations fs.FS

	// ApplicationID marks SQLite files of the program (PRAGMA application_id).
	ApplicationID int32

	// Table names a table that exists in every version and identifies a database of the program.
	Table string

	// Topics lists the tables that nodes cache.
	Topics []Topic

	// Unreleased is the last version before the first release. Databases up to this version are rejected.
	Unreleased int64

	// Announced is the version that creates the table schema_compatibility. On PostgreSQL, programs from that version
	// on announce their version while they run; earlier ones are detected by their leases.
	Announced int64
}

// Open opens a database and migrates its schema. It accepts a newer schema that records compatibility with this
// version. On PostgreSQL a migration that is incompatible with running programs waits until they have stopped, and
// fails with a [notary.Conflict] error after [ProgramsTimeout].
//
// The name is the path of a SQLite file or the URL of a PostgreSQL database (postgres://user:password@host:port/name;
// several hosts and the parameters of libpq are accepted). A file is created if it does not exist, and locked until
// Close: a second Open fails with a [notary.Unavailable] error. Any number of nodes can open a PostgreSQL database. If
// it does not answer, Open waits for at most [StartTimeout].
//
// The clock provides [Tx.Now]. It is [time.Now], except in tests.
func Open(ctx context.Context, name string, schema Schema, clock func() time.Time, options ...Option) (*DB, error) {
	var e engine
	var err error
	if IsPostgres(name) {
		e, err = openPostgres(ctx, name, schema, newLimits(options), clock)
	} else {
		e, err = openSQLite(ctx, name, schema)
	}
	if err != nil {
		return nil, err
	}
	return newDB(e, schema, clock), nil
}

// OpenForReading opens a database without locking or migrating it.
func OpenForReading(ctx context.Context, name string, schema Schema) (*DB, error) {
	if IsPostgres(name) {
		e, err := connectPostgres(ctx, name, schema, newLimits(nil))
		if err != nil {
			return nil, err
		}
		return newDB(e, schema, time.Now), nil
	}
	e, err := readSQLite(name, schema)
	if err != nil {
		return nil, err
	}
	return newDB(e, schema, time.Now), nil
}

func newDB(e engine, schema Schema, clock func() time.Time) *DB {
	d := &DB{engine: e, now: clock, listeners: &listeners{}}
	for _, topic := range schema.Topics {
		d.topics = append(d.topics, topic.Name)
	}
	return d
}

// IsPostgres reports whether name is a PostgreSQL URL rather than a path.
func IsPostgres(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// Close rejects new writes, waits for those in progress (on PostgreSQL at most [StopTimeout]) and closes the database.
func (d *DB) Close() error { return d.engine.close() }

// Reads returns a querier for queries outside of transactions.
func (d *DB) Reads() Querier { return d.engine.reads() }

// Write runs fn in a transaction and returns after the commit is durable. If fn returns an error, its changes are
// rolled back and the error is returned unchanged. On SQLite concurrent writes share a commit, so fn must be quick. On
// PostgreSQL fn may run again after a conflict or a lost connection, so it must not rely on state of an earlier run.
//
// If the queue is full, or the database fails or is unreachable, Write returns a [notary.Unavailable] error and nothing
// was changed. If the connection is lost during the commit, it returns a [notary.OutcomeUnknown] error. Canceling ctx
// interrupts neither fn nor the commit, so that the caller learns the outcome.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	changed, err := d.engine.write(ctx, d.now(), fn)
	d.listeners.call(changed)
	return err
}

// Enqueue adds a write to the queue of a SQLite database and returns a function that waits for the result. It is for
// tests of shared commits.
func (d *DB) Enqueue(ctx context.Context, fn func(*Tx) error) (wait func() error, err error) {
	j := &job{ctx: ctx, now: d.now(), fn: fn, result: make(chan error, 1)}
	if err := d.engine.(*sqliteEngine).writer.enqueue(j); err != nil {
		return nil, err
	}
	return func() error {
		err := <-j.result
		d.listeners.call(j.changed)
		return err
	}, nil
}

// Snapshot runs fn on a connection that sees a consistent snapshot of the whole database. If write is set, fn instead
// runs in a transaction of its own that can change the database and checks foreign keys at its end. An error from fn
// rolls it back.
func (d *DB) Snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error {
	return d.engine.snapshot(ctx, write, fn)
}

// SnapshotReads returns a querier on the connection of a snapshot. As with [DB.Reads], its queries fail with a
// [notary.Unavailable] error if the PostgreSQL server hangs.
func (d *DB) SnapshotReads(conn *sql.Conn) Querier { return d.engine.snapshotReads(conn) }

// Bulk inserts many rows into a table, on the connection of a writable snapshot.
func (d *DB) Bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	return d.engine.bulk(ctx, conn, table, columns, rows)
}

// DropIndexes drops the indexes of a table and returns the statements that recreate them. It keeps the indexes of
// constraints and, on SQLite only, those named in keep.
func (d *DB) DropIndexes(ctx context.Context, conn *sql.Conn, table string, keep ...string) ([]string, error) {
	return d.engine.dropIndexes(ctx, conn, table, keep)
}

// Loaded finishes a bulk load. On PostgreSQL it advances the ID sequences past the loaded rows and updates the
// planner's statistics. On SQLite it restores the cache settings.
func (d *DB) Loaded(ctx context.Context, conn *sql.Conn, tables []string) error {
	return d.engine.loaded(ctx, conn, tables)
}
