package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"

	"notary"
)

// Sizes of the writing connection's page cache, normally and during a bulk load. Negative numbers are in KiB.
const (
	writeCache = "-32000"   // 32 MB
	loadCache  = "-1000000" // 1 GB
)

// Limits of the write-ahead log (WAL). SQLite copies the log into the file once the log has [checkpoint] pages of 4
// KiB. A page written repeatedly, such as one of an index on random values, is copied once, so a longer log is faster
// but takes more disk space. A log that has outgrown [logLimit] during a long read is truncated.
const (
	checkpoint = "4000"     // 16 MB
	logLimit   = "16777216" // octets
)

// sqliteEngine is the [engine] of a SQLite file, which only one process can have open. It has one connection for
// writing and several for reading.
type sqliteEngine struct {
	schema Schema
	lock   *flock.Flock
	reader *readers
	writer *writer
	read   *sql.DB // for snapshots
	single *sql.DB // a single connection, for writable snapshots and checkpoints
}

func openSQLite(ctx context.Context, path string, schema Schema) (_ *sqliteEngine, err error) {
	e := &sqliteEngine{schema: schema}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.lock, err = LockFile(path); err != nil {
		return nil, err
	}
	if err := CreatePrivate(path); err != nil {
		return nil, err
	}
	if err := schema.markFile(ctx, path); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if err := schema.migrateFile(ctx, path); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if e.single, err = connectWriter(path); err != nil {
		return nil, err
	}
	if e.read, err = connectSQLite(path, maxReaders, "&_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	e.reader = newReaders(path)
	e.writer, err = startWriter(ctx, path, e.single, schema.topics())
	return e, err
}

// connectWriter opens a pool of one connection with the settings in [writing].
func connectWriter(path string) (*sql.DB, error) {
	more := ""
	for _, setting := range writing {
		more += "&_pragma=" + url.QueryEscape(setting)
	}
	return connectSQLite(path, 1, more)
}

// migrateFile migrates a file on a separate connection. After ALTER TABLE … RENAME, a connection cannot change
// temp_store in a transaction, as snapshot does.
func (s Schema) migrateFile(ctx context.Context, path string) error {
	db, err := connectWriter(path)
	if err != nil {
		return err
	}
	defer db.Close()
	return s.migrateSQLite(ctx, db)
}

func readSQLite(path string, schema Schema) (*sqliteEngine, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, notary.Errorf(notary.NotFound, "there is no database %s", path)
	}
	read, err := connectSQLite(path, maxReaders, "&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	return &sqliteEngine{schema: schema, read: read, reader: newReaders(path)}, nil
}

func (e *sqliteEngine) close() error {
	var errs []error
	if e.writer != nil {
		e.writer.stop()
	}
	if e.reader != nil {
		e.reader.close()
	}
	for _, db := range []*sql.DB{e.read, e.single} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Unlock())
	}
	return errors.Join(errs...)
}

func (e *sqliteEngine) reads() Querier { return e.reader }

func (e *sqliteEngine) write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error) {
	return e.writer.write(ctx, now, fn)
}

