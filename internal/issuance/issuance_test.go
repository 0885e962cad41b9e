package issuance_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

func TestLeafForEveryPairOfKeys(t *testing.T) {
	t.Parallel()
	signatures := map[notary.KeyAlgorithm]x509.SignatureAlgorithm{
		notary.ECDSAP256: x509.ECDSAWithSHA256, notary.ECDSAP384: x509.ECDSAWithSHA384,
		notary.ECDSAP521: x509.ECDSAWithSHA512, notary.Ed25519: x509.PureEd25519,
		notary.RSA2048: x509.SHA256WithRSA,
	}
	for _, authority := range algorithms {
		root := newRoot(t, authority, -1)
		for _, key := range algorithms {
			csr := newCSR(t, leafKey(key), title("a.example.com"))
			leaf := issueLeaf(t, root, csr, terms)
			verify(t, leaf, root, x509.ExtKeyUsageServerAuth)
			verify(t, leaf, root, x509.ExtKeyUsageClientAuth)
			if leaf.SignatureAlgorithm != signatures[authority] {
				t.Errorf("%s signs with %s", authority, leaf.SignatureAlgorithm)
			}
			if !pki.SameKey(leaf.PublicKey, leafKey(key).Public()) {
				t.Errorf("%s: another key was certified", key)
			}
			wantReadBack(t, leaf)
		}
	}
}

func wantReadBack(t *testing.T, certificate *x509.Certificate) {
	t.Helper()
	again, err := x509.ParseCertificate(certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(certificate, again) {
		t.Errorf("what was issued differs from what is read: %+v instead of %+v", certificate, again)
	}
}

func TestLeafFields(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP384, -1)
	root.CRLURL, root.CertificateURL, root.OCSPURL = "http://ca.example.com/1.crl", "http://ca.example.com/1.cer",
		"http://ca.example.com/ocsp/1"
	server := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	const sign, encipher = x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment
	tests := []struct {
		key      notary.KeyAlgorithm
		profile  string
		usage    x509.KeyUsage
		extended []x509.ExtKeyUsage
	}{
		{notary.ECDSAP256, "server", sign, server},
		{notary.ECDSAP521, "client", sign, client},
		{notary.Ed25519, "server-client", sign, append(slices.Clone(server), client...)},
		{notary.RSA2048, "server", sign | encipher, server},
		{notary.RSA2048, "client", sign, client},
		{notary.RSA2048, "", sign | encipher, append(slices.Clone(server), client...)},
	}
	for _, test := range tests {
		t.Run(string(test.key)+" "+test.profile, func(t *testing.T) {
			t.Parallel()
			csr := newCSR(t, leafKey(test.key), title("A machine"), "a.example.com", "*.b.example.com",
				"10.0.0.7", "2001:db8::1", "me@example.com", "spiffe://example.org/web")
			issued, err := issuance.Leaf(root, profile(t, test.profile), csr, terms)
			if err != nil {
				t.Fatal(err)
			}
			leaf := issued.Certificate
			if leaf.Version != 3 || leaf.IsCA || !leaf.BasicConstraintsValid || leaf.MaxPathLen != -1 {
				t.Errorf("version %d, CA %t, path length %d", leaf.Version, leaf.IsCA, leaf.MaxPathLen)
			}
			if leaf.KeyUsage != test.usage {
				t.Errorf("key usage %b, want %b", leaf.KeyUsage, test.usage)
			}
			if diff := cmp.Diff(test.extended, leaf.ExtKeyUsage); diff != "" {
				t.Errorf("extended key usage: -want +got\n%s", diff)
			}
			if diff := cmp.Diff(csr.Names, pki.CertificateNames(leaf)); diff != "" {
				t.Errorf("names: -want +got\n%s", diff)
			}
			if !bytes.Equal(leaf.RawSubject, csr.RawSubject) || !bytes.Equal(leaf.RawIssuer, root.Certificate.RawSubject) {
				t.Error("subject or issuer are not those of the request and the authority, byte for byte")
			}
			if !bytes.Equal(leaf.AuthorityKeyId, root.Certificate.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 {
				t.Errorf("key identifiers: authority %x, subject %x", leaf.AuthorityKeyId, leaf.SubjectKeyId)
			}
			if diff := cmp.Diff([]string{root.CRLURL}, leaf.CRLDistributionPoints); diff != "" {
				t.Errorf("CRL distribution points: -want +got\n%s", diff)
			}
			if diff := cmp.Diff([]string{root.CertificateURL}, leaf.IssuingCertificateURL); diff != "" {
				t.Errorf("issuer's certificate: -want +got\n%s", diff)
			}
			if diff := cmp.Diff([]string{root.OCSPURL}, leaf.OCSPServer); diff != "" {
				t.Errorf("OCSP: -want +got\n%s", diff)
			}
			wantCritical(t, leaf, "2.5.29.15", "2.5.29.19") // key usage, basic constraints
		})
	}
}

func wantCritical(t *testing.T, c *x509.Certificate, want ...string) {
	t.Helper()
	var got []string
	for _, extension := range c.Extensions {
		if extension.Critical {
			got = append(got, extension.Id.String())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("critical extensions: -want +got\n%s", diff)
	}
}

func TestEmptyURLsAreOmitted(t *testing.T) {
	t.Parallel()
	leaf := issueLeaf(t, newRoot(t, notary.ECDSAP256, -1), leafCSR(t, "a.example.com"), terms)
	if leaf.CRLDistributionPoints != nil || leaf.IssuingCertificateURL != nil || leaf.OCSPServer != nil {
		t.Errorf("URLs from nowhere: %v %v %v", leaf.CRLDistributionPoints, leaf.IssuingCertificateURL, leaf.OCSPServer)
	}
}

func TestEmptySubjectMakesNamesCritical(t *testing.T) {
	t.Parallel()
	leaf := issueLeaf(t, newRoot(t, notary.ECDSAP256, -1), leafCSR(t, "a.example.com"), terms)
	if len(leaf.Subject.Names) != 0 {
		t.Errorf("the subject is %s", leaf.Subject)
	}
	wantCritical(t, leaf, "2.5.29.15", "2.5.29.17", "2.5.29.19")
}

func TestSubjectKeepsItsBytes(t *testing.T) {
	t.Parallel()
	subject := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Value: "of a type that nobody knows"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "Ünïcode"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: "second"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: "first"},
	}}
	csr := newCSR(t, leafKey(notary.Ed25519), subject)
	leaf := issueLeaf(t, newRoot(t, notary.ECDSAP256, -1), csr, terms)
	if !bytes.Equal(leaf.RawSubject, csr.RawSubject) {
		t.Errorf("subject %x became %x", csr.RawSubject, leaf.RawSubject)
	}
}

