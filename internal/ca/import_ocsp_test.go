package ca_test

import (
	"crypto/x509"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// OCSP reports the entries of an imported CRL, including holds, before and after the certificate is recorded.
func TestOCSPOfAnImportedAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	key := testkit.Key(t, notary.ECDSAP256).Public()
	held, good := o.Issue(t, key), o.Issue(t, key)
	in := importOf(t, o)
	at := w.Clock.Now().Add(-time.Hour).Truncate(time.Second)
	in.CRL = lastCRL(t, w, o, 1, notary.Revocation{Serial: pki.SerialString(held.SerialNumber), At: at,
		Reason: notary.CertificateHold})
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	want := func(c *x509.Certificate, is int) {
		t.Helper()
		got := status(t, w, w.Revocation, id, pki.SerialString(c.SerialNumber))
		if got.Status != is {
			t.Errorf("the status is %d, want %d", got.Status, is)
		}
		if is == ocsp.Revoked && (got.RevocationReason != ocsp.CertificateHold || !got.RevokedAt.Equal(at)) {
			t.Errorf("revoked at %s for reason %d", got.RevokedAt, got.RevocationReason)
		}
	}
	want(held, ocsp.Revoked)
	want(good, ocsp.Unknown)
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(held, good))
	testkit.Check(t, err)
	want(held, ocsp.Revoked)
	want(good, ocsp.Good)
}

// A cached OCSP response is not served after an import that revokes its certificate.
func TestImportInvalidatesOCSPResponses(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	in := importOf(t, o)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	serial := serialOf(t, w, w.Signed(t, w.Admin(), id))
	for range 2 { // the second response may be cached
		if got := status(t, w, w.Revocation, id, serial); got.Status != ocsp.Good {
			t.Fatalf("the status is %d before", got.Status)
		}
	}
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	in.CRL = lastCRL(t, w, o, w.Clock.Now().UnixMicro()+1, notary.Revocation{Serial: serial, At: w.Clock.Now(),
		Reason: notary.Superseded})
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	if got := status(t, w, w.Revocation, id, serial); got.Status != ocsp.Revoked {
		t.Errorf("the status is %d after it was revoked, want %d", got.Status, ocsp.Revoked)
	}
}

// A subordinate CA imported before its root is revoked once both the root's CRL and the certificate have been
// imported.
func TestImportRevokesAnAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	below := root.Intermediate(t, notary.ECDSAP256)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, below))
	testkit.Check(t, err)
	leaf := w.Request(t, w.Admin())
	testkit.Check(t, sign(t, w, leaf, id))
	in := importOf(t, root)
	in.CRL = lastCRL(t, w, root, 3, notary.Revocation{Serial: pki.SerialString(below.Certificate.SerialNumber),
		At: w.Clock.Now(), Reason: notary.CACompromise})
	rootID, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), rootID, testkit.PEM(below.Certificate))
	testkit.Check(t, err)
	wantAuthority(t, w, id, notary.AuthorityRevoked)
	if authority(t, w, id).Enabled {
		t.Error("the revoked authority is enabled")
	}
	testkit.WantKind(t, sign(t, w, w.Request(t, w.Admin()), id), notary.Conflict)
	if number, entries := entriesOf(t, w, rootID); number <= 3 || len(entries) != 1 {
		t.Errorf("the root's list %d has %d entries, want 1", number, len(entries))
	}
}