func (e *sqliteEngine) snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error {
	if write {
		return e.writer.alone(ctx, func(conn *sql.Conn) error {
			if _, err := conn.ExecContext(ctx,
				"PRAGMA cache_size = "+loadCache+"; PRAGMA temp_store = FILE"); err != nil {
				return MapError(err)
			}
			return fn(conn)
		})
	}
	conn, err := e.read.Conn(ctx)
	if err != nil {
		return MapError(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return MapError(err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return fn(conn)
}

func (e *sqliteEngine) snapshotReads(conn *sql.Conn) Querier { return onConn{conn} }

const maxParameters = 2000

func (e *sqliteEngine) bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	for most := maxParameters / len(columns); len(rows) > 0; {
		n := min(len(rows), most)
		args := make([]any, 0, n*len(columns))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if _, err := conn.ExecContext(ctx, insertText(table, columns, n), args...); err != nil {
			return MapError(err)
		}
		rows = rows[n:]
	}
	return nil
}

func insertText(table string, columns []string, rows int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for row := range rows {
		for i := range columns {
			switch {
			case i > 0:
				b.WriteString(", ")
			case row > 0:
				b.WriteString("), (")
			default:
				b.WriteString("(")
			}
			b.WriteByte('?')
		}
	}
	b.WriteString(")")
	return b.String()
}

func (e *sqliteEngine) dropIndexes(ctx context.Context, conn *sql.Conn, table string, keep []string) ([]string, error) {
	return dropIndexes(ctx, conn, `SELECT name, sql FROM sqlite_master
		WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL`, table, keep)
}

func dropIndexes(ctx context.Context, conn *sql.Conn, query, table string,
	keep []string) (recreate []string, err error) {
	var drop []string
	_, err = Collect(ctx, OnConn(conn), func(row Row) (none struct{}, err error) {
		var name, text string
		err = row.Scan(&name, &text)
		if !slices.Contains(keep, name) {
			drop, recreate = append(drop, "DROP INDEX "+name), append(recreate, text)
		}
		return none, err
	}, query, table)
	for _, text := range drop {
		if err == nil {
			_, err = conn.ExecContext(ctx, text)
		}
	}
	return recreate, MapError(err)
}

// loaded restores the cache settings. It need not advance any ID sequence, because SQLite continues after the greatest
// ID.
func (e *sqliteEngine) loaded(ctx context.Context, conn *sql.Conn, _ []string) error {
	_, err := conn.ExecContext(ctx, "PRAGMA cache_size = "+writeCache+"; PRAGMA temp_store = MEMORY; PRAGMA "+
		"shrink_memory")
	return MapError(err)
}

func (e *sqliteEngine) rules() []Rule {
	return []Rule{
		{"the file is intact", `SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'`},
		{"every foreign key is valid", `SELECT "table" || ' ' || CAST(rowid AS TEXT) FROM pragma_foreign_key_check`},
	}
}

func (e *sqliteEngine) quickChecks(tables []string) (checks []Rule) {
	for _, table := range tables {
		checks = append(checks, Rule{"the pages of the table " + table + " are intact",
			`SELECT quick_check FROM pragma_quick_check('` + table + `') WHERE quick_check <> 'ok'`})
	}
	return checks
}

// watch waits until ctx is done. This process has locked the file, so no other node can change it.
func (e *sqliteEngine) watch(ctx context.Context, _ []string, _ func(string)) { <-ctx.Done() }

func (e *sqliteEngine) writersOf(context.Context, string) ([]string, error) { return nil, nil }

// LockFile locks a SQLite database for this process. It returns a [notary.Unavailable] error if another process holds
// the lock.
func LockFile(path string) (*flock.Flock, error) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("could not lock %s.lock: %w", path, err)
	}
	if !locked {
		return nil, notary.Errorf(notary.Unavailable,
			"another server uses the database %s: stop it first, or give this one its own data folder",
			filepath.Base(path))
	}
	return lock, nil
}

func connectSQLite(path string, connections int, more string) (*sql.DB, error) {
	opens, err := sqlite.NewConnector(address(path) + more)
	if err != nil {
		return nil, fmt.Errorf("could not open %s: %w", path, err)
	}
	return pool(opens, connections), nil
}

// durable holds the settings of every connection. With them, each commit is flushed to the write-ahead log on disk.
var durable = []string{"journal_mode = WAL", "synchronous = FULL", "foreign_keys = 1", "temp_store = MEMORY"}

var writing = []string{"cache_size = " + writeCache, "wal_autocheckpoint = " + checkpoint,
	"journal_size_limit = " + logLimit}

// address returns the driver's data source name for the file, with the durable settings.
func address(path string) string {
	name := fileURI(path) + fmt.Sprintf("?_pragma=busy_timeout(%d)", busyTimeout.Milliseconds())
	for _, setting := range durable {
		name += "&_pragma=" + url.QueryEscape(setting)
	}
	return name
}

func pool(opens driver.Connector, connections int) *sql.DB {
	db := sql.OpenDB(opens)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

func fileURI(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}

// CreatePrivate creates a file with mode 0600 unless it exists. SQLite creates the companion files (-wal, -shm) with
// the same mode.
func CreatePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("could not open the database: %w", err)
	}
	return f.Close()
}
