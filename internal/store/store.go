// Package store keeps everything in SQL, and does nothing else: rows to vocabulary and back.
//
// [Open] gives a [Store]. Reads are methods of the Store; every change goes through
// [Store.Write], which returns only after the change is durable. The methods of [Tx] are
// small steps that package ca and package auth put together into one transaction, an event
// included.
//
// The SQL has one text for SQLite and PostgreSQL: numbered parameters, and nothing that only
// one of them knows. The database is trusted for availability and not for secrecy: private
// keys come here sealed, passwords and tokens hashed. What [Store.Write] has acknowledged is
// never lost; what it has not may be.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"notary"
)

// readers is how many connections read from SQLite at once, beside the one that writes.
const readers = 8

// Store is an open database. It is safe for concurrent use.
type Store struct {
	reader // on the connections that read

	lock   *flock.Flock
	read   *sql.DB
	write  *sql.DB
	writer *writer
	now    func() time.Time
}

// Open opens the SQLite database in the file at path, makes it where there is none, and
// brings its schema up to date. The database is locked until Close: a second Open fails
// with [notary.Unavailable], in this process or another. The clock gives the time of what is
// written: [time.Now], but in tests.
func Open(ctx context.Context, path string, clock func() time.Time) (_ *Store, err error) {
	s := &Store{now: clock}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	if err := claim(ctx, path); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if s.write, err = openSQLite(path, 1, ""); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.write); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	if s.read, err = openSQLite(path, readers, "&_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	s.reader = reader{newStatements(s.read)}
	s.writer, err = startWriter(ctx, s.write)
	return s, err
}

// Close waits for the writes that are under way, refuses further ones, and closes.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		s.writer.stop()
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

func lockFile(path string) (*flock.Flock, error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("could not lock %s: %w", path, err)
	}
	if !locked {
		return nil, notary.Errorf(notary.Unavailable,
			"another server uses the database %s: stop it first, or give this one its own data folder",
			filepath.Base(path[:len(path)-len(".lock")]))
	}
	return lock, nil
}

// openSQLite opens the file with what durability needs: WAL and a flush to disk at every
// commit.
func openSQLite(path string, connections int, more string) (*sql.DB, error) {
	dsn := fileURI(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)" + more
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("could not open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// fileURI names the file to SQLite, whatever its name contains.
func fileURI(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}

// createPrivate makes the file for its owner alone; SQLite gives its companions (-wal, -shm)
// the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("could not open the database: %w", err)
	}
	return f.Close()
}
