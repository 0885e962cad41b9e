package store_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// Limits on SQLite's log: until the checkpoint, plus one change.
const (
	logLimit   = 16 << 20
	changeSize = 256 << 10
)

func openLog(t *testing.T) (s *store.Store, logSize func() int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notary.db")
	s, _ = openAt(t, path)
	return s, func() int64 {
		info, err := os.Stat(path + "-wal")
		testkit.Check(t, err)
		return info.Size()
	}
}

func grow(s *store.Store, t *testing.T) error {
	return s.Write(t.Context(), func(tx *store.Tx) error {
		return tx.Event(notary.Event{Action: "test", Text: strings.Repeat("long", changeSize/4)})
	})
}

// SQLite's log stays short, and is truncated after a long read.
func TestSQLiteLogStaysShort(t *testing.T) {
	t.Parallel()
	s, logSize := openLog(t)
	most := int64(0)
	for range 200 {
		testkit.Check(t, grow(s, t))
		most = max(most, logSize())
	}
	if most > logLimit+2*changeSize {
		t.Errorf("the log grew to %d octets, want at most about %d", most, logLimit)
	}

	a := newAuthority(t, s)
	write(t, s, func(tx *store.Tx) error {
		return tx.ImportRevocations(a.ID,
			[]notary.Revocation{{Serial: "0a", At: time.Now(), Reason: notary.Superseded}})
	})
	_, err := s.EachRevocation(t.Context(), a.ID, 0, time.Time{}, func(notary.Revocation) error {
		for range 200 {
			testkit.Check(t, grow(s, t))
		}
		return nil
	})
	testkit.Check(t, err)
	if grown := logSize(); grown <= logLimit+2*changeSize {
		t.Fatalf("the log has %d octets after a long read: the test proves nothing", grown)
	}
	for range 2 * logLimit / changeSize {
		testkit.Check(t, grow(s, t))
	}
	if size := logSize(); size > logLimit+2*changeSize {
		t.Errorf("the log still has %d octets after the long read, want at most about %d", size, logLimit)
	}
}

// On a disk filled by the log, the log is truncated.
func TestSQLiteLogOnASmallDisk(t *testing.T) {
	t.Parallel()
	const inside = "NOTARY_TEST_SMALL_DISK"
	if folder := os.Getenv(inside); folder != "" {
		writeOnSmallDisk(t, folder)
		return
	}
	testkit.Require(t, "unshare")
	cmd := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--mount", "sh", "-ec",
		`mount -t tmpfs -o size=6m tmpfs "$1"; exec "$0" -test.run='^TestSQLiteLogOnASmallDisk$' -test.v`, os.Args[0],
		t.TempDir())
	cmd.Env = append(os.Environ(), inside+"="+cmd.Args[len(cmd.Args)-1])
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func writeOnSmallDisk(t *testing.T, folder string) {
	path := filepath.Join(folder, "notary.db")
	s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	for i := range 300 { // rewrites the same pages
		write(t, s, func(tx *store.Tx) error {
			return store.Exec(tx, `INSERT INTO agreement (name, value) VALUES ('large', $1)
				ON CONFLICT (name) DO UPDATE SET value = excluded.value`, fmt.Sprint(i, strings.Repeat("x", changeSize)))
		})
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), s))
	testkit.Check(t, s.Close())
}
