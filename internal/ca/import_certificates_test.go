package ca_test

import (
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// A root uploaded for a request can be imported once the request is deleted. It is of version 1, which cannot say
// that it is a CA.
func TestImportOfACertificateOfARequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	current := o.Certificate
	o.Certificate = testkit.Reissue(t, current, o.Key, testkit.Form{Version1: true, Serial: []byte{7}})
	of := requestFor(t, w, o.Key, "root.example.com")
	uploaded, err := w.CA.Upload(t.Context(), w.Admin(), of, testkit.PEM(o.Certificate))
	testkit.Check(t, err)
	refused := func(err error, field string) {
		t.Helper()
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantField(t, err, field)
		testkit.WantText(t, err, fmt.Sprintf("certificate request %d: delete", of))
	}
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	refused(err, "certificate_chain")

	other := *o
	other.Certificate = current
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, &other))
	testkit.Check(t, err)
	refused(w.CA.UseCertificate(t.Context(), w.Admin(), id, uploaded), "certificate_id")
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))

	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), of))
	again, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	if used := authority(t, w, again).Certificate.ID; again != id || used != uploaded {
		t.Errorf("the authority %d uses the certificate %d, want %d and %d", again, used, id, uploaded)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

func TestImportCertificatesErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o, other := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()),
		testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	key := testkit.Key(t, notary.ECDSAP256).Public()
	good := o.Issue(t, key)
	same := o.Issue(t, key, func(c *x509.Certificate) { c.SerialNumber = good.SerialNumber })
	before := len(inventory(t, w))
	for name, c := range map[string]struct {
		bundle string
		kind   notary.Kind
		words  string
	}{
		"nothing":                {"", notary.Invalid, "no certificates"},
		"of another":             {testkit.PEM(good, other.Issue(t, key)), notary.Invalid, "certificate 2"},
		"the same serial number": {testkit.PEM(good, same), notary.Conflict, "certificate 2 has the serial number"},
		"something else among them": {testkit.PEM(good) + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
			notary.Invalid, "X509 CRL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.CA.ImportCertificates(t.Context(), w.Admin(), id, c.bundle)
			testkit.WantKind(t, err, c.kind)
			testkit.WantText(t, err, c.words)
		})
	}
	if after := len(inventory(t, w)); after != before {
		t.Errorf("%d certificates were recorded", after-before)
	}
}

// A key reported as compromised stays blocked, and a compromise listed on an imported CRL takes effect.
func TestImportedCompromise(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	key := testkit.Key(t, notary.ECDSAP256)
	leaf := o.Issue(t, key.Public())
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 1, notary.Revocation{Serial: pki.SerialString(leaf.SerialNumber), At: w.Clock.Now(),
		Reason: notary.KeyCompromise})
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(leaf))
	testkit.Check(t, err)
	_, err = w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "a.example.com"))
	testkit.WantKind(t, err, notary.Conflict)

	// An additional certificate for the key that is imported later is revoked, unless it has expired.
	late, expired := o.Issue(t, key.Public()), o.Issue(t, key.Public(),
		func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Minute) })
	done, err := w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(late, expired))
	testkit.Check(t, err)
	if done.Imported != 2 || done.Revoked != 1 {
		t.Errorf("the import is %+v", done)
	}
	if _, entries := entriesOf(t, w, id); entries[pki.SerialString(late.SerialNumber)].Reason != notary.KeyCompromise {
		t.Errorf("the entries are %v", entries)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// The only certificate of an authority is on the CRL with which the authority is imported again.
func TestImportRevokesTheOnlyCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256)
	in := importOf(t, o)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	signed := w.Signed(t, w.Admin(), id)
	in.CRL = lastCRL(t, w, o, w.Clock.Now().UnixMicro()+1, notary.Revocation{Serial: request(t, w,
		signed).Certificate.Serial, At: w.Clock.Now(), Reason: notary.Superseded})
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	wantStatus(t, w, signed, notary.Revoked)
}
