package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// named returns a certificate for names, with its validity in days relative to the clock's start.
func named(id int, owner int64, from, to int, names ...string) *notary.Certificate {
	start := testkit.NewClock().Now()
	c := newCertificate(0, id, start)
	c.CommonName, c.Names = names[0], notary.Names{DNS: names}
	c.RequesterID, c.NotBefore, c.NotAfter = owner, start.AddDate(0, 0, from), start.AddDate(0, 0, to)
	return c
}

func ofGroup(group int64, c *notary.Certificate) *notary.Certificate {
	c.OwnerGroupID = group
	return c
}

// expiring returns the serial numbers of the certificates that expire within that many days, like the summary.
func expiring(t *testing.T, s *store.Store, now time.Time, days int) string {
	t.Helper()
	var serials []string
	filter := notary.Filter{Expiring: time.Duration(days) * 24 * time.Hour, Now: now}
	testkit.Check(t, s.EachCertificate(t.Context(), filter, func(c *notary.Certificate) error {
		serials = append(serials, strings.TrimLeft(c.Serial, "0"))
		return nil
	}))
	summary, err := s.Summary(t.Context(), now)
	testkit.Check(t, err)
	if n := summary.Expiring[days]; n != int64(len(serials)) {
		t.Errorf("the summary counts %d that expire within %d days, and the list has %v", n, days, serials)
	}
	return strings.Join(serials, " ")
}

// A certificate is replaced by a later one for the same names and owner, whichever is recorded first.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		certificates []*notary.Certificate
		want         string
	}{
		"renewed": {[]*notary.Certificate{named(1, 7, -80, 10, "a"), named(2, 7, 0, 90, "a")}, "2"},
		"renewed by another member": {[]*notary.Certificate{ofGroup(3, named(1, 7, -80, 10, "a")),
			ofGroup(3, named(2, 8, 0, 90, "a"))}, "2"},
		"another group": {[]*notary.Certificate{ofGroup(3, named(1, 7, -80, 10, "a")),
			ofGroup(4, named(2, 7, 0, 90, "a"))}, "1 2"},
		"a group and its requester": {[]*notary.Certificate{ofGroup(3, named(1, 7, -80, 10, "a")),
			named(2, 7, 0, 90, "a")}, "1 2"},
		"a group with an account's ID": {[]*notary.Certificate{ofGroup(7, named(1, 8, -80, 10, "a")),
			named(2, 7, 0, 90, "a")}, "1 2"},
		"imported, then a group's": {[]*notary.Certificate{named(1, 0, -80, 10, "a"),
			ofGroup(3, named(2, 7, 0, 90, "a"))}, "2"},
		"a group's, then imported": {[]*notary.Certificate{ofGroup(3, named(1, 7, -80, 10, "a")),
			named(2, 0, 0, 90, "a")}, "2"},
		"another owner": {[]*notary.Certificate{named(1, 7, -80, 10, "a"), named(2, 8, 0, 90, "a")}, "1 2"},
		"more names": {[]*notary.Certificate{named(1, 7, -80, 10, "a"), named(2, 7, 0, 90, "a", "b")},
			"1 2"},
		"the same names in another case": {[]*notary.Certificate{named(1, 7, -80, 10, "a", "b"),
			named(2, 7, 0, 90, "B", "a")}, "2"},
		"imported, then issued":         {[]*notary.Certificate{named(1, 0, -80, 10, "a"), named(2, 7, 0, 90, "a")}, "2"},
		"issued, then imported":         {[]*notary.Certificate{named(1, 7, -80, 10, "a"), named(2, 0, 0, 90, "a")}, "2"},
		"imported alone":                {[]*notary.Certificate{named(1, 0, -80, 10, "a")}, "1"},
		"issued later, expires earlier": {[]*notary.Certificate{named(1, 7, -80, 10, "a"), named(2, 7, 0, 5, "a")}, "1 2"},
		"issued at the same time":       {[]*notary.Certificate{named(1, 7, 0, 10, "a"), named(2, 7, 0, 10, "a")}, "2"},
		"expired":                       {[]*notary.Certificate{named(1, 7, -80, -1, "a")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, certificates := range [][]*notary.Certificate{tt.certificates, reversed(tt.certificates)} {
				s, clock := open(t)
				for _, c := range certificates {
					insertCertificate(t, s, c)
				}
				if name == "issued at the same time" && certificates[0].Serial == tt.certificates[1].Serial {
					continue // the one recorded last replaces the other
				}
				if got := expiring(t, s, clock.Now(), 90); got != tt.want &&
					got != strings.Join(reversed(strings.Fields(tt.want)), " ") {
					t.Errorf("%q expire, want %q", got, tt.want)
				}
			}
		})
	}
}

