package revocation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"notary"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

// Another node publishes the corrected reason within a second: it replaces its CRL and cached OCSP responses.
func TestOtherNodesSeeTheCorrection(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, PublishURL: testkit.PublishURL})
	testkit.Check(t, err)
	id := w.Signed(t, w.Admin(), root)
	serial := serialOf(t, w, id)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	reasonThere := func() (inOCSP, onCRL int) {
		crl, err := other.Revocation.PublishedCRL(t.Context(), root, 0)
		testkit.Check(t, err)
		list, err := x509.ParseRevocationList(crl.DER)
		testkit.Check(t, err)
		return status(t, w, other.Revocation, root, serial).RevocationReason, listed(list, serial).ReasonCode
	}
	if inOCSP, onCRL := reasonThere(); inOCSP != 4 || onCRL != 4 {
		t.Errorf("before: %d in OCSP, %d on the CRL", inOCSP, onCRL)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
	w.Clock.Advance(time.Second)
	testkit.Check(t, revocation.KeepOnce(t.Context(), other.Revocation))
	if inOCSP, onCRL := reasonThere(); inOCSP != 1 || onCRL != 1 {
		t.Errorf("after: %d in OCSP, %d on the CRL", inOCSP, onCRL)
	}
}
