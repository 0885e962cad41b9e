package revocation_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

// keep advances the clock by a second and updates the CRLs.
func keep(t testing.TB, w *testkit.World) {
	t.Helper()
	w.Clock.Advance(time.Second)
	testkit.Check(t, revocation.KeepOnce(t.Context(), w.Revocation))
}

// Fetching a published CRL waits only for the very first to be built. Revocations appear on it without a request.
func TestPublishedCRLIsBuiltOnFirstRequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	wantIssued := func(want int) {
		t.Helper()
		if n := issuedCRLs(t, w, root); n != want {
			t.Errorf("%d lists are issued, want %d", n, want)
		}
	}
	first := revoked(t, w, root)
	if list := published(t, w, root, 0); listed(list, first.Serial) == nil {
		t.Errorf("the first list has %d entries", len(list.RevokedCertificateEntries))
	}
	second := revoked(t, w, root)
	published(t, w, root, 0)
	wantIssued(1)
	keep(t, w)
	if list := published(t, w, root, 0); listed(list, second.Serial) == nil {
		t.Errorf("later the list has %d entries", len(list.RevokedCertificateEntries))
	}
	for range 3 {
		keep(t, w)
	}
	published(t, w, root, 0)
	wantIssued(2)
	w.Reopen(t) // the first after a start is new
	published(t, w, root, 0)
	published(t, w, root, 0)
	wantIssued(3)
	third := revoked(t, w, root)
	if list := fetchCRL(t, w, root); listed(list, third.Serial) == nil {
		t.Error("the API's own list is behind")
	}
	if list := published(t, w, root, 0); listed(list, third.Serial) == nil {
		t.Error("the CRL built by the API is not published")
	}
}

func TestPublishedCRLsByStatus(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	disabled, ended, gone := w.Intermediate(t, root, notary.ECDSAP256), w.Intermediate(t, root, notary.Ed25519),
		w.Root(t, notary.ECDSAP256)
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		NotAfter: w.Clock.Now().Add(72 * time.Hour)})
	pending := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	all := []int64{root, disabled, ended, gone, short}
	for _, id := range all {
		revoked(t, w, id)
		published(t, w, id, 0)
	}
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), ended, notary.Superseded))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), gone, true))
	w.Clock.Advance(100 * time.Hour)
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	keep(t, w)
	for _, id := range []int64{root, disabled, ended} {
		if list := published(t, w, id, 0); list.NextUpdate.Before(w.Clock.Now()) || issuedCRLs(t, w, id) < 2 {
			t.Errorf("authority %d: at %v the list number %v ends at %v", id, w.Clock.Now(), list.Number,
				list.NextUpdate)
		}
	}
	last := published(t, w, short, 0)
	w.Reopen(t)
	if again := published(t, w, short, 0); issuedCRLs(t, w, short) != 1 || last.Number.Cmp(again.Number) != 0 {
		t.Errorf("the expired authority has the lists %v and %v, want its last one", last.Number, again.Number)
	}
	for id, kind := range map[int64]notary.Kind{gone: notary.NotFound, pending: notary.Conflict,
		missingID: notary.NotFound} {
		_, err := w.Revocation.PublishedCRL(t.Context(), id, 0)
		testkit.WantKind(t, err, kind)
		_, err = w.Revocation.PublishedCRL(t.Context(), id, 1)
		testkit.WantKind(t, err, kind)
	}
	_, err := w.Revocation.PublishedCRL(t.Context(), root, 1)
	testkit.WantKind(t, err, notary.NotFound)
}

// An entry whose certificate has expired is on one more CRL and then on none (RFC 5280, section 3.3).
func TestExpiredEntriesAppearOnceMore(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id,
		ca.SignOptions{AuthorityID: root, NotAfter: w.Clock.Now().Add(time.Hour)}))
	serial := request(t, w, id).Certificate.Serial
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
	stays := revoked(t, w, root)
	for i, want := range []bool{true, true, false, false} {
		list := published(t, w, root, 0)
		if got := listed(list, serial) != nil; got != want || listed(list, stays.Serial) == nil {
			t.Errorf("list %d, of %v, has the entry: %v", i, list.ThisUpdate, got)
		}
		w.Clock.Advance(13 * time.Hour)
		testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	}
	w.Clock.Advance(-20 * time.Hour) // the newest CRL is from the future and proves nothing
	if list := fetchCRL(t, w, root); listed(list, serial) == nil || listed(list, stays.Serial) == nil {
		t.Error("after the clock was set back an entry is missing")
	}
}

// A revocation by a clock that is ahead is not later than its CRL.
func TestRevocationWithAClockAhead(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	w.Clock.Advance(time.Minute)
	cert := revoked(t, w, root)
	w.Clock.Advance(-time.Minute)
	list := published(t, w, root, 0)
	if entry := listed(list, cert.Serial); entry == nil || entry.RevocationTime.After(w.Clock.Now()) {
		t.Errorf("the entry is %+v on a list of %v", entry, list.ThisUpdate)
	}
}

// Relying parties whose clocks are up to a minute late accept a CRL at once: OpenSSL rejects CRLs from the future.
func TestCRLsAreBackdated(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	leaf := request(t, w, w.Signed(t, w.Admin(), root)).Certificate
	revoked(t, w, root)
	crl, err := w.Revocation.PublishedCRL(t.Context(), root, 0)
	testkit.Check(t, err)
	late := w.Clock.Now().Add(-50 * time.Second)
	if says, ok := opensslAccepts(t, late, leaf, crl); !ok {
		t.Error(says)
	}
}

