// Package archive handles whole databases: backups, restores, copies between engines, digests and checks. It reads
// every table, using package store for the rows whose content it checks.
package archive

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
)

// Backup copies the SQLite database at path, which a server may be using, to a new file: a consistent snapshot of
// everything acknowledged before the call. It blocks no writer. If [Check] finds damage, Backup deletes the copy and
// returns an error. The copy contains its own digest, which Backup returns and [Restore] verifies.
func Backup(ctx context.Context, path, to string, checks Checks, progress Progress) (digest string, err error) {
	if _, err := os.Stat(path); err != nil {
		return "", notary.Errorf(notary.NotFound, "there is no database %s to back up", path)
	}
	if _, err := os.Lstat(to); err == nil {
		return "", notary.Errorf(notary.Conflict, "%s already exists: choose another file for the backup", to)
	}
	part := to + ".part"
	db.RemoveFile(part) // left by an interrupted backup
	defer db.RemoveFile(part)
	if err := db.CreatePrivate(part); err != nil {
		return "", err
	}
	if err := store.DatabaseSchema.CopyFile(ctx, path, part); err != nil {
		return "", err
	}
	if err := checkCopy(ctx, part, checks, progress); err != nil {
		return "", err
	}
	if digest, err = seal(ctx, part, progress); err != nil {
		return "", err
	}
	return digest, db.MoveFile(part, to)
}

func databaseEvent(action, digest, file string) notary.Event {
	return notary.EventBy(notary.SystemCaller, action, notary.NewRef("database", 0, "")).
		Set(notary.Fields{"sha256": digest, "file": filepath.Base(file)})
}

// RecordBackup adds a backup event to the database's audit log. It does nothing if the schema does not have this
// program's version. A server may be using the database.
func RecordBackup(ctx context.Context, path, to, digest string) error {
	status, err := store.Schema(ctx, path)
	if err != nil || status.Current != status.Newest {
		return err
	}
	return store.RecordOnFile(ctx, path, databaseEvent("database.backup", digest, to), time.Now())
}

// checkCopy returns an error if a copy is damaged. If the schema does not have this program's version, it checks only
// the file.
func checkCopy(ctx context.Context, path string, checks Checks, progress Progress) error {
	var found []Damage
	report := func(d Damage) { found = append(found, d) }
	status, err := store.Schema(ctx, path)
	if db.Corrupt(err) || err == nil && status.Current == status.Newest {
		err = CheckDatabase(ctx, path, checks, progress, report)
	} else if err == nil {
		var damage []error
		damage, err = db.CheckFile(ctx, path)
		for _, d := range damage {
			report(Damage{DamagedFile, d.Error()})
		}
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

// seal computes the digest of a copy and stores it in the copy.
func seal(ctx context.Context, path string, progress Progress) (digest string, err error) {
	err = db.OnFile(ctx, path, db.WriteFile, func(conn *sql.Conn) error {
		if digest, err = fileDigest(ctx, conn, progress); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO agreement (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, store.BackupDigest, digest)
		return db.MapError(err)
	})
	return digest, err
}

// checkSeal verifies the digest stored in a copy and returns it. It does not migrate the schema.
func checkSeal(ctx context.Context, path string, progress Progress) (digest string, err error) {
	err = db.OnFile(ctx, path, db.ReadClosedFile, func(conn *sql.Conn) error {
		digest, err = checkSealOn(ctx, conn, progress)
		return err
	})
	return digest, err
}

func checkSealOn(ctx context.Context, conn *sql.Conn, progress Progress) (digest string, err error) {
	want, err := db.Agreed(ctx, db.OnConn(conn), store.BackupDigest)
	if err != nil {
		return "", err
	}
	if want == "" {
		return "", notary.Errorf(notary.Invalid, "this is not a backup made by notary: it has no digest")
	}
	got, err := fileDigest(ctx, conn, progress)
	if err == nil && got != want {
		err = notary.Errorf(notary.Invalid,
			"the backup is damaged: its digest is %.16s…, but %.16s… was recorded", got, want)
	}
	return want, err
}

func fileDigest(ctx context.Context, conn *sql.Conn, progress Progress) (string, error) {
	q := db.OnConn(conn)
	names, err := db.Collect(ctx, q, db.Scan[string], `SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name`)
	if err != nil {
		return "", err
	}
	var all []store.Table
	for _, name := range names {
		columns, err := db.Collect(ctx, q, db.Scan[string],
			`SELECT '"' || name || '"' FROM pragma_table_info($1) ORDER BY cid`, name)
		if err != nil {
			return "", err
		}
		t := store.Table{Name: name, Columns: columns}
		if name == "agreement" {
			t.From = "(SELECT * FROM agreement WHERE name <> '" + store.BackupDigest + "') t"
		}
		all = append(all, t)
	}
	return digestOf(ctx, conn, all, progress)
}
