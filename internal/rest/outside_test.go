package rest_test

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func (h *house) outside(t *testing.T) *testkit.Outside {
	t.Helper()
	return testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
}

func (h *house) keyOf(t *testing.T, request int64) crypto.PublicKey {
	t.Helper()
	r, err := h.CA.Request(t.Context(), h.Admin(), request)
	testkit.Check(t, err)
	return publicKey(t, r.CSR)
}

func publicKey(t *testing.T, csr string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(csr))
	if block == nil {
		t.Fatalf("not PEM: %.100q", csr)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	testkit.Check(t, err)
	return request.PublicKey
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}
