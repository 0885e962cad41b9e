package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// $n must be the nth argument on SQLite and PostgreSQL, in whatever order and however often the numbers occur.
func TestParametersAreBoundByNumber(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, tt := range []struct{ text, want string }{
		{`SELECT $1 || '-' || $2 || '-' || $3`, "a-b-c"},
		{`SELECT $3 || '-' || $1 || '-' || $2`, "c-a-b"},
		{`SELECT $2 || '-' || $1 || '-' || $2 || '-' || $3`, "b-a-b-c"},
	} {
		got, err := store.QueryText(t.Context(), s, tt.text, "a", "b", "c")
		testkit.Check(t, err)
		if got != tt.want {
			t.Errorf("reading, %s gives %q, want %q", tt.text, got, tt.want)
		}
		write(t, s, func(tx *store.Tx) error {
			got, err = store.QueryTextTx(tx, tt.text, "a", "b", "c")
			return err
		})
		if got != tt.want {
			t.Errorf("writing, %s gives %q, want %q", tt.text, got, tt.want)
		}
	}
}

// The driver's URL must not interpret any character of a file name.
func TestSQLiteFileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"notary.db", "a b.db", "a?mode=memory.db", "100%.db", "%20.db", "a#b.db", "bücher-証明書.db",
		"a&b=c;d.db", `a'b"c.db`, "a+b.db", "a:b.db", "-.db", "no-extension",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, name)
			s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
			testkit.Check(t, err)
			write(t, s, func(tx *store.Tx) error {
				_, err := insertAccount(tx, notary.Admin, 1, true)
				return err
			})
			testkit.Check(t, s.Close())

			s, err = store.Open(t.Context(), path, time.Now, testkit.Patient...)
			testkit.Check(t, err)
			if some, err := s.HasAccounts(t.Context()); err != nil || !some {
				t.Errorf("after opening it again there is no account (%v)", err)
			}
			testkit.Check(t, s.Close())
			if diff := cmp.Diff([]string{name, name + ".lock"}, files(t, folder)); diff != "" {
				t.Errorf("files that are there (-want +got):\n%s", diff)
			}
		})
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	testkit.Check(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Only the owner can read the database, even while it is in use.
func TestSQLiteFileModes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notary.db")
	s, _ := openAt(t, path)
	newRequest(t, s, 1, 1)
	want := []string{"notary.db", "notary.db-shm", "notary.db-wal", "notary.db.lock"}
	if diff := cmp.Diff(want, files(t, filepath.Dir(path))); diff != "" {
		t.Errorf("files in use (-want +got):\n%s", diff)
	}
	for _, name := range want {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		testkit.Check(t, err)
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, want -rw-------", name, info.Mode())
		}
	}
}

func TestSQLiteOpenTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notary.db")
	s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	_, err = store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "another server uses the database notary.db", "stop it first")
	newRequest(t, s, 1, 1) // the first store still works

	testkit.Check(t, s.Close())
	again, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	t.Cleanup(func() { testkit.Check(t, again.Close()) })
	getRequest(t, again, 1)
}

// A file that is not a notary database is refused with an explanation and left unchanged.
func TestSQLiteOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		want []string
	}{
		{"a newer database", func(t *testing.T, path string) {
			s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
			testkit.Check(t, err)
			testkit.Check(t, s.Close())
			_, err = testkit.SQL(t, path).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
			testkit.Check(t, err)
		}, []string{"notary.db", "version 99", "run the newer program"}},
		{"something else", func(t *testing.T, path string) {
			testkit.Check(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
		}, []string{"notary.db", "is this a notary database?"}},
		{"a folder", func(t *testing.T, path string) {
			testkit.Check(t, os.Mkdir(path, 0o700))
		}, []string{"could not open the database", "notary.db", "is a directory"}},
		{"another program's database", func(t *testing.T, path string) {
			db := testkit.SQL(t, path)
			_, err := db.Exec(`CREATE TABLE goose_db_version (id INTEGER)`)
			testkit.Check(t, err)
			testkit.Check(t, db.Close())
		}, []string{"notary.db", "belongs to another program"}},
		{"a folder that is a file", func(t *testing.T, path string) {
			testkit.Check(t, os.Remove(filepath.Dir(path)))
			testkit.Check(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, []string{"could not lock", "notary.db", "not a directory"}},
		{"a folder that is not there", func(t *testing.T, path string) {
			testkit.Check(t, os.Remove(filepath.Dir(path)))
		}, []string{"could not lock", "notary.db", "no such file or directory"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "data")
			testkit.Check(t, os.Mkdir(folder, 0o700))
			path := filepath.Join(folder, "notary.db")
			tt.make(t, path)
			before, _ := os.ReadFile(path)

			s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
			if err == nil {
				s.Close()
				t.Fatal("the database was opened")
			}
			testkit.WantText(t, err, tt.want...)
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
			// The lock is released: once the cause is fixed, the next start succeeds.
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				testkit.Check(t, os.Remove(path))
				s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
				testkit.Check(t, err)
				testkit.Check(t, s.Close())
			}
		})
	}
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Signed(t, w.Caller(notary.CertificateRequestor), root)
	before, err := w.Store.Request(t.Context(), id)
	testkit.Check(t, err)
	w.Reopen(t)
	after, err := w.Store.Request(t.Context(), id)
	testkit.Check(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the request after a restart (-before +after):\n%s", diff)
	}
}

func TestSQLiteClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notary.db")
	s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	newRequest(t, s, 1, 1)
	getRequest(t, s, 1)
	testkit.Check(t, s.Close())

	err = s.Write(t.Context(), func(*store.Tx) error {
		t.Error("a write ran after Close")
		return nil
	})
	testkit.WantKind(t, err, notary.Unavailable)
	testkit.WantText(t, err, "stopping", "nothing was changed")
	if _, err := s.Request(t.Context(), 1); err == nil || notary.KindOf(err) == notary.NotFound {
		t.Errorf("a read after Close returns %v", err)
	}
	testkit.Check(t, s.Close()) // a repeated Close is harmless
	if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the write-ahead log was left behind (%v)", err)
	}
}
