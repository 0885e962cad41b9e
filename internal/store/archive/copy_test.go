package archive_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/store/storetest"
	"notary/internal/testkit"
)

// A copy from SQLite to PostgreSQL and back is identical row by row, and remains usable.
func TestCopyBetweenEngines(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := storetest.Reopen(t, storetest.WholeDatabase(t))
	testkit.Check(t, first.Fill(t.Context(), storetest.Lives([]int64{1, 2}, time.Now(),
		1_500))) // with more names than are inserted at once
	want, err := archive.Digest(t.Context(), first, nil)
	testkit.Check(t, err)

	from := first
	for _, to := range []string{testkit.Postgres(t), filepath.Join(folder, "again.db"), testkit.Postgres(t)} {
		s := storetest.Reopen(t, to)
		rows := map[string]int64{}
		read, err := archive.Copy(t.Context(), from, s, func(table string, n, of int64) { rows[table] = n })
		testkit.Check(t, err)
		written, err := archive.Digest(t.Context(), s, nil)
		testkit.Check(t, err)
		if read != want || written != want {
			t.Errorf("the digest of what was read is %s, of the copy %s, want %s", read, written, want)
		}
		testkit.Check(t, archive.CheckInvariants(t.Context(), s))
		if rows["request"] < 1_500 || rows["event"] == 0 {
			t.Errorf("progress reported %v rows", rows)
		}
		from = s
	}
	// Ids continue after the copied ones.
	before, err := from.Summary(t.Context(), time.Now())
	testkit.Check(t, err)
	req := storetest.NewRequest(t, from, 1, 99)
	if req.ID <= 1_500 {
		t.Errorf("a new request has the id %d", req.ID)
	}
	after, err := from.Summary(t.Context(), time.Now())
	testkit.Check(t, err)
	before.Requests[notary.Outstanding]++
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the counts after one more request (-want +got):\n%s", diff)
	}
}

// A copy has every column of every table except the leases and the migrations' records.
func TestCopyHasEveryColumn(t *testing.T) {
	t.Parallel()
	want := testkit.Columns(t, storetest.WholeDatabase(t))
	maps.DeleteFunc(want, func(table string, _ []string) bool {
		return slices.Contains([]string{"lease", "goose_db_version", "schema_compatibility"}, table)
	})
	byName := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(want, archive.CopiedColumns(), byName); diff != "" {
		t.Errorf("the columns of a copy (-want +got):\n%s", diff)
	}
}

func TestCopyIntoNonEmptyDatabase(t *testing.T) {
	t.Parallel()
	from, to := storetest.Reopen(t, storetest.WholeDatabase(t)), storetest.Reopen(t, testkit.Database(t))
	storetest.NewRequest(t, to, 1, 1)
	before, err := archive.Digest(t.Context(), to, nil)
	testkit.Check(t, err)
	_, err = archive.Copy(t.Context(), from, to, nil)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "not empty", "use a new one")
	after, err := archive.Digest(t.Context(), to, nil)
	testkit.Check(t, err)
	if before != after {
		t.Error("the existing database has changed")
	}
}

// What belonged to a deleted account must not become that of a new one, in a copy either.
func TestCopyKeepsIDsOfDeletedAccounts(t *testing.T) {
	t.Parallel()
	from, to := storetest.Reopen(t, storetest.WholeDatabase(t)), storetest.Reopen(t, testkit.Database(t))
	insert := func(s *store.Store, email string) (a *notary.Account) {
		storetest.Write(t, s, func(tx *store.Tx) (err error) {
			a = &notary.Account{Email: email, Role: notary.ReadOnly}
			if a.ID, err = tx.InsertAccount(a, "a hash", false); err != nil {
				return err
			}
			return storetest.Creation(tx, "account", a.ID)
		})
		return a
	}
	last := insert(from, "former@example.com")
	storetest.Write(t, from, func(tx *store.Tx) error { return tx.DeleteAccount(last) })
	_, err := archive.Copy(t.Context(), from, to, nil)
	testkit.Check(t, err)
	if next := insert(to, "new@example.com"); next.ID <= last.ID {
		t.Errorf("the new account has id %d, although a deleted one had %d", next.ID, last.ID)
	}
}

