package ca_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// wantReason checks the reason on the CRL, in OCSP and in the inventory, and that the time is the first one.
func wantReason(t *testing.T, w *testkit.World, cert *notary.Certificate, reason notary.RevocationReason,
	at time.Time) {
	t.Helper()
	if got := inventory(t, w)[cert.ID].Revocation; got == nil || got.Reason != reason || !got.At.Equal(at) {
		t.Errorf("certificate %d: the inventory has %+v, want %s at %s", cert.ID, got, reason, at)
	}
	code := notary.RevocationReasons[reason]
	if entry := listed(fetchCRL(t, w, cert.AuthorityID), cert.Serial); entry == nil || entry.ReasonCode != code ||
		!entry.RevocationTime.Equal(at) {
		t.Errorf("certificate %d: the CRL has %+v, want reason %d at %s", cert.ID, entry, code, at)
	}
	if got := status(t, w, w.Revocation, cert.AuthorityID, cert.Serial); got.RevocationReason != code ||
		!got.RevokedAt.Equal(at) {
		t.Errorf("certificate %d: OCSP has reason %d at %s, want %d at %s", cert.ID, got.RevocationReason,
			got.RevokedAt, code, at)
	}
}

func wantBlocked(t *testing.T, w *testkit.World, key crypto.Signer) {
	t.Helper()
	_, err := w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "again.example.com"))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "keyCompromise")
}

// If a key turns out to be compromised after a revocation for another reason, the same calls correct the reason and
// block the key.
func TestKeyCompromiseAfterAnotherReason(t *testing.T) {
	t.Parallel()
	for name, correct := range map[string]func(w *testkit.World, id, cert int64, reason notary.RevocationReason) error{
		"of the request": func(w *testkit.World, id, _ int64, reason notary.RevocationReason) error {
			return w.RevokeRequest(t.Context(), w.Admin(), id, reason)
		},
		"of the certificate": func(w *testkit.World, _, cert int64, reason notary.RevocationReason) error {
			return w.RevokeCertificate(t.Context(), w.Admin(), cert, reason)
		},
		"of many requests": func(w *testkit.World, id, _ int64, reason notary.RevocationReason) error {
			var outcome error
			err := w.CA.RevokeMany(t.Context(), w.Admin(), ca.Many{IDs: []int64{id}}, ca.RevokeOptions{Reason: reason},
				func(o ca.Outcome) error { outcome = o.Err; return nil })
			testkit.Check(t, err)
			return outcome
		},
		"of many certificates": func(w *testkit.World, _, cert int64, reason notary.RevocationReason) error {
			var outcome error
			err := w.CA.RevokeManyCertificates(t.Context(), w.Admin(), ca.Many{IDs: []int64{cert}}, reason,
				func(o ca.Outcome) error { outcome = o.Err; return nil })
			testkit.Check(t, err)
			return outcome
		},
		"of the certificate of a deleted request": func(w *testkit.World, id, cert int64,
			reason notary.RevocationReason) error {
			if reason == notary.KeyCompromise {
				testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
			}
			return w.RevokeCertificate(t.Context(), w.Admin(), cert, reason)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root, shards := w.Root(t, notary.ECDSAP256), 3
			testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), root,
				ca.PublicationChange{Shards: &shards}))
			key := testkit.Key(t, notary.ECDSAP256)
			id := requestFor(t, w, key, "a.example.com")
			testkit.Check(t, sign(t, w, id, root))
			cert := request(t, w, id).Certificate
			at := w.Clock.Now()
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
			w.Clock.Advance(time.Hour)
			wantReason(t, w, cert, notary.Superseded, at)

			for _, again := range []notary.RevocationReason{notary.Superseded, notary.Unspecified,
				notary.PrivilegeWithdrawn} {
				err := correct(w, id, cert.ID, again)
				testkit.WantKind(t, err, notary.Conflict)
				testkit.WantText(t, err, "only keyCompromise")
			}
			published(t, w, root, cert.Shard)
			testkit.Check(t, correct(w, id, cert.ID, notary.KeyCompromise))
			wantReason(t, w, cert, notary.KeyCompromise, at)
			wantBlocked(t, w, key)
			w.Clock.Advance(time.Second)
			testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
			if entry := listed(published(t, w, root, cert.Shard), cert.Serial); entry == nil || entry.ReasonCode != 1 {
				t.Errorf("the list of shard %d has %+v", cert.Shard, entry)
			}
			testkit.WantKind(t, w.RevokeCertificate(t.Context(), w.Admin(), cert.ID, notary.KeyCompromise),
				notary.Conflict)

			last := w.Events(t)
			i := slices.IndexFunc(last, func(e notary.Event) bool { return e.Action == "certificate.correct_reason" })
			if i < 0 || last[i].Object.ID != cert.ID ||
				!strings.Contains(last[i].Details(), "reason: superseded → keyCompromise") {
				t.Errorf("no event tells of the correction: %v", last)
			}
		})
	}
}