func TestRequestedRightsAreIgnored(t *testing.T) {
	t.Parallel()
	key := leafKey(notary.ECDSAP256)
	der, err := x509.CreateCertificateRequest(nil, &x509.CertificateRequest{
		Subject: title("a.example.com"),
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 3, 1, 1, 0xff}}, // CA
			{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true,
				Value: []byte{3, 2, 1, 6}}, // keyCertSign, cRLSign
		},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := pki.ParseCSR("-----BEGIN CERTIFICATE REQUEST-----\n" + base64Of(der) +
		"\n-----END CERTIFICATE REQUEST-----\n")
	if err != nil {
		t.Fatal(err)
	}
	leaf := issueLeaf(t, newRoot(t, notary.ECDSAP256, -1), csr, terms)
	if leaf.IsCA || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("CA %t, key usage %b", leaf.IsCA, leaf.KeyUsage)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	short := outside(t, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = now.Add(-10*time.Second), now.Add(time.Hour)
	})
	underShort := root
	underShort.Ancestors = []*x509.Certificate{short.Certificate}
	second := now.Truncate(time.Second)
	start := second.Add(-time.Minute)
	tests := []struct {
		name                string
		issuer              issuance.Issuer
		asked               time.Time
		notBefore, notAfter time.Time
	}{
		{"default: ninety days, both ends included", root, time.Time{}, start, start.Add(90*24*time.Hour - time.Second)},
		{"asked for, cut to the second", root, now.Add(time.Hour), start, second.Add(time.Hour)},
		{"asked for in another zone", root, now.Add(time.Hour).In(time.FixedZone("", 7200)), start, second.Add(time.Hour)},
		{"cut to the issuer", root, now.AddDate(50, 0, 0), start, root.Certificate.NotAfter},
		{"cut to a short issuer", short, time.Time{}, second.Add(-10 * time.Second), second.Add(time.Hour)},
		{"cut to an ancestor", underShort, time.Time{}, second.Add(-10 * time.Second), second.Add(time.Hour)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			leaf := issueLeaf(t, test.issuer, leafCSR(t, "a.example.com"),
				issuance.Terms{Now: now, NotAfter: test.asked})
			if !leaf.NotBefore.Equal(test.notBefore) || !leaf.NotAfter.Equal(test.notAfter) {
				t.Errorf("valid from %s to %s, want %s to %s",
					leaf.NotBefore, leaf.NotAfter, test.notBefore, test.notAfter)
			}
		})
	}
	for name, asked := range map[string]time.Time{
		"past": now.Add(-time.Hour), "now": now, "within this second": now.Add(time.Nanosecond),
		"beyond the calendar": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		_, err := issuance.Leaf(root, profile(t, ""), leafCSR(t, "a.example.com"), issuance.Terms{Now: now, NotAfter: asked})
		wantError(t, err, notary.Invalid)
		if field := err.(*notary.Error).Field; field != "not_valid_after" {
			t.Errorf("%s: the error is about the field %q", name, field)
		}
	}
}

