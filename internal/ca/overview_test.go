package ca_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func overview(t *testing.T, w *testkit.World, caller notary.Caller) notary.Overview {
	t.Helper()
	o, err := w.CA.Overview(t.Context(), caller)
	testkit.Check(t, err)
	return o
}

func signedUntil(t *testing.T, w *testkit.World, caller notary.Caller, authority int64, end time.Time) int64 {
	t.Helper()
	id := w.Request(t, caller)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authority, NotAfter: end}))
	return id
}

// Weeks begin and end at midnight, except that the first begins with the current hour.
func TestOverviewByWeek(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	week := func(n int) time.Time {
		if n == 0 {
			return w.Clock.Now().Truncate(time.Hour)
		}
		return w.Clock.Now().Truncate(24*time.Hour).AddDate(0, 0, 7*n)
	}
	for _, end := range []time.Time{week(1).Add(-time.Second), week(1).AddDate(0, 0, 1), week(2).Add(-time.Second),
		week(12)} {
		signedUntil(t, w, w.Admin(), root, end)
	}
	counts := func() map[int]int64 {
		got := map[int]int64{}
		weeks := overview(t, w, w.Caller(notary.ReadOnly)).Weeks
		if len(weeks) != notary.OverviewWeeks {
			t.Fatalf("%d weeks", len(weeks))
		}
		for i, one := range weeks {
			if !one.From.Equal(week(i)) || !one.Until.Equal(week(i+1)) {
				t.Errorf("week %d is from %v until %v", i, one.From, one.Until)
			}
			if one.Count > 0 {
				got[i] = one.Count
			}
		}
		return got
	}
	if diff := cmp.Diff(map[int]int64{0: 1, 1: 2, 12: 1}, counts()); diff != "" {
		t.Errorf("by week (-want +got):\n%s", diff)
	}
	id := signedUntil(t, w, w.Admin(), root, week(3))
	if diff := cmp.Diff(map[int]int64{0: 1, 1: 2, 3: 1, 12: 1}, counts()); diff != "" {
		t.Errorf("after one more (-want +got):\n%s", diff)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	w.Clock.Advance(7 * 24 * time.Hour)
	if diff := cmp.Diff(map[int]int64{0: 2, 11: 1}, counts()); diff != "" {
		t.Errorf("after one less, a week later (-want +got):\n%s", diff)
	}
}

// Certificates are in force until they expire unless revoked, per authority, including external CAs.
func TestOverviewByStatusAndAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	day := 24 * time.Hour
	for range 3 {
		w.Signed(t, w.Admin(), one)
	}
	signedUntil(t, w, w.Admin(), two, w.Clock.Now().Add(2*day))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), two), notary.Superseded))
	outside := w.Request(t, w.Admin())
	_, err := w.CA.Upload(t.Context(), w.Admin(), outside,
		testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Chain(t, publicKey(t, w, outside)))
	testkit.Check(t, err)
	check := func(want notary.CertificateCounts, ofOne, ofTwo int64) {
		t.Helper()
		o := overview(t, w, w.Admin())
		if diff := cmp.Diff(want, o.Certificates); diff != "" {
			t.Errorf("certificates by status (-want +got):\n%s", diff)
		}
		if o.Authorities[0].InForce != ofOne || o.Authorities[1].InForce != ofTwo {
			t.Errorf("in force are %d and %d, want %d and %d", o.Authorities[0].InForce, o.Authorities[1].InForce,
				ofOne, ofTwo)
		}
	}
	check(notary.CertificateCounts{InForce: 7, Revoked: 1}, 4, 2) // including those of the roots
	w.Clock.Advance(3 * day)
	check(notary.CertificateCounts{InForce: 6, Revoked: 1, Expired: 1}, 4, 1)
}

