package rest_test

import (
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// The summary counts by status, and what is in use by the time that it has left.
func TestSummary(t *testing.T) {
	t.Parallel()
	h := open(t)
	summary := func() answer {
		return call(t, h.as(t, notary.ReadOnly), "GET", "/api/v1/summary", nil).wantStatus(t, 200)
	}
	summary().wantBody(t, `{"result": {"certificate_requests": {"Outstanding": 0, "Active": 0, "Rejected": 0, "Revoked": 0},
		"certificates": 0, "revoked": 0, "expiring": [{"days": 1, "count": 0}, {"days": 7, "count": 0}, {"days": 30, "count": 0}, {"days": 90, "count": 0}]}}`)

	root := h.Root(t, notary.ECDSAP256)
	for _, days := range []int{5, 20, 20, 60} {
		err := h.CA.Sign(t.Context(), h.Admin(), h.Request(t, h.Admin()), ca.SignOptions{AuthorityID: root, NotAfter: h.Clock.Now().AddDate(0, 0, days)})
		testkit.Check(t, err)
	}
	testkit.Check(t, h.CA.RevokeRequest(t.Context(), h.Admin(), h.Signed(t, h.Admin(), root), notary.Unspecified))
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), h.Request(t, h.Admin()), ""))
	h.Request(t, h.Admin())
	summary().wantBody(t, `{"result": {"certificate_requests": {"Outstanding": 1, "Active": 4, "Rejected": 1, "Revoked": 1},
		"certificates": 6, "revoked": 1, "expiring": [{"days": 1, "count": 0}, {"days": 7, "count": 1}, {"days": 30, "count": 3}, {"days": 90, "count": 4}]}}`)
}
