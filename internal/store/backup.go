package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"notary"
)

// sealed is the agreement that holds the digest of a backup.
const sealed = "digest of the backup"

// Backup copies the SQLite database in the file at path, which a server may be using, to a
// new file: everything that was acknowledged before the call, as at one moment. No writer
// waits for it. The copy is checked as by [Store.Check]: a damaged one is not kept. It holds its own
// digest, by which [Restore] knows whether it is whole, and which Backup returns.
func Backup(ctx context.Context, path, to string, checks Checks, progress Progress) (digest string, err error) {
	if _, err := os.Stat(path); err != nil {
		return "", notary.Errorf(notary.NotFound, "there is no database %s to back up", path)
	}
	if _, err := os.Lstat(to); err == nil {
		return "", notary.Errorf(notary.Conflict, "%s is there already: name another file for the backup", to)
	}
	part := to + ".part"
	removeDatabase(part) // of an earlier one that broke off
	defer removeDatabase(part)
	if err := createPrivate(part); err != nil {
		return "", err
	}
	if err := copyPages(ctx, path, part); err != nil {
		return "", err
	}
	if err := checkCopy(ctx, part, checks, progress); err != nil {
		return "", err
	}
	if digest, err = seal(ctx, part, progress); err != nil {
		return "", err
	}
	return digest, moveInto(part, to)
}

// checkCopy refuses a damaged copy. If the copy has the schema of another version, only the file
// is checked.
func checkCopy(ctx context.Context, path string, checks Checks, progress Progress) error {
	var found []Damage
	report := func(d Damage) { found = append(found, d) }
	current, newest, err := Schema(ctx, path)
	if isCorrupt(err) || err == nil && current == newest {
		err = CheckDatabase(ctx, path, checks, progress, report)
	} else if err == nil {
		err = checkFile(ctx, path, report)
	}
	if len(found) == 0 {
		return err
	}
	var some []string
	for _, d := range found[:min(len(found), 5)] {
		some = append(some, d.String())
	}
	return notary.Errorf(notary.Internal, "the database is damaged, and no backup was kept: %s (%d in all). "+
		"Run notary check for the whole list, and restore an earlier backup", strings.Join(some, "; "), len(found))
}

// checkFile checks the file alone, whatever the version of its schema.
func checkFile(ctx context.Context, path string, report func(Damage)) error {
	return onFile(ctx, path, "?_pragma=query_only(1)", func(conn *sql.Conn) error {
		for _, rule := range (&sqliteEngine{}).invariants() {
			if err := rule.check(ctx, reader{q: unprepared{conn}}); err != nil {
				report(Damage{DamagedFile, err.Error()})
			}
		}
		return nil
	})
}

// onFile runs fn on a connection of its own to a SQLite file, whatever the version of its
// schema.
func onFile(ctx context.Context, path, settings string, fn func(*sql.Conn) error) error {
	db, err := sql.Open("sqlite", fileURI(path)+settings)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return mapped(err)
	}
	defer conn.Close()
	return fn(conn)
}

// copyPages copies the file through SQLite, in one read transaction.
func copyPages(ctx context.Context, path, to string) error {
	return onFile(ctx, path, "?_pragma=busy_timeout(5000)&_pragma=query_only(1)", func(conn *sql.Conn) error {
		return copyPagesOn(ctx, conn, path, to)
	})
}

func copyPagesOn(ctx context.Context, conn *sql.Conn, path, to string) error {
	var id int
	if err := conn.QueryRowContext(ctx, `SELECT application_id FROM pragma_application_id`).Scan(&id); err != nil || id != applicationID {
		return notary.Errorf(notary.Invalid, "%s is not a database of notary", path)
	}
	return mapped(conn.Raw(func(driver any) error {
		backup, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(fileURI(to))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			more, err = backup.Step(-1) // all pages at once: one moment
		}
		return errors.Join(err, backup.Finish())
	}))
}

// seal puts its digest into a copy.
func seal(ctx context.Context, path string, progress Progress) (digest string, err error) {
	const settings = "?_pragma=journal_mode(DELETE)&_pragma=synchronous(FULL)"
	err = onFile(ctx, path, settings, func(conn *sql.Conn) error {
		if digest, err = fileDigest(ctx, conn, progress); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO agreement (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, sealed, digest)
		return mapped(err)
	})
	return digest, err
}

// checkSeal compares the digest of a copy with that which it holds. The schema is left as it
// was when the backup was made.
func checkSeal(ctx context.Context, path string, progress Progress) error {
	return onFile(ctx, path, "?_pragma=query_only(1)", func(conn *sql.Conn) error { return checkSealOn(ctx, conn, progress) })
}

func checkSealOn(ctx context.Context, conn *sql.Conn, progress Progress) error {
	want, err := reader{q: unprepared{conn}}.Agreed(ctx, sealed)
	if err != nil {
		return err
	}
	if want == "" {
		return notary.Errorf(notary.Invalid, "this is not a backup that notary made: it holds no digest")
	}
	got, err := fileDigest(ctx, conn, progress)
	if err == nil && got != want {
		err = notary.Errorf(notary.Invalid, "the backup is damaged: its digest is %.16s…, but it was made with %.16s…", got, want)
	}
	return err
}

// fileDigest is a digest over every row of every table of a file, whichever version its
// schema has.
func fileDigest(ctx context.Context, conn *sql.Conn, progress Progress) (string, error) {
	r := reader{q: unprepared{conn}}
	names, err := collect(ctx, r, scanText, `SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name`)
	if err != nil {
		return "", err
	}
	var all []table
	for _, name := range names {
		columns, err := collect(ctx, r, scanText, `SELECT '"' || name || '"' FROM pragma_table_info($1) ORDER BY cid`, name)
		if err != nil {
			return "", err
		}
		t := table{name: name, columns: columns}
		if name == "agreement" {
			t.from = "(SELECT * FROM agreement WHERE name <> '" + sealed + "') t"
		}
		all = append(all, t)
	}
	return digestOf(ctx, conn, all, progress)
}

// moveInto renames a file and makes that durable.
func moveInto(from, to string) error {
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

// companions are the files that SQLite has beside a database.
var companions = []string{"-wal", "-shm", "-journal"}

func removeDatabase(path string) {
	for _, suffix := range append([]string{"", ".lock"}, companions...) {
		_ = os.Remove(path + suffix)
	}
}