func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// A responder certificate, which is renewed automatically, never counts as expiring.
func TestResponderCertificatesAreNotCounted(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	c := named(1, 0, 0, 7, "OCSP")
	c.Profile = notary.OCSPProfile
	insertCertificate(t, s, c)
	if got := expiring(t, s, clock.Now(), 90); got != "" {
		t.Errorf("%q expire, want none", got)
	}
}

// When a certificate is revoked, the one it replaced is current again, unless another replaces it.
func TestRevocationOfAReplacement(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	var all []*notary.Certificate
	for i := range 3 {
		c := named(i+1, 7, i-60, 30+i, "a")
		c.AuthorityID = a.ID
		all = append(all, insertCertificate(t, s, c))
	}
	for _, step := range []struct {
		revoke int
		want   string
	}{{1, "3"}, {2, "1"}, {0, ""}} {
		write(t, s, func(tx *store.Tx) error { return tx.InsertRevocation(all[step.revoke], notary.Superseded) })
		if got := expiring(t, s, clock.Now(), 90); got != step.want {
			t.Errorf("after the revocation of %d, %q expire, want %q", step.revoke+1, got, step.want)
		}
	}
}

// Counts and lists use the same window, which begins with the present second.
func TestExpiringWindow(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	now := clock.Now().Truncate(time.Hour).Add(30 * time.Minute)
	for i, at := range []time.Duration{-time.Second, 0, time.Minute, 24*time.Hour + 29*time.Minute,
		24*time.Hour + 31*time.Minute} {
		c := named(i+1, 7, 0, 0, fmt.Sprintf("host-%d", i))
		c.NotBefore, c.NotAfter = now.AddDate(0, 0, -1), now.Add(at)
		insertCertificate(t, s, c)
	}
	if got := expiring(t, s, now, 1); got != "2 3 4" {
		t.Errorf("%q expire, want 2 3 4", got)
	}
}

type model struct {
	*notary.Certificate
	revoked bool
}

func (m model) replaces(o model) bool {
	later := !m.NotBefore.Before(o.NotBefore) && !m.NotAfter.Before(o.NotAfter) &&
		(m.NotBefore.After(o.NotBefore) || m.NotAfter.After(o.NotAfter) || m.ID > o.ID)
	return !m.revoked && later && m.sharesOwner(o) && m.CommonName == o.CommonName
}

func (m model) sharesOwner(o model) bool {
	switch {
	case m.RequesterID == 0 || o.RequesterID == 0:
		return true
	case m.OwnerGroupID != 0 || o.OwnerGroupID != 0:
		return m.OwnerGroupID == o.OwnerGroupID
	}
	return m.RequesterID == o.RequesterID
}

// After any sequence of changes, the current certificates are those of the definition.
func TestReplacedMatchesTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			s, clock := open(t)
			a := newAuthority(t, s)
			var all []model
			for step := range 60 {
				i := random.IntN(max(1, len(all)))
				switch {
				case len(all) > 3 && random.IntN(4) == 0 && !all[i].revoked:
					write(t, s, func(tx *store.Tx) error {
						return tx.InsertRevocation(all[i].Certificate,
							notary.Superseded)
					})
					all[i].revoked = true
				case len(all) > 3 && random.IntN(6) == 0 && all[i].RequesterID == 0 && !all[i].revoked:
					req := newRequest(t, s, 1+random.Int64N(2), step)
					write(t, s, func(tx *store.Tx) error { return tx.AdoptCertificate(all[i].Certificate, req) })
					all[i].RequesterID = req.RequesterID
				default:
					c := named(step, random.Int64N(3), random.IntN(4)-4, 1+random.IntN(4),
						string(rune('a'+random.IntN(2))))
					c.AuthorityID = a.ID
					if c.RequesterID != 0 {
						c.OwnerGroupID = random.Int64N(3)
					}
					all = append(all, model{Certificate: insertCertificate(t, s, c)})
				}
				var want []string
				for _, m := range all {
					if !m.revoked && !slices.ContainsFunc(all, func(o model) bool { return o.replaces(m) }) {
						want = append(want, strings.TrimLeft(m.Serial, "0"))
					}
				}
				if got := expiring(t, s, clock.Now(), 90); got != strings.Join(want, " ") {
					t.Fatalf("step %d: %q are current, want %q", step, got, want)
				}
			}
		})
	}
}