// The loop does in real time what the other tests do step by step.
func TestKeepCRLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	published(t, w, root, 0)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Revocation.KeepCRLs(ctx, testkit.Always(20*time.Millisecond))
	}()
	for range 5 {
		cert := revoked(t, w, root)
		w.Clock.Advance(time.Second)
		for listed(published(t, w, root, 0), cert.Serial) == nil {
			time.Sleep(time.Millisecond) // bounded by the test's time limit
		}
	}
	cancel()
	<-ended
}

// While two nodes revoke and build CRLs, numbers only increase, and acknowledged revocations are on the next CRLs of
// both.
func TestCRLsDuringConcurrentRevocations(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	shards := 4
	testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), root, ca.PublicationChange{Shards: &shards}))
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, PublishURL: testkit.PublishURL})
	testkit.Check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	for _, s := range []*revocation.Service{w.Revocation, other.Revocation} {
		go func() {
			s.KeepCRLs(ctx, testkit.Always(10*time.Millisecond))
			ended <- struct{}{}
		}()
	}
	const callers, each = 64, 3
	var certs [callers * each]*notary.Certificate
	var ids [callers * each]int64
	for i := range ids {
		ids[i] = w.Signed(t, w.Admin(), root)
		certs[i] = request(t, w, ids[i]).Certificate
	}
	for i, err := range testkit.Race(callers, func(i int) error {
		for n := i * each; n < (i+1)*each; n++ {
			if err := w.RevokeRequest(t.Context(), w.Admin(), ids[n], notary.Superseded); err != nil {
				return err
			}
			w.Clock.Advance(time.Second)
			list, err := readCRL(t.Context(), w, root)
			if err != nil {
				return err
			}
			if listed(list, certs[n].Serial) == nil {
				return fmt.Errorf("CRL %d lacks the latest revocation", list.Number)
			}
			if _, err := other.Revocation.PublishedCRL(t.Context(), root, certs[n].Shard); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	cancel()
	<-ended
	<-ended
	keep(t, w) // waits for CRLs that the loops have interrupted
	keep(t, w)
	testkit.Check(t, revocation.KeepOnce(t.Context(), other.Revocation))
	for _, cert := range certs {
		for _, shard := range []int{0, cert.Shard} {
			if listed(published(t, w, root, shard), cert.Serial) == nil {
				t.Errorf("the list of shard %d lacks the certificate %d of shard %d", shard, cert.ID, cert.Shard)
			}
			there, err := other.Revocation.PublishedCRL(t.Context(), root, shard)
			testkit.Check(t, err)
			here, err := w.Revocation.PublishedCRL(t.Context(), root, shard)
			testkit.Check(t, err)
			if there.Number != here.Number {
				t.Errorf("shard %d: the numbers are %d here and %d there", shard, here.Number, there.Number)
			}
		}
	}
}

// A CRL that another node is building is awaited, unless that node is gone.
func TestAnotherNodesCRLIsAwaited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	published(t, w, root, 0)
	cert := revoked(t, w, root)
	w.Exec(t, `UPDATE crl SET known = 1`) // as if it had a number and were being built
	keep(t, w)
	if list := published(t, w, root, 0); listed(list, cert.Serial) != nil {
		t.Error("it was not waited for")
	}
	keep(t, w)
	if list := published(t, w, root, 0); listed(list, cert.Serial) == nil {
		t.Error("still waiting for a node that is gone")
	}
}

// A partitioned CRL is regenerated only if its shard has changed.
func TestOnlyChangedShardsAreRegenerated(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, shards := w.Root(t, notary.ECDSAP256), 3
	testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), root, ca.PublicationChange{Shards: &shards}))
	inShard := map[int]int64{} // a request in each
	for len(inShard) < shards {
		id := w.Signed(t, w.Admin(), root)
		inShard[request(t, w, id).Certificate.Shard] = id
	}
	numbers := func() map[int]int64 {
		all := map[int]int64{}
		for shard := range shards + 1 {
			all[shard] = published(t, w, root, shard).Number.Int64()
		}
		return all
	}
	want := numbers()
	for shard := 1; shard <= shards; shard++ {
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), inShard[shard], notary.Superseded))
		keep(t, w)
		got := numbers()
		if got[0] <= want[0] || got[shard] <= want[shard] {
			t.Errorf("after a revocation in shard %d the numbers are %v, before %v", shard, got, want)
		}
		want[0], want[shard] = got[0], got[shard]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("other CRLs were built (-want +got):\n%s", diff)
		}
	}
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	if diff := cmp.Diff(want, numbers()); diff != "" {
		t.Errorf("young CRLs were regenerated (-want +got):\n%s", diff)
	}
	w.Clock.Advance(13 * time.Hour)
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	for shard, number := range numbers() {
		if number <= want[shard] {
			t.Errorf("the list of shard %d has grown old", shard)
		}
	}
	urls := issuance.ListURLs(published(t, w, root, 1).Raw)
	if diff := cmp.Diff([]string{fmt.Sprintf("%s/crl/%d-1.crl", testkit.PublishURL, root)}, urls); diff != "" {
		t.Errorf("the list is for (-want +got):\n%s", diff)
	}
}
