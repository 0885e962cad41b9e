package archive

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
)

// Restore replaces the SQLite database at path with a backup. No server may be running. Restore first verifies the
// digest of a copy, migrates it, and verifies its invariants and schema.
//
// If the database exists, Restore returns a [notary.Conflict] error unless replace is set. A replaced database is kept
// next to the new one under the returned name.
func Restore(ctx context.Context, backup, path string, replace bool, progress Progress) (kept string, err error) {
	lock, err := db.LockFile(path)
	if err != nil {
		return "", err
	}
	defer lock.Unlock()
	_, statErr := os.Lstat(path)
	if statErr == nil && !replace {
		return "", notary.Errorf(notary.Conflict,
			"the database %s already exists: restore to another data folder, or replace it with --replace", path)
	}
	part := path + ".restoring"
	defer db.RemoveFile(part)
	db.RemoveFile(part)
	if err := db.CreatePrivate(part); err != nil {
		return "", err
	}
	if err := store.DatabaseSchema.CopyFile(ctx, backup, part); err != nil {
		return "", err
	}
	var replaced map[string]int64
	if statErr == nil {
		replaced = crlNumbers(ctx, path)
	}
	if err := checkBackup(ctx, part, backup, replaced, progress); err != nil {
		return "", err
	}
	if kept, err = db.SetAside(ctx, path); err != nil {
		return "", err
	}
	return kept, db.MoveFile(part, path)
}

// clockError is the margin by which a restore raises CRL numbers above the clock. CRLs published after the backup may
// have been numbered by a clock that was ahead.
const clockError = 24 * time.Hour

// checkBackup verifies the seal of the copy at path, migrates it, verifies its invariants and schema, and prepares it
// for use. The argument file is the name of the backup.
func checkBackup(ctx context.Context, path, file string, replaced map[string]int64, progress Progress) error {
	digest, err := checkSeal(ctx, path, progress)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, path, time.Now)
	if err != nil {
		return err
	}
	var differences []string
	if err = CheckInvariants(ctx, s); err != nil {
		err = notary.Errorf(notary.Invalid, "the backup is not intact: %v", err)
	} else if differences, err = s.DB().SchemaDifferences(ctx); err == nil && len(differences) > 0 {
		err = notary.Errorf(notary.Invalid, "the schema of the backup differs from the one that notary creates: %s. "+
			"Restore a backup from before that change", strings.Join(differences, "; "))
	} else if err == nil {
		err = s.DB().Write(ctx, func(tx *db.Tx) error { return beginAfterRestore(tx, replaced) })
	}
	if err == nil {
		err = s.Write(ctx, func(tx *store.Tx) error {
			return tx.Event(databaseEvent("database.restore", digest, file))
		})
	}
	return errors.Join(err, s.Close())
}

// beginAfterRestore removes the seal and ends all sessions, because some may have been ended since the backup. It
// raises each CRL number to at least the one in the replaced database (see [crlNumbers]), and crl_base by [clockError].
func beginAfterRestore(tx *db.Tx, replaced map[string]int64) error {
	if _, err := tx.Exec(`DELETE FROM agreement WHERE name = $1`, store.BackupDigest); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM session WHERE expires_at > 0`); err != nil {
		return err
	}
	for identity, number := range replaced {
		_, err := tx.Exec(`UPDATE authority SET crl_number = $1 WHERE crl_number < $1 AND (csr = $2
			OR csr = '' AND certificate_id = (SELECT id FROM certificate WHERE fingerprint = $2))`, number, identity)
		if err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE authority SET crl_base = crl_base + $1`, clockError.Microseconds())
	return err
}

// crlNumbers returns the last CRL number of every authority in the file at path. The keys are the authorities' CSRs or,
// for authorities without one, certificate fingerprints. If the database is unreadable, the result is empty.
func crlNumbers(ctx context.Context, path string) map[string]int64 {
	numbers := map[string]int64{}
	_ = db.OnFile(ctx, path, db.ReadFile, func(conn *sql.Conn) error {
		_, err := db.Collect(ctx, db.OnConn(conn), func(row db.Row) (none struct{}, err error) {
			var identity string
			var number int64
			err = row.Scan(&identity, &number)
			numbers[identity] = max(numbers[identity], number)
			return none, err
		}, `SELECT COALESCE(NULLIF(a.csr, ''), k.fingerprint, ''), a.crl_number
			FROM authority a LEFT JOIN certificate k ON k.id = a.certificate_id`)
		return err
	})
	return numbers
}