func TestIssuerOutsideItsValidity(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	for words, at := range map[string]time.Time{
		"expired":          root.Certificate.NotAfter.Add(time.Second),
		"not valid before": root.Certificate.NotBefore.Add(-time.Second),
	} {
		_, err := issuance.Leaf(root, profile(t, ""), leafCSR(t, "a.example.com"), issuance.Terms{Now: at})
		wantError(t, err, notary.Conflict, words, "Test Root")
	}
}

// A serial number is 128 random bits, never zero, and never generated without randomness.
func TestSerialNumbers(t *testing.T) {
	t.Parallel()
	root, csr := newRoot(t, notary.ECDSAP256, -1), leafCSR(t, "a.example.com")
	draw := func(source io.Reader) (*big.Int, error) {
		leaf, err := issuance.Leaf(root, profile(t, ""), csr, issuance.Terms{Now: now, Rand: source})
		if err != nil {
			return nil, err
		}
		return leaf.Certificate.SerialNumber, nil
	}
	largest := bytes.Repeat([]byte{0xff}, 16)
	serial, err := draw(bytes.NewReader(append(make([]byte, 16), largest...)))
	if err != nil {
		t.Fatal(err)
	}
	if serial.Cmp(new(big.Int).SetBytes(largest)) != 0 {
		t.Errorf("serial number %x, want the first that is not zero, all 128 bits of it", serial)
	}
	if _, err := draw(strings.NewReader("too short")); notary.KindOf(err) != notary.Internal {
		t.Errorf("without randomness: got error %v", err)
	}
	seen := make(map[string]bool)
	for range 20 {
		serial, err := draw(nil)
		if err != nil {
			t.Fatal(err)
		}
		if serial.Sign() <= 0 || serial.BitLen() > 128 || serial.BitLen() < 64 || seen[serial.String()] {
			t.Errorf("serial number %x", serial)
		}
		seen[serial.String()] = true
	}
}

// brokenSigner is a faulty device: it signs something else, or nothing.
type brokenSigner struct {
	crypto.Signer
	fault error
}

func (b brokenSigner) Sign(random io.Reader, _ []byte, opts crypto.SignerOpts) ([]byte, error) {
	if b.fault != nil {
		return nil, b.fault
	}
	return b.Signer.Sign(random, []byte("something else altogether, 32 oct"), opts)
}

func TestBrokenSignerIsDetected(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.Ed25519, -1)
	root.Signer = brokenSigner{authorityKey(notary.Ed25519), nil}
	certificate, err := issuance.Leaf(root, profile(t, ""), leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Internal, "signature")
	if certificate != nil {
		t.Error("the certificate came out all the same")
	}
	if crl, err := newList(1).sign(root); err == nil || crl != nil {
		t.Errorf("the CRL came out all the same: %v", err)
	}
	root.Signer = brokenSigner{authorityKey(notary.Ed25519), errors.New("device unplugged")}
	_, err = issuance.Leaf(root, profile(t, ""), leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Internal, "unplugged")
}

func TestSignerMustFitTheCertificate(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.Ed25519, -1)
	_, root.Signer, _ = ed25519.GenerateKey(nil)
	_, err := issuance.Leaf(root, profile(t, ""), leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Internal, "does not match its certificate")
}

func TestAuthoritysOwnSubjectAndKeyAreRefused(t *testing.T) {
	t.Parallel()
	root := newRoot(t, notary.ECDSAP256, -1)
	_, err := issuance.Leaf(root, profile(t, ""), newCSR(t, leafKey(notary.ECDSAP256), title("Test Root")), terms)
	wantError(t, err, notary.Unprocessable, "subject")
	_, err = issuance.Leaf(root, profile(t, ""), newCSR(t, leafKey(notary.ECDSAP256), title("TEST root")), terms)
	wantError(t, err, notary.Unprocessable, "subject")
	_, err = issuance.Leaf(root, profile(t, ""), newCSR(t, authorityKey(notary.ECDSAP256), title("another")), terms)
	wantError(t, err, notary.Unprocessable, "key")
}

// An external authority may lack a subject key identifier, which is then derived from its key.
func TestIssuerWithoutKeyIdentifier(t *testing.T) {
	t.Parallel()
	issuer := outside(t, func(*x509.Certificate) {})
	want := issuer.Certificate.SubjectKeyId // package x509 derives it in the same way
	bare := *issuer.Certificate
	bare.SubjectKeyId = nil
	issuer.Certificate = &bare
	leaf := issueLeaf(t, issuer, leafCSR(t, "a.example.com"), terms)
	if !bytes.Equal(leaf.AuthorityKeyId, want) {
		t.Errorf("authority key identifier %x, want %x", leaf.AuthorityKeyId, want)
	}
	if _, err := newList(1).sign(issuer); err != nil {
		t.Error(err)
	}
}
