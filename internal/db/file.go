package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"

	"notary"
)

// Connection settings for [OnFile].
const (
	ReadFile       = "?_pragma=busy_timeout(5000)&_pragma=query_only(1)"
	ReadClosedFile = "?_pragma=query_only(1)"
	AppendFile     = "?_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)" // a server may be using it
	WriteFile      = "?_pragma=journal_mode(DELETE)&_pragma=synchronous(FULL)"
)

// OnFile runs fn on a dedicated connection to a SQLite file of any schema version.
func OnFile(ctx context.Context, path, settings string, fn func(*sql.Conn) error) error {
	db, err := sql.Open("sqlite", fileURI(path)+settings)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return MapError(err)
	}
	defer conn.Close()
	return fn(conn)
}

// CheckFile checks the integrity of a SQLite file of any schema version and returns the damage found.
func CheckFile(ctx context.Context, path string) (damage []error, err error) {
	err = OnFile(ctx, path, ReadClosedFile, func(conn *sql.Conn) error {
		for _, rule := range (&sqliteEngine{}).rules() {
			if err := rule.Check(ctx, OnConn(conn)); err != nil {
				damage = append(damage, err)
			}
		}
		return nil
	})
	return damage, err
}

// CopyFile copies a SQLite file in one read transaction, so a server may be using the file. The target must exist and
// be empty: see [CreatePrivate].
func (s Schema) CopyFile(ctx context.Context, path, to string) error {
	return OnFile(ctx, path, ReadFile, func(conn *sql.Conn) error { return s.copyOn(ctx, conn, path, to) })
}

func (s Schema) copyOn(ctx context.Context, conn *sql.Conn, path, to string) error {
	var id int32
	err := conn.QueryRowContext(ctx, `SELECT application_id FROM pragma_application_id`).Scan(&id)
	if err != nil || id != s.ApplicationID {
		return notary.Errorf(notary.Invalid, "%s is not a notary database", path)
	}
	return MapError(conn.Raw(func(driver any) error {
		backup, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(fileURI(to))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			more, err = backup.Step(-1) // all pages at once, for a consistent copy
		}
		return errors.Join(err, backup.Finish())
	}))
}

// MoveFile renames a file durably.
func MoveFile(from, to string) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// companions are the suffixes of the files that SQLite keeps next to a database.
var companions = []string{"-wal", "-shm", "-journal"}

// RemoveFile removes a SQLite database that no process uses, with its lock file and companion files. It ignores errors.
func RemoveFile(path string) {
	for _, suffix := range append([]string{"", ".lock"}, companions...) {
		_ = os.Remove(path + suffix)
	}
}

// SetAside keeps a SQLite database under a second name and returns that name, or "" if there is no database. No server
// may be using it. SetAside moves the companion files even if the database is damaged or missing, because SQLite would
// apply them to the next one.
func SetAside(ctx context.Context, path string) (kept string, err error) {
	_, statErr := os.Lstat(path)
	if statErr == nil {
		if err := mergeLog(ctx, path); err != nil {
			return "", err
		}
	}
	kept = path + "." + time.Now().UTC().Format("20060102T150405.000Z")
	for _, suffix := range companions {
		if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if statErr != nil {
		return "", nil
	}
	// Unlike renaming, a hard link leaves a database at path until a new one replaces it. Not every file system supports
	// links.
	if err := os.Link(path, kept); err != nil {
		return kept, MoveFile(path, kept)
	}
	return kept, nil
}

// mergeLog copies the write-ahead log of a database into the file. It leaves a damaged file unchanged.
func mergeLog(ctx context.Context, path string) error {
	db, err := connectSQLite(path, 1, "")
	if err != nil {
		return err
	}
	defer db.Close()
	var busy, pages, merged int
	err = db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &merged)
	switch {
	case Corrupt(err):
		return nil
	case err != nil:
		return fmt.Errorf("could not close the existing database: %w", err)
	case busy != 0:
		return notary.Errorf(notary.Unavailable,
			"another program, such as a backup, is reading the database %s: try again when it has finished", path)
	}
	return nil
}
