package testkit

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"notary/internal/db"
	"notary/internal/keystore"
	"notary/internal/store"
)

//go:embed testdata/released/*/*.gz testdata/released/*/seal.key
var released embed.FS

// Released is a database that a released version of Notary created, on the engine under test. It contains a few objects
// of every kind, and has not been upgraded yet.
type Released struct {
	Database string
	Clock    *Clock // at the database's last event

	folder string
}

// EachReleased runs fn in a parallel subtest for each released schema.
func EachReleased(t *testing.T, fn func(t *testing.T, r *Released)) {
	t.Helper()
	folders, err := fs.Glob(released, "testdata/released/*")
	Check(t, err)
	if len(folders) == 0 {
		t.Fatal("no released database is embedded")
	}
	for _, folder := range folders {
		t.Run(path.Base(folder), func(t *testing.T) {
			t.Parallel()
			fn(t, newReleased(t, folder))
		})
	}
}

func newReleased(t testing.TB, folder string) *Released {
	t.Helper()
	r := &Released{Database: Database(t), Clock: NewClock(), folder: folder}
	if OnPostgres() {
		r.loadDump(t)
	} else {
		Check(t, os.WriteFile(r.Database, r.unpack(t, "sqlite.db.gz"), 0o600))
	}
	db := openSQL(t, r.Database)
	defer db.Close()
	var last int64
	Check(t, db.QueryRow(`SELECT MAX(at) FROM event`).Scan(&last))
	r.Clock.Advance(time.Unix(last, 0).Sub(r.Clock.Now()))
	return r
}

// SchemaUpTo returns the schema of an earlier release, which has only the migrations up to version.
func SchemaUpTo(t testing.TB, version int64) db.Schema {
	t.Helper()
	schema, files := store.DatabaseSchema, fstest.MapFS{}
	for _, engine := range []string{"sqlite", "postgres"} {
		names, err := fs.Glob(schema.Migrations, engine+"/*.sql")
		Check(t, err)
		for _, name := range names {
			number, err := strconv.ParseInt(path.Base(name)[:5], 10, 64)
			Check(t, err)
			if number <= version {
				text, err := fs.ReadFile(schema.Migrations, name)
				Check(t, err)
				files[name] = &fstest.MapFile{Data: text}
			}
		}
	}
	schema.Migrations = files
	return schema
}

var psqlCommand = regexp.MustCompile(`(?m)^\\.*$`)

func (r *Released) loadDump(t testing.TB) {
	t.Helper()
	db := openSQL(t, r.Database)
	defer db.Close()
	_, err := db.Exec(string(psqlCommand.ReplaceAll(r.unpack(t, "postgres.sql.gz"), nil)))
	Check(t, err)
}

func (r *Released) unpack(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := released.ReadFile(path.Join(r.folder, name))
	Check(t, err)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	Check(t, err)
	content, err := io.ReadAll(z)
	Check(t, err)
	return content
}

// World starts a service on the database, which upgrades it. The test fails if the database is inconsistent at its end.
func (r *Released) World(t testing.TB) *World {
	t.Helper()
	w := worldAt(t, r.Database, r.Clock, r.keystore(t), true)
	accounts, err := w.Store.Accounts(t.Context())
	Check(t, err)
	for _, a := range accounts {
		caller := a.Caller()
		caller.Address = "192.0.2.1"
		w.callers[a.Role] = caller
	}
	return w
}

func (r *Released) keystore(t testing.TB) keystore.Keys {
	t.Helper()
	content, err := released.ReadFile(path.Join(r.folder, "seal.key"))
	Check(t, err)
	file := filepath.Join(t.TempDir(), "seal.key")
	Check(t, os.WriteFile(file, content, 0o600))
	keys, err := keystore.FromFile(file)
	Check(t, err)
	return keys
}
