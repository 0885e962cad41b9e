package ca_test

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func withSerial(hex string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.SerialNumber, _ = new(big.Int).SetString(hex, 16) }
}

// Serial numbers of 160 bits, whose DER has 21 octets, work from every source.
func TestSerialOf160Bits(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	serials := []string{strings.Repeat("dd", 20), "80" + strings.Repeat("00", 19), strings.Repeat("ff", 20)}
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 1, notary.Revocation{Serial: serials[0], At: w.Clock.Now().Add(-1),
		Reason: notary.Superseded})
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)

	issued := testkit.PEM(o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), withSerial(serials[1])))
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), id, issued)
	testkit.Check(t, err)
	req := w.Request(t, w.Admin())
	_, err = w.CA.Upload(t.Context(), w.Admin(), req, o.Chain(t, publicKey(t, w, req), withSerial(serials[2])))
	testkit.Check(t, err)
	for _, cert := range inventory(t, w) {
		if cert.AuthorityID == id && cert.Serial != pki.SerialString(o.Certificate.SerialNumber) {
			testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cert.ID, notary.KeyCompromise))
		}
	}
	list := fetchCRL(t, w, id)
	for _, serial := range serials {
		if listed(list, serial) == nil {
			t.Errorf("the CRL does not list %s", serial)
		}
		if got := status(t, w, w.Revocation, id, serial).Status; got != ocsp.Revoked {
			t.Errorf("OCSP reports %d for %s", got, serial)
		}
	}
	wantStatus(t, w, req, notary.Revoked)
	for _, form := range []string{serials[1], "00:80" + strings.Repeat(":00", 19), strings.ToUpper("00" + serials[1])} {
		number, err := ca.RecordedSerial(form)
		testkit.Check(t, err)
		found, err := w.CA.Certificates(t.Context(), w.Admin(), notary.Query{Filter: notary.Filter{Serial: number},
			Sort: notary.ByID, Limit: 10})
		testkit.Check(t, err)
		if len(found.Items) != 1 {
			t.Errorf("%d certificates have the serial number %s", len(found.Items), form)
		}
	}
}

func TestUnlistableSerial(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	o := root.Intermediate(t, notary.ECDSAP256)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	req := w.Request(t, w.Admin())
	pending := w.Pending(t)
	for serial, words := range map[string]string{"0": "not positive", "7f" + strings.Repeat("ff", 20): "21 octets",
		strings.Repeat("7f", 100): "100 octets"} {
		leaf := o.Issue(t, publicKey(t, w, req), withSerial(serial))
		_, err := w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(leaf))
		wantRefusal(t, err, "certificates", words)
		_, err = w.CA.Upload(t.Context(), w.Admin(), req,
			testkit.PEM(append([]*x509.Certificate{leaf}, o.Authorities()...)...))
		wantRefusal(t, err, "certificate", words)
		_, err = w.CA.UploadAuthority(t.Context(), w.Admin(), pending,
			o.Chain(t, csrKey(t, authority(t, w, pending).CSR), asAuthority, withSerial(serial)))
		wantRefusal(t, err, "certificate_chain", words)
		_, err = w.CA.ImportAuthority(t.Context(), w.Admin(),
			importOf(t, root.Intermediate(t, notary.ECDSAP256, withSerial(serial))))
		wantRefusal(t, err, "certificate_chain", words)
		other := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
		in := importOf(t, other)
		in.CRL = lastCRL(t, w, other, 1, notary.Revocation{Serial: serial, At: w.Clock.Now().Add(-1)})
		_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
		wantRefusal(t, err, "crl", words)
	}
}

// The serial numbers of issuers above an uploaded certificate do not matter.
func TestSerialsOfIssuersAbove(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	above := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256,
		withSerial(strings.Repeat("7f", 40)))
	req := w.Request(t, w.Admin())
	_, err := w.CA.Upload(t.Context(), w.Admin(), req, above.Chain(t, publicKey(t, w, req)))
	testkit.Check(t, err)
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, above.Intermediate(t, notary.ECDSAP256)))
	testkit.Check(t, err)
}

func wantRefusal(t testing.TB, err error, field, words string) {
	t.Helper()
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, field)
	testkit.WantText(t, err, words)
}
