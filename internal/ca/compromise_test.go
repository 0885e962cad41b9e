package ca_test

import (
	"slices"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// After a key compromise every certificate of the request is revoked, and the key is never certified again.
func TestKeyCompromise(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(w *testkit.World, id, older int64) error{
		"of the request": func(w *testkit.World, id, _ int64) error {
			return w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise)
		},
		"of an older certificate": func(w *testkit.World, _, older int64) error {
			return w.RevokeCertificate(t.Context(), w.Admin(), older, notary.KeyCompromise)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			one, two := w.Root(t, notary.ECDSAP256), w.Root(t, notary.Ed25519)
			key := testkit.Key(t, notary.ECDSAP256)
			id := requestFor(t, w, key, "a.example.com")
			testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: one,
				NotAfter: w.Clock.Now().AddDate(0, 0, 1)}))
			expired := request(t, w, id).Certificate
			w.Clock.Advance(48 * 3600e9)
			var certs []*notary.Certificate
			for _, authorityID := range []int64{one, two, one} {
				testkit.Check(t, sign(t, w, id, authorityID))
				certs = append(certs, request(t, w, id).Certificate)
			}
			testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), certs[1].ID, notary.Superseded))

			testkit.Check(t, revoke(w, id, certs[0].ID))
			wantStatus(t, w, id, notary.Revoked)
			wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{
				expired: "", certs[0]: notary.KeyCompromise, certs[1]: notary.KeyCompromise,
				certs[2]: notary.KeyCompromise})

			// The request cannot be reopened, and the key is rejected in other requests, too.
			err := w.CA.Reopen(t.Context(), w.Admin(), id)
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantText(t, err, "create a new key")
			_, err = w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "other.example.com"))
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantField(t, err, "csr")
			requestFor(t, w, testkit.Key(t, notary.ECDSAP256), "a.example.com") // a new key is accepted
		})
	}
}

// wantReasons checks the reasons in the inventory and on the CRLs; "" means not revoked.
func wantReasons(t *testing.T, w *testkit.World, want map[*notary.Certificate]notary.RevocationReason) {
	t.Helper()
	all := inventory(t, w)
	for cert, reason := range want {
		var got notary.RevocationReason
		if r := all[cert.ID].Revocation; r != nil {
			got = r.Reason
		}
		if got != reason {
			t.Errorf("certificate %d is revoked for %q, want %q", cert.ID, got, reason)
		}
		entry := listed(fetchCRL(t, w, cert.AuthorityID), cert.Serial)
		switch {
		case (entry != nil) != (reason != ""):
			t.Errorf("certificate %d is on the CRL: %v, want %v", cert.ID, entry != nil, reason != "")
		case entry != nil && entry.ReasonCode != notary.RevocationReasons[reason]:
			t.Errorf("certificate %d is on the CRL with reason %d, want %s", cert.ID, entry.ReasonCode, reason)
		}
	}
}

func TestKeyCompromiseRevokesByKey(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	one, two := requestFor(t, w, key, "one.example.com"), requestFor(t, w, key, "two.example.com")
	testkit.Check(t, sign(t, w, one, root))
	testkit.Check(t, sign(t, w, two, root))
	other := request(t, w, two).Certificate
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), one, notary.KeyCompromise))
	wantStatus(t, w, two, notary.Revoked)
	wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{other: notary.KeyCompromise})
}

// An authority with a compromised key is revoked with every certificate it has had, and gets no others.
func TestKeyCompromiseOfAnAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	sub := w.Intermediate(t, root, notary.ECDSAP256)
	older := authority(t, w, sub).Certificate
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), sub, root)) // a renewal
	newer := authority(t, w, sub).Certificate
	id := w.Request(t, w.Admin())
	testkit.Check(t, sign(t, w, id, sub)) // its key is now cached

	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), older.ID, notary.KeyCompromise))
	wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{
		older: notary.KeyCompromise, newer: notary.KeyCompromise})
	if got := authority(t, w, sub).Status(w.Clock.Now()); got != notary.AuthorityRevoked {
		t.Errorf("the authority is %s", got)
	}
	testkit.WantKind(t, sign(t, w, id, sub), notary.Conflict)
	testkit.WantKind(t, w.CA.SignAuthority(t.Context(), w.Admin(), sub, root), notary.Conflict)
}

// A root with a compromised key cannot be revoked, but it no longer signs and cannot be enabled.
func TestKeyCompromiseOfACrossSignedRoot(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := named(t, w, "One", 0), named(t, w, "Two", 0)
	cross := crossSign(t, w, one, two)
	id := w.Signed(t, w.Admin(), one)
	events := w.EventsOf(t, func() {
		testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cross, notary.KeyCompromise))
	})
	if !slices.Equal(events, []string{"certificate.revoke", "authority.disable"}) {
		t.Errorf("the events are %v", events)
	}
	wantAuthority(t, w, one, notary.AuthorityDisabled)
	testkit.WantKind(t, sign(t, w, w.Request(t, w.Admin()), one), notary.Conflict)
	err := w.CA.EnableAuthority(t.Context(), w.Admin(), one, true)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "compromised")
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded)) // its CRL is still updated
	fetchCRL(t, w, one)
}

// Earlier requests of others with the same key can no longer be signed.
func TestKeyCompromiseOfAnotherRequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	one, two := requestFor(t, w, key, "one.example.com"), requestFor(t, w, key, "two.example.com")
	testkit.Check(t, sign(t, w, one, root))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), one, notary.KeyCompromise))

	testkit.WantKind(t, sign(t, w, two, root), notary.Conflict)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	_, err := w.CA.Upload(t.Context(), w.Admin(), two, outside.Chain(t, key.Public()))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), two, ""))
	testkit.WantKind(t, w.CA.Reopen(t.Context(), w.Admin(), two), notary.Conflict)
}

func TestOtherRevocationReasons(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for reason := range notary.RevocationReasons {
		if reason == notary.KeyCompromise {
			continue
		}
		key := testkit.Key(t, notary.ECDSAP256)
		id := requestFor(t, w, key, "a.example.com")
		testkit.Check(t, sign(t, w, id, root))
		older := request(t, w, id).Certificate
		testkit.Check(t, sign(t, w, id, root))
		newer := request(t, w, id).Certificate
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, reason))
		wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{older: reason, newer: reason})
		testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
		testkit.Check(t, sign(t, w, id, root))
		requestFor(t, w, key, "b.example.com")
	}
}
