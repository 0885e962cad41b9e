package issuance_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/issuance"
)

// A responder's certificate has exactly what RFC 6960, section 4.2.2.2, requires.
func TestNewResponder(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		root := newRoot(t, alg, 0)
		root.CRLURL, root.CertificateURL = "http://example.com/1.crl", "http://example.com/1.cer"
		c := newResponder(t, root).Certificate
		verify(t, c, root, x509.ExtKeyUsageOCSPSigning)
		if c.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(c.ExtKeyUsage,
			[]x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}) || c.IsCA {
			t.Errorf("%s: key usage %b, extended %v, CA %t", alg, c.KeyUsage, c.ExtKeyUsage, c.IsCA)
		}
		noCheck := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
		if !slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
			return e.Id.Equal(noCheck) && !e.Critical && bytes.Equal(e.Value, []byte{5, 0})
		}) {
			t.Errorf("%s: its own status would be asked for", alg)
		}
		if c.CRLDistributionPoints != nil || c.IssuingCertificateURL != nil || c.OCSPServer != nil {
			t.Errorf("%s: it names %v, %v, %v", alg, c.CRLDistributionPoints, c.IssuingCertificateURL, c.OCSPServer)
		}
		if life := c.NotAfter.Sub(c.NotBefore); life > 7*24*time.Hour || life < 6*24*time.Hour {
			t.Errorf("%s: it lives for %v", alg, life)
		}
		if got := c.Subject.CommonName; got != "Test Root OCSP responder" {
			t.Errorf("%s: it is called %q", alg, got)
		}
	}
}

func TestResponderEndsWithItsAuthority(t *testing.T) {
	t.Parallel()
	short := outside(t, func(c *x509.Certificate) { c.NotAfter = now.Add(2 * time.Hour) })
	if c := newResponder(t, short).Certificate; !c.NotAfter.Equal(short.Certificate.NotAfter) {
		t.Errorf("it ends at %s, its authority at %s", c.NotAfter, short.Certificate.NotAfter)
	}
}

func TestResponderName(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		authority pkix.Name
		want      string
	}{
		"of an organization": {pkix.Name{Country: []string{"DE"}, Organization: []string{"Example"},
			CommonName: "Root"}, "CN=Root OCSP responder,O=Example,C=DE"},
		"of a long name": {pkix.Name{CommonName: strings.Repeat("ä", 64)}, "CN=" +
			strings.Repeat("ä", 49) + " OCSP responder"},
		"of no common name": {pkix.Name{Organization: []string{"Example"}}, "CN=OCSP responder,O=Example"},
		"of a name that cannot be certified": {pkix.Name{Organization: []string{strings.Repeat("a", 65)},
			CommonName: "Root"}, "CN=OCSP responder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newResponder(t, outside(t, func(c *x509.Certificate) { c.Subject = tt.authority })).Certificate
			if got := c.Subject.String(); got != tt.want {
				t.Errorf("it is called %q, want %q", got, tt.want)
			}
		})
	}
}

func TestResponderRefused(t *testing.T) {
	t.Parallel()
	for _, edit := range []func(*notary.Profile){
		func(p *notary.Profile) { p.OCSPNoCheck = false },
		func(p *notary.Profile) { p.ExtKeyUsages = []string{notary.ServerAuth} },
		func(p *notary.Profile) { p.KeyUsages = nil },
	} {
		p := profile(t, notary.OCSPProfile)
		edit(p)
		_, err := issuance.NewResponder(newRoot(t, notary.ECDSAP256, -1), p, newKey(t), terms)
		wantError(t, err, notary.Unprocessable, "ocsp", "responders")
	}
}

func TestResponderOfLimitedAuthority(t *testing.T) {
	t.Parallel()
	servers := outside(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	c := newResponder(t, servers).Certificate
	if err := c.CheckSignatureFrom(servers.Certificate); err != nil ||
		!slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		t.Errorf("extended key usage %v (%v)", c.ExtKeyUsage, err)
	}
}
