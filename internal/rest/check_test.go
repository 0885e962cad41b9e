package rest_test

import (
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

// A CSR can be checked before it is submitted, also by roles that may not read the profile's rules.
func TestCheckRequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	good, err := c.CheckCertificateRequest(t.Context(), api.CheckCertificateRequest{CSR: csr})
	testkit.Check(t, err)
	if !good.OK || len(good.Verdicts) == 0 {
		t.Errorf("got %+v, want every rule to pass", good)
	}
	bad, err := c.CheckCertificateRequest(t.Context(), api.CheckCertificateRequest{CSR: csr, Profile: "email"})
	testkit.Check(t, err)
	if bad.OK {
		t.Errorf("a host name passes for email: %+v", bad)
	}
	_, err = c.CheckCertificateRequest(t.Context(), api.CheckCertificateRequest{CSR: "none"})
	testkit.WantField(t, err, "csr")
	_, err = c.CheckCertificateRequest(t.Context(), api.CheckCertificateRequest{CSR: csr, Profile: "nothing"})
	testkit.WantField(t, err, "profile")
	id, err := c.CreateCertificateRequest(t.Context(), api.CreateCertificateRequest{CSR: csr})
	testkit.Check(t, err)
	if id != 1 {
		t.Errorf("the first request has the id %d", id)
	}
	if good.Recorded || good.Request != 0 {
		t.Errorf("reported as recorded before it was submitted: %+v", good)
	}
}

// The check tells only the requester that the CSR is recorded.
func TestCheckRecordedRequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	for role, request := range map[notary.Role]int64{notary.Admin: id, notary.CertificateManager: 0,
		notary.CertificateRequestor: 0} {
		got, err := h.as(t, role).CheckCertificateRequest(t.Context(), api.CheckCertificateRequest{CSR: csr})
		testkit.Check(t, err)
		if !got.OK || got.Recorded != (request != 0) || got.Request != request {
			t.Errorf("%s: got %+v, want it recorded as request %d", role, got, request)
		}
	}
}

func TestCountRequests(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 3 {
		h.Request(t, h.Admin())
	}
	c := h.as(t, notary.CertificateManager)
	for status, want := range map[string]int64{"Outstanding": 3, "Active": 0} {
		n, err := c.CountCertificateRequests(t.Context(), api.RequestFilter{Status: status})
		testkit.Check(t, err)
		if n.Count != want {
			t.Errorf("%d are %s, want %d", n.Count, status, want)
		}
	}
	_, err := c.CountCertificateRequests(t.Context(), api.RequestFilter{})
	testkit.WantField(t, err, "filter")
}
