package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"notary"
)

// Restore replaces the SQLite database at path with a backup, after verifying the copy: its digest
// is right, no rule of [Store.CheckInvariants] is broken, and its schema is that of this version. An
// existing database is a [notary.Conflict] unless replace is set: then it is kept beside the new one,
// under the name that Restore returns. A server must not be running.
func Restore(ctx context.Context, backup, path string, replace bool, progress Progress) (kept string, err error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return "", err
	}
	defer lock.Unlock()
	_, statErr := os.Lstat(path)
	if statErr == nil && !replace {
		return "", notary.Errorf(notary.Conflict,
			"there is a database %s already: restore to another data folder, or replace it with --replace", path)
	}
	part := path + ".restoring"
	defer removeDatabase(part)
	removeDatabase(part)
	if err := createPrivate(part); err != nil {
		return "", err
	}
	if err := copyPages(ctx, backup, part); err != nil {
		return "", err
	}
	var replaced map[string]int64
	if statErr == nil {
		replaced = crlNumbers(ctx, path)
	}
	if err := checkBackup(ctx, part, replaced, progress); err != nil {
		return "", err
	}
	if kept, err = setAside(ctx, path); err != nil {
		return "", err
	}
	return kept, moveInto(part, path)
}

// clockError is how far a restore raises CRL numbers beyond the clock: lists that were published
// after the backup may have been numbered by a clock that was ahead.
const clockError = 24 * time.Hour

// checkBackup verifies the seal of the copy at path, opens it as a server would and prepares it
// for use.
func checkBackup(ctx context.Context, path string, replaced map[string]int64, progress Progress) error {
	if err := checkSeal(ctx, path, progress); err != nil {
		return err
	}
	s, err := Open(ctx, path, time.Now)
	if err != nil {
		return err
	}
	var differences []string
	if err = s.CheckInvariants(ctx); err != nil {
		err = notary.Errorf(notary.Invalid, "the backup is not whole: %v", err)
	} else if differences, err = s.schemaDifferences(ctx); err == nil && len(differences) > 0 {
		err = notary.Errorf(notary.Invalid, "the schema of the backup is not the one that notary creates: %s. "+
			"Restore a backup from before that change", strings.Join(differences, "; "))
	} else if err == nil {
		err = s.Write(ctx, func(tx *Tx) error { return tx.beginAfterRestore(replaced) })
	}
	return errors.Join(err, s.Close())
}

// beginAfterRestore breaks the seal, ends all sessions, as some may have been ended since the
// backup, and raises the CRL numbers above those of the replaced database, given by CSR.
func (tx *Tx) beginAfterRestore(replaced map[string]int64) error {
	if _, err := tx.exec(`DELETE FROM agreement WHERE name = $1`, sealed); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM session WHERE expires_at > 0`); err != nil {
		return err
	}
	for csr, number := range replaced {
		_, err := tx.exec(`UPDATE authority SET crl_number = $1 WHERE csr = $2 AND crl_number < $1`, number, csr)
		if err != nil {
			return err
		}
	}
	_, err := tx.exec(`UPDATE authority SET crl_base = crl_base + $1`, clockError.Microseconds())
	return err
}

// crlNumbers returns the last CRL number of every authority in the file at path, by CSR. A
// database that cannot be read has none: it may be damaged, and be replaced for that reason.
func crlNumbers(ctx context.Context, path string) map[string]int64 {
	numbers := map[string]int64{}
	_ = onFile(ctx, path, "?_pragma=busy_timeout(5000)&_pragma=query_only(1)", func(conn *sql.Conn) error {
		_, err := collect(ctx, reader{q: unprepared{conn}}, func(row row) (none struct{}, err error) {
			var csr string
			var number int64
			err = row.Scan(&csr, &number)
			numbers[csr] = max(numbers[csr], number)
			return none, err
		}, `SELECT csr, crl_number FROM authority`)
		return err
	})
	return numbers
}

// setAside gives a database that no server uses a second name, under which it is kept; "" where
// there is none. What lies beside it and is not in it yet (of one that is damaged, or was
// removed without that) goes along: it would be taken for a part of the next one.
func setAside(ctx context.Context, path string) (kept string, err error) {
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
	// With a link there is a database at every moment, whatever happens before the new one is
	// in its place. Not every file system has them.
	if err := os.Link(path, kept); err != nil {
		return kept, moveInto(path, kept)
	}
	return kept, nil
}

// isCorrupt reports whether SQLite found the file to be damaged.
func isCorrupt(err error) bool {
	var fault *sqlite.Error
	return errors.As(err, &fault) && slices.Contains([]int{sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}, fault.Code()&0xff)
}

// mergeLog brings what the log of a database holds into the file. One that is damaged stays as
// it is.
func mergeLog(ctx context.Context, path string) error {
	db, err := connectSQLite(path, 1, "")
	if err != nil {
		return err
	}
	defer db.Close()
	var busy, pages, merged int
	err = db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &merged)
	switch {
	case isCorrupt(err):
		return nil
	case err != nil:
		return fmt.Errorf("could not close the database that is there: %w", err)
	case busy != 0:
		return notary.Errorf(notary.Unavailable, "another program is reading the database %s, such as a backup: try again when it has ended", path)
	}
	return nil
}
