package ca_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// wantAbove checks that new and published certificates of the authority have the certificate above, and not the other
// one.
func wantAbove(t *testing.T, w *testkit.World, id int64, above, not *x509.Certificate) {
	t.Helper()
	if got := leaf(t, w, id).Issuers.DER()[1]; !bytes.Equal(got, above.Raw) {
		t.Error("the new certificate's issuer has an unexpected issuer")
	}
	all, err := w.CA.Authorities(t.Context(), w.Admin())
	testkit.Check(t, err)
	for _, a := range append(all, authority(t, w, id)) {
		if a.ID == id && !bytes.Equal(a.Certificate.Issuers.DER()[0], above.Raw) {
			t.Error("the authority's chain differs from that of its certificates")
		}
	}
	bundle, err := w.Issuers.Bundle(t.Context(), id)
	testkit.Check(t, err)
	for _, der := range bundle.Certificates {
		if bytes.Equal(der, not.Raw) {
			t.Error("what holds no longer is published")
		}
	}
}

// After a certificate in the chain was replaced and revoked, new certificates get a chain without it.
func TestNewChainsAvoidRevokedCertificates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := named(t, w, "Root", 0)
	upper := named(t, w, "Upper", root)
	first := authority(t, w, upper).Certificate
	lower := named(t, w, "Lower", upper)
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), upper, root)) // a renewal
	leaf(t, w, lower)                                                         // now it is cached
	cross := crossSign(t, w, lower, named(t, w, "Other", 0))
	own := authority(t, w, lower).Certificate

	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), first.ID, notary.Superseded))
	wantAbove(t, w, lower, parsed(t, authority(t, w, upper).Certificate), parsed(t, first))
	// This also applies to a certificate that is not current, which can therefore become current.
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, cross))
	bundle, err := w.Issuers.Bundle(t.Context(), lower)
	testkit.Check(t, err)
	for _, der := range bundle.Certificates {
		if bytes.Equal(der, first.DER) {
			t.Error("the revoked certificate is published")
		}
	}
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, own.ID))
}

// A certificate cannot become current if its only valid chain passes through a revoked certificate.
func TestUseCertificateWithRevokedChain(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	upper := named(t, w, "Upper One", named(t, w, "One", 0))
	lower := named(t, w, "Lower", upper, func(o *ca.AuthorityOptions) { o.DNSNames = []string{"ca.example.net"} })
	first, below := authority(t, w, upper).Certificate.ID, authority(t, w, lower).Certificate.ID
	cross := crossSign(t, w, lower, named(t, w, "Two", 0))
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, cross))
	narrow := named(t, w, "Narrow", 0, func(o *ca.AuthorityOptions) {
		o.Constraints.Permitted.DNS = []string{"example.com"}
	})
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), upper, crossSign(t, w, upper, narrow)))
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, below))
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), lower, cross))
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), first, notary.Superseded))
	err := w.CA.UseCertificate(t.Context(), w.Admin(), lower, below)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "in its chain is revoked")
}

// When a root expires, its renewal for the same key replaces it in longer lasting chains.
func TestNewChainsAvoidExpiredCertificates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	below := o.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(5, 0, 0) })
	root, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	lower, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, below))
	testkit.Check(t, err)
	again := *o
	again.Certificate = nil
	renewed := again.Issue(t, o.Key.Public(), func(c *x509.Certificate) {
		c.Subject, c.SubjectKeyId, c.IsCA = o.Certificate.Subject, o.Certificate.SubjectKeyId, true
		c.KeyUsage, c.NotAfter = o.Certificate.KeyUsage, c.NotAfter.AddDate(5, 0, 0)
	})
	cert, err := w.CA.UploadCross(t.Context(), w.Admin(), root, testkit.PEM(renewed))
	testkit.Check(t, err)
	testkit.Check(t, w.CA.UseCertificate(t.Context(), w.Admin(), root, cert))
	wantAbove(t, w, lower, o.Certificate, renewed)
	w.Clock.Advance(400 * 24 * time.Hour)
	wantAbove(t, w, lower, renewed, o.Certificate)
}
