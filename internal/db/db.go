// Package db keeps databases on two engines, SQLite and PostgreSQL, behind one interface. It
// knows nothing of what is stored.
//
// [Open] migrates a database to the newest version of a [Schema] and returns a [DB]. Queries run
// outside of transactions on [DB.Reads]; every change goes through [DB.Write], which returns only
// after its commit is durable. On SQLite concurrent writes share a commit; on PostgreSQL each is a
// transaction of its own, which takes locks ([Tx.Lock]) for what it decides on. The rest is what
// several nodes on one database need: notifications of changes, leases and agreed values.
//
// One SQL text serves both engines: numbered parameters, and nothing that only one of them knows.
// What the two do differently is an [engine].
//
// The migrations belong to the package that owns the tables and are passed to Open: a column and the
// queries that use it change together. The tables counter, lease, agreement and schema_compatibility are
// this package's own and must be among them.
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
	topics    []string // their names
	listeners *listeners
}

// Schema is the schema of a program's databases.
type Schema struct {
	// Migrations are the files of goose in the folders sqlite and postgres.
	Migrations fs.FS

	// ApplicationID marks SQLite files as the program's (PRAGMA application_id).
	ApplicationID int32

	// Table is a table of every version, by which a database of the program is recognised.
	Table string

	// Topics are what nodes keep in memory.
	Topics []Topic

	// Unreleased is the last version that was never released. A database of such a version is refused.
	Unreleased int64

	// Announced is the version that creates the table schema_compatibility. On PostgreSQL its programs and later ones
	// announce their version while they run; earlier ones are recognised by their leases.
	Announced int64
}

// Open opens a database and migrates its schema. A database with a newer schema is opened if it records that
// programs of this version can run on it. On PostgreSQL a migration with which running programs of other versions
// could not go on waits until they have stopped, and fails with [notary.Conflict] after [ProgramsTimeout].
//
// The name is the path of a SQLite file, which is created if it does not exist, or the URL of a
// PostgreSQL database (postgres://user:password@host:port/name; several hosts and the parameters of
// libpq are accepted). The file is locked until Close: a second Open fails with
// [notary.Unavailable], in this process or another. A PostgreSQL database may be open on any number
// of nodes; if it does not answer, Open waits for as long as ctx lasts.
//
// The clock gives the time of [Tx.Now]: [time.Now], except in tests.
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

// IsPostgres reports whether a database is named by the URL of PostgreSQL rather than by a path.
func IsPostgres(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// Close waits for the writes in progress, refuses further ones, and closes the database.
func (d *DB) Close() error { return d.engine.close() }

// Reads returns the querier for queries outside of transactions.
func (d *DB) Reads() Querier { return d.engine.reads() }

// Write runs fn in a transaction and returns after its commit is durable. An error of fn
// undoes what fn did and is returned unchanged.
//
// On SQLite concurrent writes share a commit, so fn must be quick: what takes time is done before.
// On PostgreSQL fn may run more than once, after a conflict with another transaction: it must not
// rely on what it did the last time.
//
// A full queue and a database that fails or is away are [notary.Unavailable]: nothing was
// changed, unless the error says that this is not known. Once fn has begun, the end of ctx
// no longer matters: the caller learns the outcome of the change.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	changed, err := d.engine.write(ctx, d.now(), fn)
	d.listeners.call(changed)
	return err
}

// Enqueue adds a write to the queue of a SQLite database and returns a function that waits for its
// result. Tests determine with it which writes share a commit.
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

// Snapshot runs fn on a connection that sees the whole database as it is at one moment, whatever is
// written meanwhile. If write is set, fn may change the database in one transaction, which SQLite
// shares with no other and at whose end the references must be right; an error undoes it.
func (d *DB) Snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error {
	return d.engine.snapshot(ctx, write, fn)
}

// SnapshotReads returns the querier for a list that is read in a snapshot. Like those of Reads, its
// queries fail with [notary.Unavailable] if the server hangs before or between the rows.
func (d *DB) SnapshotReads(conn *sql.Conn) Querier { return d.engine.snapshotReads(conn) }

// Bulk adds many rows to a table, on the connection of a snapshot that may write.
func (d *DB) Bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	return d.engine.bulk(ctx, conn, table, columns, rows)
}

// DropIndexes drops the indexes of a table, except those that constraints need and those to keep,
// and returns the statements that create them again.
func (d *DB) DropIndexes(ctx context.Context, conn *sql.Conn, table string, keep ...string) ([]string, error) {
	return d.engine.dropIndexes(ctx, conn, table, keep)
}

// Loaded ends a bulk load: it sets the next ids to follow those of the tables, and updates the
// planner's statistics.
func (d *DB) Loaded(ctx context.Context, conn *sql.Conn, tables []string) error {
	return d.engine.loaded(ctx, conn, tables)
}
