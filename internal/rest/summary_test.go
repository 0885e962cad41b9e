package rest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestOverviewOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Signed(t, h.Admin(), root)
	h.Request(t, h.Admin())
	call(t, h.as(t, notary.CertificateRequestor), "GET", "/api/v1/overview", nil).wantStatus(t, 200).
		wantBody(t, `{"result": {"summary": null, "certificates": null, "weeks": [], "authorities": [], "outstanding": [], "expiring": [], "expiring_certificates": [], "events": [], "tokens": []}}`)
	o, err := h.as(t, notary.ReadOnly).Overview(t.Context())
	testkit.Check(t, err)
	if o.Certificates.InForce != 2 || o.Summary.CertificateRequests["Outstanding"] != 1 || len(o.Weeks) != 26 ||
		o.Weeks[12].Count != 1 ||
		len(o.Outstanding) != 1 || len(o.Expiring) != 1 || len(o.Events) == 0 {
		t.Errorf("the overview is %+v", o)
	}
	state, err := h.as(t, notary.ReadOnly).AuthorityState(t.Context(), root)
	testkit.Check(t, err)
	if state.InForce != 2 || state.Status != "active" || state.CRLNumber != nil || state.NotAfter == nil {
		t.Errorf("the state is %+v", state)
	}
	if diff := cmp.Diff(state, o.Authorities[0]); diff != "" {
		t.Errorf("in the overview it is (-state +overview):\n%s", diff)
	}
}

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
		err := h.CA.Sign(t.Context(), h.Admin(), h.Request(t, h.Admin()),
			ca.SignOptions{AuthorityID: root, NotAfter: h.Clock.Now().AddDate(0, 0, days)})
		testkit.Check(t, err)
	}
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), h.Signed(t, h.Admin(), root), notary.Unspecified))
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), h.Request(t, h.Admin()), ""))
	h.Request(t, h.Admin())
	summary().wantBody(t, `{"result": {"certificate_requests": {"Outstanding": 1, "Active": 4, "Rejected": 1, "Revoked": 1},
		"certificates": 6, "revoked": 1, "expiring": [{"days": 1, "count": 0}, {"days": 7, "count": 1}, {"days": 30, "count": 3}, {"days": 90, "count": 4}]}}`)
}
