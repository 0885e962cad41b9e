package ca_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// Roots created by old software can be imported, and OpenSSL accepts what they sign here.
func TestImportOfUnusualRoots(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	for name, form := range map[string]testkit.Form{
		"version 1":         {Version1: true},
		"SHA-1":             {Hash: crypto.SHA1},
		"serial 0":          {Serial: []byte{0}},
		"a negative serial": {Serial: []byte{0xf7}},
		"no key identifier": {Without: []asn1.ObjectIdentifier{testkit.SubjectKeyID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			o := testkit.OutsideRoot(t, notary.RSA2048, w.Clock.Now())
			o.Certificate = testkit.Reissue(t, o.Certificate, o.Key, form)
			in := importOf(t, o)
			id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
			testkit.Check(t, err)
			signed := request(t, w, w.Signed(t, w.Admin(), id)).Certificate
			crl, err := w.Revocation.CRL(t.Context(), id)
			testkit.Check(t, err)
			if says, ok := opensslAccepts(t, w.Clock.Now(), signed, crl); !ok {
				t.Errorf("OpenSSL does not accept it: %s", says)
			}
			w.Reopen(t)
			testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), id))

			chains, all, err := w.CA.Chains(t.Context(), w.Admin(), signed.ID)
			testkit.Check(t, err)
			if len(chains) != 1 || !all || chains[0].Problem != "" {
				t.Errorf("its chains are %+v", chains)
			}
		})
	}
}

func TestUploadFormats(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256)
	id := w.Request(t, w.Admin())
	leaf := o.Issue(t, publicKey(t, w, id))
	above := o.Authorities()
	bag, err := pkcs7.DegenerateCertificate(slices.Concat(above[1].Raw, leaf.Raw, above[0].Raw))
	testkit.Check(t, err)
	_, err = w.CA.Upload(t.Context(), w.Admin(), id, base64.StdEncoding.EncodeToString(bag))
	testkit.Check(t, err)
	want := testkit.PEM(append([]*x509.Certificate{leaf}, above...)...)
	if got := request(t, w, id).Certificate.ChainPEM(); got != want {
		t.Errorf("the chain is\n%s, want\n%s", got, want)
	}

	key := testkit.Key(t, notary.ECDSAP256)
	alone := &testkit.Outside{Key: key}
	alone.Certificate = testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Issue(t, key.Public())
	alone.Certificate = testkit.Reissue(t, alone.Certificate, key, testkit.Form{Issuer: alone.Certificate.RawSubject})
	second := requestFor(t, w, key, "alone.example.com")
	certificate, err := w.CA.Upload(t.Context(), w.Admin(), second, testkit.PEM(alone.Certificate))
	testkit.Check(t, err)
	wantStatus(t, w, second, notary.Active)
	chains, all, err := w.CA.Chains(t.Context(), w.Admin(), certificate)
	testkit.Check(t, err)
	if len(chains) != 1 || !all || len(chains[0].Certificates) != 1 || chains[0].Problem != "" {
		t.Errorf("its chains are %+v", chains)
	}
}

// An uploaded certificate with a purpose that its issuer may not issue for gets a finding.
func TestUploadWithDisallowedPurpose(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256,
		func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "Clients only"}
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})
	for _, purposes := range [][]x509.ExtKeyUsage{{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		{x509.ExtKeyUsageClientAuth}, nil} {
		id := w.Request(t, w.Admin())
		certificate, err := w.CA.Upload(t.Context(), w.Admin(), id,
			o.Chain(t, publicKey(t, w, id), func(c *x509.Certificate) {
				c.ExtKeyUsage = purposes
			}))
		testkit.Check(t, err)
		recorded, err := w.CA.Certificate(t.Context(), w.Admin(), certificate)
		testkit.Check(t, err)
		var want []notary.Finding
		if slices.Contains(purposes, x509.ExtKeyUsageServerAuth) {
			want = []notary.Finding{{Lint: "purpose_beyond_issuer", Level: notary.FindingWarning,
				Citation: "RFC 5280: 4.2.1.12",
				Description: "The certificate is for serverAuth, but the CA Clients only may not issue for that: " +
					"relying parties will reject it."}}
		}
		if diff := cmp.Diff(want, recorded.Findings); diff != "" {
			t.Errorf("for %v, the findings (-want +got):\n%s", purposes, diff)
		}
	}
}

func TestImportKeepsEntryExtensions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	leaf := o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public())
	at := w.Clock.Now().Add(-time.Hour)
	entries := []notary.Revocation{
		{Serial: "0a", At: at, Reason: notary.CertificateHold, HoldInstruction: "1.2.840.10040.2.3"},
		{Serial: "0b", At: at, Reason: notary.KeyCompromise, InvalidityDate: time.Date(2025, 1, 2, 3, 4, 5, 0,
			time.UTC)},
		{Serial: "0c", At: at, Reason: notary.Unspecified, InvalidityDate: time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Serial: pki.SerialString(leaf.SerialNumber), At: at, Reason: notary.Superseded,
			InvalidityDate: time.Date(1969, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Serial: "0d", At: at, Reason: notary.Superseded},
	}
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 1, entries...)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	wantEntries(t, w, id, o.Certificate, entries)
	_, err = w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(leaf))
	testkit.Check(t, err)
	w.Clock.Advance(24 * time.Hour)
	wantEntries(t, w, id, o.Certificate, entries)
}

func wantEntries(t *testing.T, w *testkit.World, id int64, issuer *x509.Certificate, want []notary.Revocation) {
	t.Helper()
	crl, err := w.Revocation.CRL(t.Context(), id)
	testkit.Check(t, err)
	read, err := pki.ParseCRL(crl.DER, issuer, w.Clock.Now())
	testkit.Check(t, err)
	got := slices.Clone(read.Revocations)
	bySerial := func(a, b notary.Revocation) int { return strings.Compare(a.Serial, b.Serial) }
	slices.SortFunc(got, bySerial)
	want = slices.Clone(want)
	slices.SortFunc(want, bySerial)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the entries (-want +got):\n%s", diff)
	}
}
