package rest_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/pki"
	"notary/internal/testkit"
)

type upload struct{ name, chain, says string }

// Each chain is a 400 for the field certificate and leaves the request Outstanding.
func TestRefusedChains(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Request(t, h.Admin())
	request, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	path := fmt.Sprintf("%s/%d/certificate", requestsPath, id)
	for _, test := range refusedUploads(t, h.outside(t), h.Clock.Now(), request.CSR) {
		t.Run(test.name, func(t *testing.T) {
			h.wantUnchanged(t, func() {
				a := call(t, h.admin(t), "POST", path, api.UploadCertificate{Certificate: test.chain})
				refusal := a.wantRefusal(t, 400, "invalid")
				if refusal.Field != "certificate" || !strings.Contains(refusal.Error, test.says) {
					t.Errorf("field %q, want one that says %q: %s", refusal.Field, test.says, refusal.Error)
				}
			})
		})
	}
}

func refusedUploads(t *testing.T, root *testkit.Outside, now time.Time, csr string) []upload {
	key, other := publicKey(t, csr), testkit.Key(t, notary.ECDSAP256).Public()
	top := root.Certificate
	leaf := root.Issue(t, key)
	middle := root.Intermediate(t, notary.ECDSAP256)
	notCA := root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = false,
			x509.KeyUsageDigitalSignature
	})
	expired := root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
	stranger := testkit.OutsideRoot(t, notary.ECDSAP256, now).Certificate
	spoilt := &x509.Certificate{Raw: slices.Clone(leaf.Raw)}
	spoilt.Raw[len(spoilt.Raw)-1] ^= 1
	long := []*x509.Certificate{leaf}
	for range pki.MaxChain {
		long = append(long, root.Issue(t, other))
	}
	pem := testkit.PEM
	return []upload{
		{"nothing", "", "certificate is missing"},
		{"text", "certificate", "not a certificate chain in PEM"},
		{"a signing request", csr, "CERTIFICATE REQUEST"},
		{"a private key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"},
		{"no DER", pem(&x509.Certificate{Raw: []byte("hello")}), "cannot be parsed"},
		{"the leaf alone", pem(leaf), "only one certificate"},
		{"the root alone", pem(top), "not for the request's key"},
		{"the root first", pem(top, leaf), "reverse order"},
		{"the leaf twice", pem(leaf, leaf, top), "the same"},
		{"too long", pem(long...), "at most 10"},
		{"for another key", root.Chain(t, other), "not for the request's key"},
		{"another root", pem(leaf, stranger), "not the issuer"},
		{"a changed signature", pem(spoilt, top), "does not verify"},
		{"a link left out", pem(middle.Issue(t, key), top), "not the issuer"},
		{"an issuer that is no authority", notCA.Chain(t, key), "not a CA certificate"},
		{"an authority's certificate", root.Chain(t, key, asAuthority), "is a CA certificate"},
		{"expired", root.Chain(t, key, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }), "expired"},
		{"not valid yet", root.Chain(t, key, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }),
			"not valid before"},
		{"an expired issuer", expired.Chain(t, key), "expired"},
	}
}

func TestAcceptedChains(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.outside(t)
	for _, alg := range []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384, notary.ECDSAP521,
		notary.Ed25519} {
		t.Run(string(alg), func(t *testing.T) {
			csr := testkit.CSR(t, testkit.Key(t, alg), "a.example.com")
			id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
			testkit.Check(t, err)
			want := root.Intermediate(t, alg).Chain(t, publicKey(t, csr))
			sent := "subject=a.example.com\r\n" + strings.ReplaceAll(want, "\n", "\r\n")
			_, err = h.admin(t).UploadCertificate(t.Context(), id, api.UploadCertificate{Certificate: sent})
			testkit.Check(t, err)
			request, err := h.admin(t).CertificateRequest(t.Context(), id)
			testkit.Check(t, err)
			if request.CertificateChain != want || request.CertificateAuthorityID != nil {
				t.Errorf("authority %v, chain:\n%s\nwant:\n%s", request.CertificateAuthorityID, request.CertificateChain, want)
			}
		})
	}
}

func TestRefusedAuthorityChains(t *testing.T) {
	t.Parallel()
	h := open(t)
	outside := h.outside(t)
	id := h.Pending(t)
	authority, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	key := publicKey(t, authority.CSR)
	path := fmt.Sprintf("%s/%d/certificate", authoritiesPath, id)
	usage := func(u x509.KeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { asAuthority(c); c.KeyUsage = u }
	}
	for _, test := range []upload{
		{"a leaf", outside.Chain(t, key), "not a CA certificate"},
		{"that may not sign CRLs", outside.Chain(t, key, usage(x509.KeyUsageCertSign)), "cRLSign"},
		{"that may not sign certificates", outside.Chain(t, key, usage(x509.KeyUsageCRLSign)), "keyCertSign"},
		{"for another key", outside.Chain(t, testkit.Key(t, notary.ECDSAP256).Public(), asAuthority),
			"not for the request's key"},
		{"without its issuer", testkit.PEM(outside.Issue(t, key, asAuthority)), "only one certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.wantUnchanged(t, func() {
				a := call(t, h.admin(t), "POST", path, api.UploadAuthorityCertificate{CertificateChain: test.chain})
				refusal := a.wantRefusal(t, 400, "invalid")
				if refusal.Field != "certificate_chain" || !strings.Contains(refusal.Error, test.says) {
					t.Errorf("field %q, want one that says %q: %s", refusal.Field, test.says, refusal.Error)
				}
			})
		})
	}
	root := h.Root(t, notary.ECDSAP256)
	a := call(t, h.admin(t), "POST", fmt.Sprintf("%s/%d/certificate", authoritiesPath, root),
		api.UploadAuthorityCertificate{CertificateChain: outside.Chain(t, key, asAuthority)})
	a.wantRefusal(t, 409, "conflict")
}