// Every change changes the digest.
func TestDigest(t *testing.T) {
	t.Parallel()
	whole := storetest.WholeDatabase(t)
	digest := func(change string) string {
		t.Helper()
		path := storetest.CopyOf(t, whole)
		db := testkit.SQL(t, path)
		_, err := db.Exec(change)
		testkit.Check(t, err)
		testkit.Check(t, db.Close())
		sum, err := archive.Digest(t.Context(), storetest.Reopen(t, path), nil)
		testkit.Check(t, err)
		return sum
	}
	same := digest(`SELECT 1`)
	seen := map[string]string{same: "nothing"}
	for _, change := range []string{
		`UPDATE password SET hash = hash || ' '`, `DELETE FROM event WHERE id = 1`,
		`UPDATE request SET updated_at = updated_at + 1`,
		`UPDATE certificate_der SET der = der || x'00'`, `UPDATE authority SET sealed_key = x'00'`,
		`UPDATE counter SET value = value + 1`,
		`DELETE FROM request_name WHERE name LIKE '=%'`, `INSERT INTO agreement VALUES ('a', 'b')`,
		`UPDATE certificate SET request_id = NULL`,
	} {
		sum := digest(change)
		if other, ok := seen[sum]; ok {
			t.Errorf("%s gives the same digest as %s", change, other)
		}
		seen[sum] = change
	}
	if digest(`INSERT INTO lease VALUES ('a', 'b', 1)`) != same || digest(`VACUUM`) != same {
		t.Error("the digest depends on more than the content")
	}
}

// A backup made during writes holds everything acknowledged before it began.
func TestSQLiteBackupWhileOthersWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, file := filepath.Join(folder, "notary.db"), filepath.Join(folder, "backup.db")
	s, _ := storetest.OpenAt(t, path)
	var mu sync.Mutex
	var acknowledged []int64
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for requester := range int64(4) {
		writing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := storetest.NewRequest(t, s, requester+1, n).ID
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			}
		})
	}
	for enough := false; !enough; {
		mu.Lock()
		enough = len(acknowledged) > 200
		mu.Unlock()
	}
	mu.Lock()
	before := len(acknowledged)
	mu.Unlock()
	_, err := archive.Backup(t.Context(), path, file, archive.Checks{}, nil)
	close(stop)
	writing.Wait()
	testkit.Check(t, err)
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup has mode %v (%v), want -rw-------", info.Mode(), err)
	}

	testkit.Check(t, os.Chmod(file, 0o644)) // the mode of the backup does not matter
	restored := filepath.Join(t.TempDir(), "notary.db")
	kept, err := archive.Restore(t.Context(), file, restored, false, nil)
	testkit.Check(t, err)
	if kept != "" {
		t.Errorf("a database was kept as %s", kept)
	}
	if info, err := os.Stat(restored); err != nil || info.Mode() != 0o600 {
		t.Errorf("the restored database has mode %v (%v), want -rw-------", info.Mode(), err)
	}
	again := storetest.Reopen(t, restored)
	testkit.Check(t, archive.CheckInvariants(t.Context(), again))
	for _, id := range acknowledged[:before] {
		if _, err := again.Request(t.Context(), id); err != nil {
			t.Errorf("request %d was acknowledged before the backup: %v", id, err)
		}
	}
}

func TestSQLiteRestoreRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, file := storetest.WholeDatabase(t), filepath.Join(folder, "backup.db")
	_, err := archive.Backup(t.Context(), path, file, archive.Checks{}, nil)
	testkit.Check(t, err)
	_, err = archive.Backup(t.Context(), path, file, archive.Checks{}, nil)
	testkit.WantKind(t, err, notary.Conflict)
	_, err = archive.Backup(t.Context(), filepath.Join(folder, "nothing.db"), file+"2", archive.Checks{}, nil)
	testkit.WantKind(t, err, notary.NotFound)

	target := filepath.Join(folder, "notary.db")
	refused := func(name, from string, replace bool, words ...string) {
		t.Helper()
		before, _ := os.ReadFile(target)
		_, err := archive.Restore(t.Context(), from, target, replace, nil)
		if err == nil {
			t.Errorf("%s was restored", name)
			return
		}
		testkit.WantText(t, err, words...)
		if after, _ := os.ReadFile(target); string(before) != string(after) {
			t.Errorf("%s: the existing database has changed", name)
		}
	}
	damaged := func(change string) string {
		path := storetest.CopyOf(t, file)
		db := testkit.SQL(t, path)
		_, err := db.Exec(change)
		testkit.Check(t, err)
		testkit.Check(t, db.Close())
		return path
	}
	refused("a changed backup", damaged(`UPDATE request SET email = 'x'`), false, "the backup is damaged")
	refused("a database without its digest", path, false, "not a backup made by notary")
	broken := filepath.Join(folder, "broken.db")
	testkit.Check(t, os.WriteFile(broken, []byte("no database, but as long as one should be"), 0o600))
	refused("something else", broken, false)
	if _, err := os.Stat(target); !os.IsNotExist(err) {
		t.Errorf("a refused restore left a database (%v)", err)
	}

	_, err = archive.Restore(t.Context(), file, target, false, nil)
	testkit.Check(t, err)
	want := digestAt(t, target)
	refused("a second one", file, false, "already")
	refused("a changed backup in its place", damaged(`UPDATE request SET email = 'x'`), true, "damaged")
	kept, err := archive.Restore(t.Context(), file, target, true, nil)
	testkit.Check(t, err)
	for _, path := range []string{kept, target} {
		if got := digestAt(t, path); got != want {
			t.Errorf("%s has the digest %s, want %s", path, got, want)
		}
	}
	storetest.Reopen(t, target)
	refused("one whose server runs", file, true, "another server uses the database")
}

