package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

func insertCertificate(t testing.TB, s *store.Store, cert *notary.Certificate) *notary.Certificate {
	t.Helper()
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertCertificate(cert)
		return err
	})
	got, err := s.Certificate(t.Context(), id)
	testkit.Check(t, err)
	return got
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	authority := newAuthority(t, s)
	want := newCertificate(authority.ID, 1, clock.Now().AddDate(0, 0, 90))
	want.RequesterID = 7
	got := insertCertificate(t, s, want)
	want.ID, want.CreatedAt = 1, clock.Now()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the certificate (-want +got):\n%s", diff)
	}
	byFingerprint, err := s.CertificateByFingerprint(t.Context(), want.Fingerprint)
	testkit.Check(t, err)
	if diff := cmp.Diff(want, byFingerprint); diff != "" {
		t.Errorf("the certificate by its fingerprint (-want +got):\n%s", diff)
	}
	if none, err := s.CertificateByFingerprint(t.Context(), "00"); none != nil || err != nil {
		t.Errorf("an unknown fingerprint gives %v, %v", none, err)
	}
	_, err = s.Certificate(t.Context(), 2)
	testkit.WantKind(t, err, notary.NotFound)
}

// Serial numbers are unique for each issuer in the database, fingerprints globally.
func TestInsertCertificateTwice(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	one, two := newAuthority(t, s), newAuthority(t, s)
	end := clock.Now().AddDate(0, 0, 90)
	insertCertificate(t, s, newCertificate(one.ID, 1, end))
	sameFingerprint := newCertificate(one.ID, 2, end)
	sameFingerprint.Fingerprint = newCertificate(one.ID, 1, end).Fingerprint
	sameSerial := newCertificate(one.ID, 1, end)
	sameSerial.Fingerprint = "another"
	for name, tt := range map[string]struct {
		cert *notary.Certificate
		kind notary.Kind
	}{
		"the same":                       {newCertificate(one.ID, 1, end), notary.Conflict},
		"the fingerprint of another":     {sameFingerprint, notary.Conflict},
		"the issuer and serial of other": {sameSerial, notary.Conflict},
		"the serial at another issuer":   {newCertificate(two.ID, 1, end), ""},
		"from outside":                   {newCertificate(0, 1, end), ""},
	} {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.InsertCertificate(tt.cert)
			return err
		})
		if notary.KindOf(err) != tt.kind {
			t.Errorf("%s: got error %v, want kind %q", name, err, tt.kind)
		}
	}
}

// A certificate is revoked once, and read with its revocation everywhere.
func TestRevocation(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	one, two := newAuthority(t, s), newAuthority(t, s)
	end := clock.Now().AddDate(0, 0, 90)
	var certs []*notary.Certificate
	for i := range 3 {
		certs = append(certs, insertCertificate(t, s, newCertificate(one.ID, 1+i, end)))
	}
	insertCertificate(t, s, newCertificate(two.ID, 1, end))

	clock.Advance(time.Hour)
	revoke := func(cert *notary.Certificate) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.InsertRevocation(cert, notary.Superseded)
		})
	}
	testkit.Check(t, revoke(certs[2]))
	testkit.Check(t, revoke(certs[0]))
	testkit.WantKind(t, revoke(certs[0]), notary.Conflict)

	got := revocations(t, s, one.ID, 0, time.Time{})
	want := []notary.Revocation{
		{Serial: certs[0].Serial, At: clock.Now(), Reason: notary.Superseded},
		{Serial: certs[2].Serial, At: clock.Now(), Reason: notary.Superseded},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revocations (-want +got):\n%s", diff)
	}
	cert, err := s.Certificate(t.Context(), certs[0].ID)
	testkit.Check(t, err)
	if diff := cmp.Diff(&want[0], cert.Revocation); diff != "" {
		t.Errorf("the revocation of the certificate (-want +got):\n%s", diff)
	}
	for authority, want := range map[int64]int64{one.ID: 2, two.ID: 0} {
		if n, err := s.RevocationCount(t.Context(), authority, 0); err != nil || n != want {
			t.Errorf("authority %d has %d revocations (%v), want %d", authority, n, err, want)
		}
		valid := map[int64]int64{one.ID: 1, two.ID: 1}[authority]
		if n, err := s.CountValidIssuedBy(t.Context(), getAuthority(t, s, authority), clock.Now()); err != nil ||
			n != valid {
			t.Errorf("authority %d has issued %d that are valid (%v), want %d", authority, n, err, valid)
		}
	}
}

// A certificate is valid through the last second of its validity.
func TestCountValidIssuedBy(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	insertCertificate(t, s, newCertificate(a.ID, 1, clock.Now().Add(time.Minute)))
	for _, tt := range []struct {
		at   time.Time
		want int64
	}{
		{clock.Now(), 1},
		{clock.Now().Add(time.Minute), 1},
		{clock.Now().Add(time.Minute + time.Second), 0},
	} {
		if n, err := s.CountValidIssuedBy(t.Context(), a, tt.at); err != nil || n != tt.want {
			t.Errorf("at %v, %d are valid (%v), want %d", tt.at, n, err, tt.want)
		}
	}
}

