package ca_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// renewed returns a request with an expired certificate, an older one from before a renewal, and the current one.
func renewed(t *testing.T, w *testkit.World, issuer int64) (id int64, expired, older, current *notary.Certificate) {
	t.Helper()
	id = w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id,
		ca.SignOptions{AuthorityID: issuer, NotAfter: w.Clock.Now().Add(time.Hour)}))
	expired = request(t, w, id).Certificate
	w.Clock.Advance(2 * time.Hour)
	testkit.Check(t, sign(t, w, id, issuer))
	older = request(t, w, id).Certificate
	testkit.Check(t, sign(t, w, id, issuer))
	return id, expired, older, request(t, w, id).Certificate
}

func isRevoked(t *testing.T, w *testkit.World, c *notary.Certificate) bool {
	t.Helper()
	return inventory(t, w)[c.ID].Revocation != nil
}

// Revoking a request also revokes its older valid certificates.
func TestRevokingARequestRevokesItsOlderCertificates(t *testing.T) {
	t.Parallel()
	for _, reason := range []notary.RevocationReason{notary.Superseded, notary.KeyCompromise} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			id, expired, older, current := renewed(t, w, w.Root(t, notary.ECDSAP256))
			done, err := w.CA.RevokeRequest(t.Context(), w.Admin(), id, ca.RevokeOptions{Reason: reason})
			testkit.Check(t, err)
			want := ca.Revocations{Revoked: []notary.RevokedCertificate{{ID: older.ID, Serial: older.Serial},
				{ID: current.ID, Serial: current.Serial}}}
			if diff := cmp.Diff(want, done); diff != "" {
				t.Errorf("revoked (-want +got):\n%s", diff)
			}
			wantStatus(t, w, id, notary.Revoked)
			wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{expired: "", older: reason,
				current: reason})
			event := w.Events(t)[0]
			for _, e := range w.Events(t) {
				if e.Action == "request.revoke" {
					event = e
				}
			}
			if !event.Refers("certificate", older.ID) {
				t.Errorf("the event does not name the certificate %d: %+v", older.ID, event)
			}
			history, err := w.CA.History(t.Context(), w.Admin(), id)
			testkit.Check(t, err)
			n := 0
			for _, e := range history {
				if e.Action == "certificate.revoke" {
					n++
				}
			}
			if n != 1 {
				t.Errorf("the history tells of %d revocations of older certificates, want 1", n)
			}
		})
	}
}

// With only_current the older certificates stay valid. keyCompromise excludes it.
func TestRevokingOnlyTheCurrentCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id, _, older, current := renewed(t, w, w.Root(t, notary.ECDSAP256))
	_, err := w.CA.RevokeRequest(t.Context(), w.Admin(), id, ca.RevokeOptions{Reason: notary.KeyCompromise,
		OnlyCurrent: true})
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "only_current")
	done, err := w.CA.RevokeRequest(t.Context(), w.Admin(), id,
		ca.RevokeOptions{Reason: notary.Superseded, OnlyCurrent: true})
	testkit.Check(t, err)
	if diff := cmp.Diff([]notary.RevokedCertificate{{ID: current.ID, Serial: current.Serial}},
		done.Revoked); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
	wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{older: "", current: notary.Superseded})
	wantStatus(t, w, id, notary.Revoked)
	_, err = w.CA.RevokeRequest(t.Context(), w.Admin(), id,
		ca.RevokeOptions{Reason: notary.Superseded, OnlyCurrent: true})
	testkit.WantKind(t, err, notary.Conflict)
}

// A valid certificate of an external CA is reported. If it is the current one, nothing is revoked.
func TestRevokingARequestWithAnUploadedCertificate(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	id := w.Request(t, w.Admin())
	testkit.Check(t, w.act(t, id, notary.Upload))
	outside := request(t, w.World, id).Certificate
	testkit.Check(t, w.act(t, id, notary.Sign))
	current := request(t, w.World, id).Certificate
	done, err := w.CA.RevokeRequest(t.Context(), w.Admin(), id, ca.RevokeOptions{Reason: notary.Superseded})
	testkit.Check(t, err)
	if len(done.Revoked) != 1 || done.Revoked[0].ID != current.ID || len(done.NotRevoked) != 1 ||
		done.NotRevoked[0].ID != outside.ID {
		t.Errorf("revoked %+v", done)
	}
	testkit.WantText(t, done.NotRevoked[0].Err, "revoke it where it was issued")

	id = w.in(t, notary.Active)
	older := request(t, w.World, id).Certificate
	testkit.Check(t, w.act(t, id, notary.Upload))
	_, err = w.CA.RevokeRequest(t.Context(), w.Admin(), id, ca.RevokeOptions{Reason: notary.Superseded})
	testkit.WantKind(t, err, notary.Unprocessable)
	if isRevoked(t, w.World, older) {
		t.Error("the older certificate is revoked nevertheless")
	}
}

func TestRevocationRacesWithRenewal(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	for range 10 {
		id := w.in(t, notary.Active)
		errs := testkit.Race(3, func(i int) error {
			return w.act(t, id, []notary.Action{notary.Sign, notary.Revoke, notary.Sign}[i])
		})
		if errs[1] != nil {
			testkit.WantKind(t, errs[1], notary.Conflict)
			continue
		}
		all, err := w.CA.CertificatesOfRequest(t.Context(), w.Admin(), id)
		testkit.Check(t, err)
		for _, c := range all {
			if c.Revocation == nil && request(t, w.World, id).Status == notary.Revoked {
				t.Errorf("the request is revoked, and certificate %d is valid", c.ID)
			}
		}
	}
}

// An authority's current certificate is skipped because everything below depends on it.
func TestRevokeManyCertificates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	sub := w.Intermediate(t, root, notary.ECDSAP256)
	for range 3 {
		w.Signed(t, w.Admin(), root)
	}
	own := authority(t, w, sub).Certificate
	no := false
	m := ca.Many{Filter: &notary.Filter{AuthorityID: root, Revoked: &no}}
	matched, err := w.CA.SelectCertificates(t.Context(), w.Admin(), *m.Filter)
	testkit.Check(t, err)
	n := matched.Count
	wrong := n + 1
	m.Expected = &wrong
	outcomes := map[int64]ca.Outcome{}
	revoke := func() error {
		return w.CA.RevokeManyCertificates(t.Context(), w.Admin(), m, notary.Superseded, func(o ca.Outcome) error {
			outcomes[o.ID] = o
			return nil
		})
	}
	testkit.WantKind(t, revoke(), notary.Conflict)
	if len(outcomes) != 0 {
		t.Errorf("with another number, %v was done", outcomes)
	}
	m.Expected = &n
	testkit.Check(t, revoke())
	revoked := 0
	for id, o := range outcomes {
		if o.Err == nil {
			revoked++
			if len(o.Revocations.Revoked) != 1 || o.Revocations.Revoked[0].ID != id {
				t.Errorf("certificate %d: %+v", id, o.Revocations)
			}
		}
	}
	if revoked != 3 || len(outcomes) != int(n) {
		t.Errorf("%d of %d are revoked, want 3", revoked, n)
	}
	testkit.WantKind(t, outcomes[own.ID].Err, notary.Conflict)
	testkit.WantText(t, outcomes[own.ID].Err, "revoke the CA")
	wantAuthority(t, w, sub, notary.AuthorityActive)
}
