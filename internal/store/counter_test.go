package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func TestSummaryOfRequests(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	authority := newAuthority(t, s)
	end := clock.Now().AddDate(0, 0, 200)
	var req *notary.Request
	transition := func(to notary.RequestStatus) func() {
		return func() {
			write(t, s, func(tx *store.Tx) error { return tx.Transition(req, to, 0) })
			req = getRequest(t, s, req.ID)
		}
	}
	serial := 0
	issue := func() {
		serial++
		req = activate(t, s, req, newCertificate(authority.ID, serial, end))
	}
	for _, step := range []struct {
		name string
		do   func()
		want map[notary.RequestStatus]int64
	}{
		{"nothing", func() {}, map[notary.RequestStatus]int64{}},
		{"submitted", func() { req = newRequest(t, s, 1, 1) }, map[notary.RequestStatus]int64{notary.Outstanding: 1}},
		{"another", func() { newRequest(t, s, 1, 2) }, map[notary.RequestStatus]int64{notary.Outstanding: 2}},
		{"rejected", transition(notary.Rejected), map[notary.RequestStatus]int64{notary.Outstanding: 1, notary.Rejected: 1}},
		{"reopened", transition(notary.Outstanding), map[notary.RequestStatus]int64{notary.Outstanding: 2}},
		{"signed", issue, map[notary.RequestStatus]int64{notary.Outstanding: 1, notary.Active: 1}},
		{"renewed", issue, map[notary.RequestStatus]int64{notary.Outstanding: 1, notary.Active: 1}},
		{"deleted", func() {
			write(t, s, func(tx *store.Tx) error { return tx.DeleteRequest(req) })
		}, map[notary.RequestStatus]int64{notary.Outstanding: 1}},
	} {
		step.do()
		got, err := s.Summary(t.Context(), clock.Now())
		testkit.Check(t, err)
		for _, status := range notary.RequestStatuses {
			if got.Requests[status] != step.want[status] {
				t.Errorf("%s: %d requests are %s, want %d", step.name, got.Requests[status], status, step.want[status])
			}
		}
		testkit.Check(t, archive.CheckInvariants(t.Context(), s))
	}
}

// A window counts what expires from now to the end of the same hour n days later.
func TestSummaryOfExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 3, 30, 10, 20, 30, 0, time.UTC)
	none, all := map[int]int64{1: 0, 7: 0, 30: 0, 90: 0}, map[int]int64{1: 1, 7: 1, 30: 1, 90: 1}
	from7, from30, from90 := map[int]int64{1: 0, 7: 1, 30: 1, 90: 1}, map[int]int64{1: 0, 7: 0, 30: 1, 90: 1},
		map[int]int64{1: 0, 7: 0, 30: 0, 90: 1}
	hour := now.Truncate(time.Hour)
	lastOf := func(days int) time.Time { return hour.AddDate(0, 0, days).Add(time.Hour - time.Second) }
	for _, tt := range []struct {
		name     string
		notAfter time.Time
		want     map[int]int64
	}{
		{"the hour before", hour.Add(-time.Second), none},
		{"the start of this hour", hour, none},
		{"a second ago", now.Add(-time.Second), none},
		{"now", now, all},
		{"the last second of a day", lastOf(1), all},
		{"a second later", lastOf(1).Add(time.Second), from7},
		{"the last second of a week", lastOf(7), from7},
		{"one second later", lastOf(7).Add(time.Second), from30},
		{"the last second of thirty days", lastOf(30), from30},
		{"just later", lastOf(30).Add(time.Second), from90},
		{"the last second of ninety days", lastOf(90), from90},
		{"later than all", lastOf(90).Add(time.Second), none},
		{"the end of time", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			authority := newAuthority(t, s)
			check := func(what string, want map[int]int64) {
				t.Helper()
				got, err := s.Summary(t.Context(), now)
				testkit.Check(t, err)
				if diff := cmp.Diff(want, got.Expiring); diff != "" {
					t.Errorf("%s: expiring (-want +got):\n%s", what, diff)
				}
			}
			revoke := func(cert *notary.Certificate) {
				t.Helper()
				write(t, s, func(tx *store.Tx) error { return tx.InsertRevocation(cert, notary.Superseded) })
			}
			first := newCertificate(authority.ID, 1, tt.notAfter)
			first.NotBefore = now.AddDate(-1, 0, 0)
			first = insertCertificate(t, s, first)
			check("issued", tt.want)
			renewal := insertCertificate(t, s, newCertificate(authority.ID, 2, now.AddDate(1, 0, 0)))
			check("after a renewal", none)
			revoke(renewal)
			check("after the revocation of the renewal", tt.want)
			revoke(first)
			check("after its own revocation", none)
		})
	}
}

// Migration 19 splits the names of counters into columns, in every slot.
func TestUpgradeSplitsCounterNames(t *testing.T) {
	t.Parallel()
	database := testkit.Database(t)
	old, err := db.Open(t.Context(), database, testkit.SchemaUpTo(t, 18), time.Now)
	testkit.Check(t, err)
	testkit.Check(t, old.Close())
	want := map[db.CounterKey]int64{{Name: "accounts"}: 0, {Name: "admins"}: 0}
	sql := testkit.SQL(t, database)
	add := func(name string, key db.CounterKey) {
		n := int64(len(want))
		for slot := range 2 {
			_, err := sql.ExecContext(t.Context(), `INSERT INTO counter (name, slot, value) VALUES ($1, $2, $3)`, name, slot, n)
			testkit.Check(t, err)
		}
		want[key] = 2 * n
	}
	add("certificates", db.CounterKey{Name: "certificates"})
	add("requests Active", db.CounterKey{Name: "requests Active"})
	add("changes of authorities", db.CounterKey{Name: "changes of authorities"})
	add("revoked 7", db.CounterKey{Name: "revoked", Object: 7})
	add("issued 1234567890123", db.CounterKey{Name: "issued", Object: 1234567890123})
	add("shard 7 100", db.CounterKey{Name: "shard", Object: 7, Part: 100})
	add("corrected 70 0", db.CounterKey{Name: "corrected", Object: 70})
	add("corrected 70 2", db.CounterKey{Name: "corrected", Object: 70, Part: 2})
	for _, year := range []int{0, 1, 1969, 1970, 1999, 2000, 2024, 2027, 2100, 9999} {
		for _, month := range []time.Month{time.January, time.February, time.March, time.December} {
			at := time.Date(year, month+1, 0, 23, 59, 59, 0, time.UTC) // the last day of the month
			add(at.Format("live 2006-01-02 ")+"8", store.LiveCounter(8, at))
			add(at.Format("expiring 2006-01-02T15"), store.ExpiryCounter(at))
		}
	}
	s, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer func() { testkit.Check(t, s.Close()) }()
	got := map[db.CounterKey]int64{}
	_, err = db.Collect(t.Context(), s.DB().Reads(), func(row db.Row) (none struct{}, err error) {
		var key db.CounterKey
		var n int64
		err = row.Scan(&key.Name, &key.At, &key.Object, &key.Part, &n)
		got[key] += n
		return none, err
	}, `SELECT name, at, object_id, part, value FROM counter`)
	testkit.Check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the counters (-want +got):\n%s", diff)
	}
}
