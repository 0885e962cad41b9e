package revocation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/issuance"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

// The responder is created when first needed, in one transaction with its event.
func TestResponderIsCreatedOnce(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var first *x509.Certificate
	actions := w.EventsOf(t, func() {
		first = responderOf(t, w, w.Revocation, root)
		responderOf(t, w, w.Revocation, root)
	})
	if diff := cmp.Diff([]string{"authority.responder"}, actions); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	cert, _, err := w.Store.Responder(t.Context(), root)
	testkit.Check(t, err)
	recorded := inventory(t, w)[cert.ID]
	if recorded == nil || !parsed(t, cert).Equal(first) || recorded.Profile != notary.OCSPProfile ||
		recorded.ProfileVersion != 1 || recorded.AuthorityID != root {
		t.Errorf("the inventory has %+v", recorded)
	}
	w.Reopen(t)
	if again := responderOf(t, w, w.Revocation, root); !again.Equal(first) {
		t.Error("after a restart another responder answers")
	}
	// It does not prevent the deletion of the authority.
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, false))
}

// If several nodes need a responder concurrently, one creates it for all.
func TestResponderOfTwoNodes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	services := make([]*testkit.Node, 4)
	for i := range services {
		var err error
		services[i], err = testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
		testkit.Check(t, err)
	}
	issuer, serial := authorityCertificate(t, w, root), authority(t, w, root).Certificate.Serial
	request := ask(t, issuer, serial, sha1Hash)
	answers := make([]revocation.OCSPResponse, len(services))
	actions := w.EventsOf(t, func() {
		testkit.Race(len(services), func(i int) error {
			answers[i] = services[i].Revocation.OCSP(t.Context(), root, request)
			return nil
		})
	})
	if diff := cmp.Diff([]string{"authority.responder"}, actions); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	first := readAnswer(t, w, answers[0], issuer, serial).Certificate
	for i, answer := range answers {
		if got := readAnswer(t, w, answer, issuer, serial).Certificate; !got.Equal(first) {
			t.Errorf("node %d has a responder of its own", i)
		}
	}
}

// The periodic job replaces a responder after half of its validity, for all nodes. Authorities without OCSP requests
// get none.
func TestResponderIsRenewedPeriodically(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, unused := w.Root(t, notary.ECDSAP256), newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1})
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	first := responderOf(t, w, w.Revocation, root)
	responderOf(t, w, other.Revocation, root)
	last := first
	for _, tt := range []struct {
		wait    time.Duration
		renewed bool
	}{
		{0, false}, {3 * 24 * time.Hour, false}, {13 * time.Hour, true}, {3 * 24 * time.Hour, false},
		{13 * time.Hour, true},
	} {
		w.Clock.Advance(tt.wait)
		testkit.Check(t, w.Revocation.RenewResponders(t.Context()))
		got := responderOf(t, w, w.Revocation, root)
		if renewed := !got.Equal(last); renewed != tt.renewed {
			t.Errorf("%v later it is another responder: %v, want %v", tt.wait, renewed, tt.renewed)
		}
		last = got
	}
	if got := responderOf(t, w, other.Revocation, root); !got.Equal(last) {
		t.Error("the other node has not taken the new one")
	}
	if cert, _, err := w.Store.Responder(t.Context(), unused); cert != nil || err != nil {
		t.Errorf("an authority without OCSP requests has a responder: %v (%v)", cert, err)
	}
}

// If the periodic job has not renewed a responder, a request does.
func TestResponderIsRenewedOnDemand(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	seen := map[string]bool{}
	for range 30 {
		seen[responderOf(t, w, w.Revocation, root).SerialNumber.String()] = true
		w.Clock.Advance(24*time.Hour + time.Minute)
	}
	if len(seen) < 5 || len(seen) > 6 {
		t.Errorf("in 30 days %d responders answered", len(seen))
	}
}

// A responder that expires with its authority is not replaced by another that does.
func TestResponderOfAnExpiringAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		NotAfter: w.Clock.Now().Add(2 * time.Hour)})
	first := responderOf(t, w, w.Revocation, root)
	for range 11 {
		w.Clock.Advance(10*time.Minute + time.Second)
		testkit.Check(t, w.Revocation.RenewResponders(t.Context()))
		if got := responderOf(t, w, w.Revocation, root); !got.Equal(first) {
			t.Fatal("it was replaced")
		}
	}
	w.Clock.Advance(10 * time.Minute)
	testkit.Check(t, w.Revocation.RenewResponders(t.Context()))
	wantRefused(t, w.Revocation.OCSP(t.Context(), root, ask(t, first, "01", sha1Hash)), issuance.OCSPUnauthorized)
}

func TestResponderIsRevoked(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	first := responderOf(t, w, w.Revocation, root)
	responderOf(t, w, other.Revocation, root)
	cert, _, err := w.Store.Responder(t.Context(), root)
	testkit.Check(t, err)
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cert.ID, notary.KeyCompromise))
	second := responderOf(t, w, w.Revocation, root)
	if second.Equal(first) {
		t.Error("the revoked one still answers")
	}
	w.Clock.Advance(time.Second)
	if got := responderOf(t, w, other.Revocation, root); !got.Equal(second) {
		t.Error("on the other node the revoked one still answers")
	}
	if got := status(t, w, w.Revocation, root, cert.Serial); got.Status != ocsp.Revoked {
		t.Errorf("its own status is %d", got.Status)
	}
}

// While no new responder can be recorded, the last one responds until it expires.
func TestResponderOutlastsADatabaseThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	first := responderOf(t, w, w.Revocation, root)
	w.Exec(t, `ALTER TABLE event RENAME COLUMN detail TO hidden`)
	w.Clock.Advance(6 * 24 * time.Hour)
	if got := responderOf(t, w, w.Revocation, root); !got.Equal(first) {
		t.Error("it was replaced")
	}
	w.Reopen(t)
	if got := responderOf(t, w, w.Revocation, root); !got.Equal(first) {
		t.Error("after a restart it was replaced")
	}
	w.Clock.Advance(25 * time.Hour)
	request := ask(t, authorityCertificate(t, w, root), "01", sha1Hash)
	wantRefused(t, w.Revocation.OCSP(t.Context(), root, request), issuance.OCSPInternalError)
	w.Exec(t, `ALTER TABLE event RENAME COLUMN hidden TO detail`)
}
