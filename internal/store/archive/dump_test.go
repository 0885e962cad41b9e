package archive_test

import (
	"path/filepath"
	"sync"
	"testing"

	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/store/storetest"
	"notary/internal/testkit"
)

// A dump by PostgreSQL's own tools during writes holds everything acknowledged before it began.
func TestPostgresDumpWhileOthersWrite(t *testing.T) {
	t.Parallel()
	database, restored := testkit.Postgres(t), testkit.Postgres(t)
	file := filepath.Join(t.TempDir(), "notary.dump")
	s := storetest.Reopen(t, database)
	acknowledged := int64(0)
	for acknowledged < 100 {
		acknowledged = storetest.NewRequest(t, s, 1, int(acknowledged)).ID
	}
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { writeUntil(t, s, stop) })
	testkit.PostgresProgram(t, "pg_dump", "--format=custom", "--file="+file, database)
	close(stop)
	writing.Wait()

	testkit.PostgresProgram(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+restored, file)
	again := storetest.Reopen(t, restored)
	testkit.Check(t, archive.CheckInvariants(t.Context(), again))
	for id := int64(1); id <= acknowledged; id++ {
		storetest.GetRequest(t, again, id)
	}
	sum, err := archive.Digest(t.Context(), again, nil)
	testkit.Check(t, err)
	into := storetest.Reopen(t, filepath.Join(t.TempDir(), "check.db"))
	if read, err := archive.Copy(t.Context(), again, into, nil); err != nil || read != sum {
		t.Errorf("a copy to check it has the digest %s (%v), want %s", read, err, sum)
	}
	storetest.NewRequest(t, again, 3, 1) // ids continue
}

func writeUntil(t *testing.T, s *store.Store, stop chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
			storetest.NewRequest(t, s, 2, n)
		}
	}
}