// CRL numbers only increase, and an older CRL never replaces a newer one.
func TestCRLNumbers(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	numbers := make(chan int64, 20)
	for _, err := range testkit.Race(20, func(int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			n, err := tx.NextCRLNumber(a.ID, 0, 0, 0)
			numbers <- n
			return err
		})
	}) {
		testkit.Check(t, err)
	}
	close(numbers)
	seen := map[int64]bool{}
	for n := range numbers {
		seen[n] = true
	}
	floor := clock.Now().UnixMicro()
	for n := range int64(20) {
		if !seen[floor+n] {
			t.Errorf("the number %d was not allocated", floor+n)
		}
	}
	save := func(number int64) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.SaveCRL(&notary.CRL{AuthorityID: a.ID, Number: number, DER: []byte{byte(number)},
				ThisUpdate: clock.Now(), NextUpdate: clock.Now().Add(time.Hour), Revocations: number})
		})
	}
	if none, err := s.CRL(t.Context(), a.ID, 0); none != nil || err != nil {
		t.Errorf("before the first CRL: %v, %v", none, err)
	}
	for _, tt := range []struct {
		save, want int64
		kind       notary.Kind
	}{{5, 5, ""}, {3, 5, notary.Conflict}, {5, 5, notary.Conflict}, {6, 6, ""}} {
		testkit.WantKind(t, save(tt.save), tt.kind)
		got, err := s.CRL(t.Context(), a.ID, 0)
		testkit.Check(t, err)
		want := &notary.CRL{AuthorityID: a.ID, Number: tt.want, DER: []byte{byte(tt.want)},
			ThisUpdate: clock.Now(), NextUpdate: clock.Now().Add(time.Hour), Revocations: tt.want}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after saving %d (-want +got):\n%s", tt.save, diff)
		}
	}
	err := s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.NextCRLNumber(99, 0, 0, 0); return err })
	testkit.WantKind(t, err, notary.NotFound)
}

// A CRL number follows the clock, exceeds the last and the published one, and continues from an import.
func TestNextCRLNumber(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	micros := clock.Now().UnixMicro()
	for _, tt := range []struct {
		name             string
		imported, above  int64
		first, afterHour int64
	}{
		{"new", 0, 0, micros, micros + 3600e6},
		{"small", 41, 0, micros, micros + 3600e6},
		{"ahead of the clock", 1 << 61, 0, 1<<61 + 1, 1<<61 + 3600e6},
		{"the greatest that is imported", 1<<62 - 1, 0, 1 << 62, 1<<62 - 1 + 3600e6},
		{"published with another number", 0, micros + 7200e6, micros + 7200e6 + 1, micros + 7200e6 + 2},
		{"published before", 0, micros - 1, micros, micros + 3600e6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var id int64
			write(t, s, func(tx *store.Tx) (err error) {
				id, err = tx.InsertAuthority(&notary.Authority{Enabled: true, CRLNumber: tt.imported}, []byte("sealed"))
				return errors.Join(err, creation(tx, "authority", id))
			})
			for _, step := range []struct {
				wait  time.Duration
				above int64
				want  int64
			}{{0, tt.above, tt.first}, {time.Hour, 0, tt.afterHour}, {-time.Hour, 0, tt.afterHour + 1}} {
				clock.Advance(step.wait)
				write(t, s, func(tx *store.Tx) error {
					n, err := tx.NextCRLNumber(id, 0, 0, step.above)
					if n != step.want {
						t.Errorf("%v later the number is %d, want %d", step.wait, n, step.want)
					}
					return err
				})
			}
		})
	}
}

// A CRL with a higher number has every entry of the earlier ones: a CRL that misses entries gets no number.
func TestNoNumberForIncompleteCRL(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a, floor := newAuthority(t, s), clock.Now().UnixMicro()
	for _, tt := range []struct {
		known, number int64
		kind          notary.Kind
	}{{3, floor, ""}, {2, 0, notary.Conflict}, {3, floor + 1, ""}, {4, floor + 2, ""}, {3, 0, notary.Conflict}} {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			n, err := tx.NextCRLNumber(a.ID, 0, tt.known, 0)
			if n != tt.number {
				t.Errorf("a CRL of %d gets the number %d, want %d", tt.known, n, tt.number)
			}
			return err
		})
		testkit.WantKind(t, err, tt.kind)
	}
}

func TestCompromised(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for range 2 { // a repeated report succeeds
		write(t, s, func(tx *store.Tx) error { return tx.ReportCompromised("ab12") })
	}
	for fingerprint, want := range map[string]bool{"ab12": true, "ab1": false, "AB12": false, "": false} {
		if got, err := s.Compromised(t.Context(), fingerprint); err != nil || got != want {
			t.Errorf("%q is compromised: %v (%v), want %v", fingerprint, got, err, want)
		}
	}
}

func revocations(t *testing.T, s *store.Store, authority int64, shard int, last time.Time) (all []notary.Revocation) {
	t.Helper()
	_, err := s.EachRevocation(t.Context(), authority, shard, last, func(v notary.Revocation) error {
		all = append(all, v)
		return nil
	})
	testkit.Check(t, err)
	slices.SortFunc(all, func(a, b notary.Revocation) int { return strings.Compare(a.Serial, b.Serial) })
	return all
}