func TestAuthorityState(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	begun := w.Clock.Now()
	root := w.Root(t, notary.ECDSAP256)
	pending := w.Pending(t)
	state := func(id int64) *notary.AuthorityState {
		t.Helper()
		s, err := w.CA.AuthorityState(t.Context(), w.Caller(notary.ReadOnly), id)
		testkit.Check(t, err)
		return s
	}
	if s := state(pending); s.Status != notary.AuthorityPending || s.EndsSoon || s.CRLDue || s.Issued != 0 {
		t.Errorf("the pending one is %+v", s)
	}
	if s := state(root); s.CRLNumber != 0 || !s.NextUpdate.IsZero() || !s.ResponderEnd.IsZero() || s.CRLDue ||
		s.InForce != 1 || s.Issued != 1 {
		t.Errorf("the new one is %+v", s)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), root), notary.Superseded))
	_, err := w.Revocation.CRL(t.Context(), root)
	testkit.Check(t, err)
	s := state(root)
	if s.CRLNumber != begun.UnixMicro() || !s.ThisUpdate.Equal(begun) || !s.NextUpdate.Equal(begun.Add(48*time.Hour)) ||
		s.Revocations != 1 || s.Issued != 2 || s.InForce != 1 || s.CRLDue {
		t.Errorf("with a list it is %+v", s)
	}
	w.Clock.Advance(24*time.Hour + time.Second)
	if s := state(root); !s.CRLDue || s.EndsSoon {
		t.Errorf("with an old list it is %+v", s)
	}
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	if s := state(root); s.CRLDue || s.CRLNumber != w.Clock.Now().UnixMicro() {
		t.Errorf("with a new list it is %+v", s)
	}
	end := s.Authority.Certificate.NotAfter
	w.Clock.Advance(end.AddDate(0, 0, -89).Sub(w.Clock.Now()))
	if s := state(root); !s.EndsSoon || s.Status != notary.AuthorityActive {
		t.Errorf("near its end it is %+v", s)
	}
	w.Clock.Advance(end.Add(time.Second).Sub(w.Clock.Now()))
	if s := state(root); !s.EndsSoon || s.CRLDue || s.Status != notary.AuthorityExpired {
		t.Errorf("after its end it is %+v", s)
	}
}

// The overview shows what the role may see: to a requestor, the first of its own requests.
func TestOverviewByRole(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	requestor := w.Caller(notary.CertificateRequestor)
	var waiting []int64
	for range 12 {
		w.Request(t, w.Admin())
		waiting = append(waiting, w.Request(t, requestor))
	}
	late := signedUntil(t, w, requestor, root, w.Clock.Now().AddDate(0, 0, 20))
	soon := signedUntil(t, w, requestor, root, w.Clock.Now().AddDate(0, 0, 10))
	sooner := signedUntil(t, w, w.Admin(), root, w.Clock.Now().AddDate(0, 0, 5))
	ids := func(requests []*notary.Request) (ids []int64) {
		for _, r := range requests {
			ids = append(ids, r.ID)
		}
		return ids
	}
	o := overview(t, w, requestor)
	if o.Summary != nil || o.Weeks != nil || o.Authorities != nil || o.Events != nil ||
		o.Certificates != (notary.CertificateCounts{}) {
		t.Errorf("a requestor sees %+v", o)
	}
	if diff := cmp.Diff(waiting[:10], ids(o.Outstanding)); diff != "" {
		t.Errorf("of a requestor, waiting (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{soon, late}, ids(o.ExpiringRequests)); diff != "" {
		t.Errorf("of a requestor, expiring (-want +got):\n%s", diff)
	}
	o = overview(t, w, w.Caller(notary.CertificateManager))
	if diff := cmp.Diff([]int64{sooner, soon, late}, ids(o.ExpiringRequests)); diff != "" {
		t.Errorf("of all, expiring (-want +got):\n%s", diff)
	}
	if len(o.Outstanding) != 10 || len(o.Events) != 10 || len(o.Authorities) != 1 ||
		o.Summary.Requests[notary.Outstanding] != 24 {
		t.Errorf("a manager sees %d waiting, %d events, %d authorities, and %+v", len(o.Outstanding), len(o.Events),
			len(o.Authorities), o.Summary)
	}
	for _, e := range o.Events {
		if e.Object.Kind == "account" {
			t.Errorf("a manager sees %+v", e)
		}
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	sub := w.Intermediate(t, root, notary.ECDSAP256)
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), sub))
	revoked := w.Signed(t, w.Admin(), sub)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), revoked, notary.Superseded))
	short := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), short,
		ca.SignOptions{AuthorityID: sub, NotAfter: w.Clock.Now().AddDate(0, 0, 1)}))
	w.Clock.Advance(72 * time.Hour)
	got, err := w.CA.Statistics(t.Context())
	testkit.Check(t, err)
	if got.Certificates != 5 || got.Counts != (notary.CertificateCounts{InForce: 3, Expired: 1, Revoked: 1}) {
		t.Errorf("%d certificates, %+v", got.Certificates, got.Counts)
	}
	want := []notary.AuthorityCounts{
		{ID: root, CommonName: "Test Root", NotAfter: authority(t, w, root).Certificate.NotAfter, Issued: 2,
			InForce: 2},
		{ID: sub, CommonName: authority(t, w, sub).CommonName, NotAfter: authority(t, w, sub).Certificate.NotAfter,
			Issued: 3, InForce: 1, Revocations: 1, Unpublished: 1}, // nothing has asked for a CRL
	}
	if diff := cmp.Diff(want, got.Authorities); diff != "" {
		t.Errorf("authorities (-want +got):\n%s", diff)
	}
}