// digestAt returns the digest of a database without its restore events, whose times vary.
func digestAt(t *testing.T, path string) string {
	t.Helper()
	path = storetest.CopyOf(t, path)
	_, err := testkit.SQL(t, path).Exec(`DELETE FROM event WHERE action = 'database.restore'`)
	testkit.Check(t, err)
	s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	digest, err := archive.Digest(t.Context(), s, nil)
	testkit.Check(t, err)
	testkit.Check(t, s.Close())
	return digest
}

// A restore ends all sessions, and the next CRL has a higher number than any since the backup.
func TestSQLiteRestoreAfterLaterChanges(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, file, target := filepath.Join(folder, "notary.db"), filepath.Join(folder, "backup.db"),
		filepath.Join(folder, "new.db")
	s, clock := storetest.OpenAt(t, path)
	a, account := storetest.NewAuthority(t, s), storetest.NewAccount(t, s, notary.Admin, 1)
	storetest.Write(t, s, func(tx *store.Tx) error {
		_, err := tx.InsertSession(&notary.Session{AccountID: account.ID, ExpiresAt: clock.Now().Add(time.Hour)},
			[]byte("token"))
		return err
	})
	_, err := archive.Backup(t.Context(), path, file, archive.Checks{}, nil)
	testkit.Check(t, err)
	next := func(s *store.Store) (number int64) {
		storetest.Write(t, s, func(tx *store.Tx) (err error) {
			number, err = tx.NextCRLNumber(a.ID, 0, 0, 0)
			return err
		})
		return number
	}
	var last int64
	for range 5 {
		last = next(s)
	}
	_, err = archive.Restore(t.Context(), file, target, false, nil)
	testkit.Check(t, err)
	restored := storetest.Reopen(t, target)
	if n := next(restored); n <= last {
		t.Errorf("after the restore a CRL has the number %d, before it one had %d", n, last)
	}
	if who, _, err := restored.SessionAccount(t.Context(), []byte("token"), clock.Now()); who != nil || err != nil {
		t.Errorf("after the restore %v is logged in (%v)", who, err)
	}
}

// A backup with another schema is not restored, even if its digest matches.
func TestRestoreComparesTheSchema(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ change, text string }{
		{`DROP INDEX request_email`, "index request_email is missing"},
		{`CREATE TRIGGER thief AFTER INSERT ON account BEGIN DELETE FROM event; END`, "trigger thief is unexpected"},
		{`CREATE VIEW spy AS SELECT email FROM account`, "view spy is unexpected"},
		{`CREATE TABLE other (id INTEGER)`, "table other is unexpected"},
	} {
		folder := t.TempDir()
		path, file, database := filepath.Join(folder, "old.db"), filepath.Join(folder, "backup.db"),
			filepath.Join(folder, "notary.db")
		testkit.Check(t, archive.CheckInvariants(t.Context(), storetest.Reopen(t, path)))
		db := testkit.SQL(t, path)
		_, err := db.Exec(tt.change)
		testkit.Check(t, err)
		_, err = archive.Backup(t.Context(), path, file, archive.Checks{}, nil)
		testkit.WantText(t, err, "damaged", tt.text)

		// A backup by a version that did not check.
		testkit.Check(t, archive.BackupUnchecked(t.Context(), path, file))
		_, err = archive.Restore(t.Context(), file, database, false, nil)
		testkit.WantText(t, err, tt.text)
		if _, err := os.Stat(database); !os.IsNotExist(err) {
			t.Errorf("the backup was restored (%v)", err)
		}
	}
}
