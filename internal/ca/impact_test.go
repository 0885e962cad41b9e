package ca_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func impactOf(t testing.TB, w *testkit.World, id int64) *notary.Impact {
	t.Helper()
	impact, err := w.CA.Impact(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	return impact
}

// The impact counts valid end-entity certificates below an authority at any depth, without OCSP responders.
func TestImpact(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	upper := w.Intermediate(t, root, notary.ECDSAP256)
	lower := w.Intermediate(t, upper, notary.ECDSAP256)
	w.Signed(t, w.Admin(), w.Root(t, notary.ECDSAP256)) // of another authority
	mine := w.Caller(notary.CertificateRequestor)
	ends := []time.Time{w.Clock.Now().Add(time.Hour), w.Clock.Now().AddDate(0, 1, 0), w.Clock.Now().AddDate(0, 2, 0),
		w.Clock.Now().AddDate(0, 3, 0)}
	var ids []int64
	for i, end := range ends {
		caller := mine
		if i == 3 {
			caller = w.Admin()
		}
		id := w.Request(t, caller)
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: []int64{upper, lower}[i%2],
			NotAfter: end}))
		ids = append(ids, id)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), ids[2], notary.Superseded))
	w.Clock.Advance(2 * time.Hour) // the first has expired
	testkit.Check(t, w.Revocation.RenewResponders(t.Context()))

	got := impactOf(t, w, root)
	last := request(t, w, ids[3]).Certificate.NotAfter
	month := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }
	want := &notary.Impact{Certificates: 2, First: request(t, w, ids[1]).Certificate.NotAfter, Last: last,
		Requesters: []notary.RequesterImpact{{Email: mine.Principal.Name, Certificates: 1},
			{Email: w.Admin().Principal.Name, Certificates: 1}},
		Months: []notary.MonthImpact{{Month: month(ends[1]), Certificates: 1}, {Month: month(ends[3]), Certificates: 1}},
		Authorities: []notary.SubordinateImpact{
			{ID: upper, CommonName: authority(t, w, upper).CommonName, NotAfter: authority(t, w, upper).Certificate.NotAfter},
			{ID: lower, CommonName: authority(t, w, lower).CommonName, NotAfter: authority(t, w, lower).Certificate.NotAfter,
				Certificates: 2},
		}}
	if want.Requesters[0].Email > want.Requesters[1].Email {
		want.Requesters[0], want.Requesters[1] = want.Requesters[1], want.Requesters[0]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the impact (-want +got):\n%s", diff)
	}
	if got := impactOf(t, w, lower); got.Certificates != 2 || len(got.Authorities) != 0 {
		t.Errorf("of the lowest: %+v", got)
	}
	// Certificates of a deleted authority are still counted, as are those of a revoked one.
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), lower, true))
	got = impactOf(t, w, root)
	if got.Certificates != 2 || !got.Authorities[1].Deleted {
		t.Errorf("after the deletion: %+v", got)
	}
	_, err := w.CA.Impact(t.Context(), w.Admin(), nothing)
	testkit.WantKind(t, err, notary.NotFound)
}

// Beyond a limit the impact is a lower bound. The first and last expiry remain exact.
func TestImpactOfMany(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ca.SetMaxImpact(w.CA, 5, 3)
	root := w.Root(t, notary.ECDSAP256)
	lower := w.Intermediate(t, root, notary.ECDSAP256)
	var first, last time.Time
	for i := range 5 {
		for _, issuer := range []int64{root, lower} {
			id := w.Request(t, w.Admin())
			testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: issuer,
				NotAfter: w.Clock.Now().AddDate(0, 0, 1+i)}))
			if last = request(t, w, id).Certificate.NotAfter; first.IsZero() {
				first = last
			}
		}
	}
	got := impactOf(t, w, root)
	if !got.AtLeast || got.Certificates < 2 || got.Certificates > 5 || !got.Authorities[0].AtLeast {
		t.Errorf("the impact is %+v", got)
	}
	if !got.First.Equal(first) || !got.Last.Equal(last) {
		t.Errorf("it spans from %v to %v, want %v to %v", got.First, got.Last, first, last)
	}
}

func TestImpactOnManyRequesters(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for i := range 12 {
		caller := w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
		for range 1 + i/11 {
			w.Signed(t, caller, root)
		}
	}
	got := impactOf(t, w, root)
	if len(got.Requesters) != 10 || got.Requesters[0].Certificates != 2 || got.Others != 2 || got.Certificates != 13 {
		t.Errorf("the impact is %+v", got)
	}
}