// A request whose certificates are revoked for keyCompromise cannot be reopened or revoked again.
func TestKeyCompromisePreventsReopening(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	id := w.in(t, notary.Revoked)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
	wantStatus(t, w.World, id, notary.Revoked)
	testkit.WantKind(t, w.act(t, id, notary.Reopen), notary.Conflict)
	err := w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "already revoked (keyCompromise)")
}

// The correction for an expired certificate appears on the next CRL, although such entries are otherwise dropped.
func TestCorrectionOfAnExpiredCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	id := requestFor(t, w, key, "a.example.com")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id,
		ca.SignOptions{AuthorityID: root, NotAfter: w.Clock.Now().Add(time.Hour)}))
	cert, at := request(t, w, id).Certificate, w.Clock.Now()
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	for range 3 {
		w.Clock.Advance(13 * time.Hour)
		testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	}
	if listed(fetchCRL(t, w, root), cert.Serial) != nil {
		t.Fatal("it is still listed")
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
	wantReason(t, w, cert, notary.KeyCompromise, at)
	wantBlocked(t, w, key)
}

// Any reason can replace a hold; the revocation time remains that of the hold.
func TestRevocationAfterAHold(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	keys := []crypto.Signer{testkit.Key(t, notary.ECDSAP256), testkit.Key(t, notary.ECDSAP256)}
	before := []*x509.Certificate{o.Issue(t, keys[0].Public()), o.Issue(t, keys[1].Public())}
	at := w.Clock.Now().Add(-time.Hour)
	in := importOf(t, o)
	var held []notary.Revocation
	for _, c := range before {
		held = append(held, notary.Revocation{Serial: pki.SerialString(c.SerialNumber), At: at,
			Reason: notary.CertificateHold})
	}
	in.CRL = lastCRL(t, w, o, 41, held...)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(before...))
	testkit.Check(t, err)
	reasons := []notary.RevocationReason{notary.CessationOfOperation, notary.KeyCompromise}
	for _, c := range inventory(t, w) {
		i := slices.IndexFunc(held, func(v notary.Revocation) bool { return v.Serial == c.Serial })
		if i < 0 {
			continue
		}
		testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), c.ID, reasons[i]))
		wantReason(t, w, c, reasons[i], at)
		testkit.WantKind(t, w.RevokeCertificate(t.Context(), w.Admin(), c.ID, notary.Superseded), notary.Conflict)
	}
	wantBlocked(t, w, keys[1])
	requestFor(t, w, keys[0], "free.example.com")
}

func TestKeyCompromiseOfARevokedAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	sub := w.Intermediate(t, root, notary.ECDSAP256)
	older := authority(t, w, sub).Certificate
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), sub, root))
	newer, at := authority(t, w, sub).Certificate, w.Clock.Now()
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.CessationOfOperation))
	w.Clock.Advance(time.Hour)
	testkit.WantKind(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.Superseded), notary.Conflict)
	done, err := w.CA.RevokeAuthority(t.Context(), w.Admin(), sub, notary.KeyCompromise)
	testkit.Check(t, err)
	want := []notary.RevokedCertificate{{ID: older.ID, Serial: older.Serial, Previous: notary.CessationOfOperation},
		{ID: newer.ID, Serial: newer.Serial, Previous: notary.CessationOfOperation}}
	if diff := cmp.Diff(want, done.Revoked); diff != "" {
		t.Errorf("corrected (-want +got):\n%s", diff)
	}
	wantReason(t, w, older, notary.KeyCompromise, at)
	wantReason(t, w, newer, notary.KeyCompromise, at)
	if a := authority(t, w, sub); a.Status(w.Clock.Now()) != notary.AuthorityRevoked ||
		a.Certificate.Revocation.Reason != notary.KeyCompromise {
		t.Errorf("the authority is %s: %+v", a.Status(w.Clock.Now()), a.Certificate.Revocation)
	}
}

// If revocations race, keyCompromise prevails in any order, and of two with the same reason one succeeds.
func TestRacingReasons(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	for _, reasons := range [][]notary.RevocationReason{
		{notary.Superseded, notary.KeyCompromise},
		{notary.KeyCompromise, notary.Superseded, notary.KeyCompromise, notary.Unspecified},
		{notary.KeyCompromise, notary.KeyCompromise},
	} {
		for range 5 {
			id := w.in(t, notary.Active)
			cert := request(t, w.World, id).Certificate
			errs := testkit.Race(len(reasons), func(i int) error {
				if i%2 == 0 {
					return w.RevokeCertificate(context.Background(), w.Admin(), cert.ID, reasons[i])
				}
				return w.RevokeRequest(context.Background(), w.Admin(), id, reasons[i])
			})
			compromises := 0
			for i, err := range errs {
				if err != nil {
					testkit.WantKind(t, err, notary.Conflict)
				} else if reasons[i] == notary.KeyCompromise {
					compromises++
				}
			}
			if got := inventory(t, w.World)[cert.ID].Revocation; compromises != 1 || got == nil ||
				got.Reason != notary.KeyCompromise {
				t.Errorf("%v: %d reports of a compromise succeeded, and the revocation is %+v (%v)", reasons,
					compromises, got, errs)
			}
			wantStatus(t, w.World, id, notary.Revoked)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}