// A database of an earlier version gets the same counts as one that was always up to date.
func TestUpgradeReplaced(t *testing.T) {
	t.Parallel()
	database := testkit.Database(t)
	s, clock := openAt(t, database)
	for i, owner := range []int64{7, 7, 0, 8, 7, 7, 8, 8, 7} {
		c := named(i+1, owner, i-50, 20+i, []string{"a", "b"}[i%2])
		if owner != 0 {
			c.OwnerGroupID = []int64{0, 3, 3, 4}[i%4]
		}
		insertCertificate(t, s, c)
	}
	want := expiring(t, s, clock.Now(), 90)
	db := testkit.SQL(t, database)
	for _, statement := range []string{
		`UPDATE certificate SET name_set = NULL, replaced_by = NULL`,
		`DELETE FROM counter WHERE name = 'expiring'`,
		`INSERT INTO agreement (name, value) VALUES ('replaced certificates are marked up to certificate', '0') ON CONFLICT (name) DO NOTHING`,
	} {
		_, err := db.Exec(statement)
		testkit.Check(t, err)
	}
	if got := expiring(t, s, clock.Now(), 90); got != "" {
		t.Fatalf("%q expire before the upgrade", got)
	}
	for done := false; !done; {
		var err error
		_, done, err = s.UpgradeReplaced(t.Context())
		testkit.Check(t, err)
	}
	if got := expiring(t, s, clock.Now(), 90); got != want {
		t.Errorf("%q expire after the upgrade, want %q", got, want)
	}
}

// Version 20 compared requesters instead of owners. Its databases get the same counts.
func TestUpgradeOfReplacementsByRequester(t *testing.T) {
	t.Parallel()
	database := testkit.Migrated(t)
	clock := testkit.NewClock()
	s, err := store.Open(t.Context(), database, clock.Now, testkit.Patient...)
	testkit.Check(t, err)
	first := insertCertificate(t, s, ofGroup(3, named(1, 7, -80, 10, "a")))
	insertCertificate(t, s, ofGroup(3, named(2, 8, 0, 60, "a"))) // replaces it
	own := insertCertificate(t, s, named(3, 7, -80, 40, "b"))
	later := insertCertificate(t, s, ofGroup(3, named(4, 7, 0, 70, "b"))) // does not replace it
	insertCertificate(t, s, named(5, 0, -80, 30, "b"))                    // replaced by it
	want := expiring(t, s, clock.Now(), 90)
	testkit.Check(t, s.Close())
	db := testkit.SQL(t, database)
	run := func(text string, args ...any) {
		t.Helper()
		_, err := db.Exec(text, args...)
		testkit.Check(t, err)
	}
	count := func(c *notary.Certificate, change int) {
		t.Helper()
		key := store.ExpiryCounter(c.NotAfter)
		run(`INSERT INTO counter (name, at, object_id, part, slot, value) VALUES ('expiring', $1, 0, 0, 99, $2)`, key.At,
			change)
	}
	run(`UPDATE certificate SET replaced_by = NULL WHERE id = $1`, first.ID)
	count(first, 1)
	run(`UPDATE certificate SET replaced_by = $1 WHERE id = $2`, later.ID, own.ID)
	count(own, -1)
	run(`DELETE FROM schema_compatibility WHERE version = 22`)
	run(migration(t, "00022_replaced_by_owner.sql"))
	s, _ = openAt(t, database)
	for done := false; !done; {
		_, done, err = s.UpgradeReplaced(t.Context())
		testkit.Check(t, err)
	}
	if got := expiring(t, s, clock.Now(), 90); got != want || got != "2 3 4" {
		t.Errorf("%q expire after the upgrade, want %q, which is 2 3 4", got, want)
	}
}

// migration returns the text of a migration of the engine under test.
func migration(t *testing.T, name string) string {
	t.Helper()
	folder := "sqlite"
	if testkit.OnPostgres() {
		folder = "postgres"
	}
	text, err := os.ReadFile(filepath.Join("migrations", folder, name))
	testkit.Check(t, err)
	return string(text)
}

// The cost of a signature does not grow with the number of renewals.
func TestSQLiteReplacementsUseAnIndex(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	s, asked := store.Record(s)
	walk(t, s, clock.Now())
	db := testkit.SQL(t, copyOf(t, wholeDatabase(t)))
	seen := 0
	for _, a := range *asked {
		text := a.Text
		if !strings.Contains(text, "y.name_set") && !strings.Contains(text, "x.name_set") &&
			!strings.Contains(text, "k.replaced_by = ") {
			continue
		}
		seen++
		rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, make([]any, parameters(text))...)
		testkit.Check(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			testkit.Check(t, rows.Scan(&id, &parent, &unused, &detail))
			one := strings.Contains(detail, "USING INTEGER PRIMARY KEY") ||
				strings.Contains(detail, "certificate_replaced (replaced_by=?)")
			ranged := strings.Contains(detail, "certificate_current (name_set=?") ||
				strings.Contains(detail, "certificate_unowned (name_set=? AND not_after>?)")
			if regexp.MustCompile(`^(SEARCH|SCAN) [xyk] |^(SEARCH|SCAN) certificate`).MatchString(detail) && !one &&
				!ranged {
				t.Errorf("%s\n\tin the plan of %s", detail, text)
			}
		}
		testkit.Check(t, rows.Err())
	}
	if seen < 5 {
		t.Errorf("only %d statements were checked", seen)
	}
}
