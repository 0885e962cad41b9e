package ca_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// ledger records what relying parties have seen of an authority's CRLs: the highest number, and the contents by number.
type ledger struct {
	highest int64
	seen    map[int64][]byte
}

// fetch downloads the authority's full CRL and that of a shard. A new CRL must have a higher number.
func (l *ledger) fetch(t *testing.T, w *testkit.World, id int64) {
	t.Helper()
	full, err := w.Revocation.CRL(t.Context(), id)
	testkit.Check(t, err)
	published, err := w.Revocation.PublishedCRL(t.Context(), id, 0)
	testkit.Check(t, err)
	shard, err := w.Revocation.PublishedCRL(t.Context(), id, 1)
	testkit.Check(t, err)
	for _, crl := range []*notary.CRL{full, published, shard} {
		known := l.seen[crl.Number]
		switch {
		case known == nil && crl.Number <= l.highest:
			t.Errorf("after the number %d a list with the number %d is published", l.highest, crl.Number)
		case known != nil && !bytes.Equal(known, crl.DER):
			t.Errorf("two lists have the number %d", crl.Number)
		}
		l.seen[crl.Number] = crl.DER
		l.highest = max(l.highest, crl.Number)
	}
}

func sharded(t *testing.T, w *testkit.World) (id int64, requests []int64) {
	t.Helper()
	id, shards := w.Root(t, notary.ECDSAP256), 2
	testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), id, ca.PublicationChange{Shards: &shards}))
	for first := false; len(requests) < 10 || !first; {
		requests = append(requests, w.Signed(t, w.Admin(), id))
		first = first || request(t, w, requests[len(requests)-1]).Certificate.Shard == 1
	}
	return id, requests
}

// After a restore the next CRL has a higher number than all published ones, even if a backup is restored twice (RFC
// 5280, section 5.2.3).
func TestCRLNumberAfterARestore(t *testing.T) {
	t.Parallel()
	databases := []string{testkit.Database(t), testkit.Database(t), testkit.Database(t)} // dropped after w is closed
	w := testkit.New(t)
	root, requests := sharded(t, w)
	lists := ledger{seen: map[int64][]byte{}}
	revoke := func(n int) {
		t.Helper()
		for _, id := range requests[:n] {
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
			w.Clock.Advance(time.Millisecond)
			lists.fetch(t, w, root)
		}
	}
	revoke(1)
	requests = requests[1:]
	restore := backUp(t, w)
	for _, database := range databases {
		revoke(4)
		w.Clock.Advance(time.Millisecond)
		restore(database)
		lists.fetch(t, w, root)
	}
	revoke(4)
	w.Clock.Advance(time.Hour)
	lists.fetch(t, w, root)
}

// backUp backs up the database as in docs/operations.md and returns a function that restores it: into another
// database on PostgreSQL, in place on SQLite.
func backUp(t *testing.T, w *testkit.World) (restore func(database string)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	if testkit.OnPostgres() {
		testkit.PostgresProgram(t, "pg_dump", "--format=custom", "--file="+file, w.Database)
		return func(database string) {
			testkit.PostgresProgram(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+database, file)
			w.Replace(t, database, func() {})
		}
	}
	_, err := archive.Backup(t.Context(), w.Database, file, archive.Checks{}, nil)
	testkit.Check(t, err)
	return func(string) {
		w.Replace(t, w.Database, func() {
			_, err := archive.Restore(t.Context(), file, w.Database, true, nil)
			testkit.Check(t, err)
		})
	}
}

func TestCRLNumberAfterACopy(t *testing.T) {
	t.Parallel()
	databases := []string{testkit.Database(t), testkit.Database(t)} // dropped after w is closed
	w := testkit.New(t)
	root, _ := sharded(t, w)
	lists := ledger{seen: map[int64][]byte{}}
	lists.fetch(t, w, root)
	for _, database := range databases {
		from := w.Store
		to, err := store.Open(t.Context(), database, w.Clock.Now, testkit.Patient...)
		testkit.Check(t, err)
		_, err = archive.Copy(t.Context(), from, to, nil)
		testkit.Check(t, err)
		testkit.Check(t, to.Close())
		w.Replace(t, database, func() {})
		w.Clock.Advance(time.Hour)
		lists.fetch(t, w, root)
	}
}

// A restore while the service runs drops cached CRLs and OCSP responses.
func TestRestoreUnderARunningService(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, requests := sharded(t, w)
	lists := ledger{seen: map[int64][]byte{}}
	lists.fetch(t, w, root)
	w.Exec(t, `CREATE TABLE saved_crl AS SELECT * FROM crl`)
	w.Exec(t, `CREATE TABLE saved_number AS SELECT id, crl_number FROM authority`)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), requests[0], notary.Superseded))
	w.Clock.Advance(time.Second)
	lists.fetch(t, w, root)
	w.Exec(t, `DELETE FROM crl`)
	w.Exec(t, `INSERT INTO crl SELECT * FROM saved_crl`)
	w.Exec(t, `UPDATE authority SET crl_number = (SELECT s.crl_number FROM saved_number s WHERE s.id = authority.id)`)
	w.Exec(t, `DROP TABLE saved_crl`)
	w.Exec(t, `DROP TABLE saved_number`)
	before := lists.highest
	crl, err := w.Revocation.CRL(t.Context(), root)
	testkit.Check(t, err)
	if crl.Number <= before {
		t.Errorf("the list %d is published after %d", crl.Number, before)
	}
	lists.fetch(t, w, root)
}
