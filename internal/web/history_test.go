package web_test

import (
	"fmt"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestRequestHistory(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Signed(t, h.Caller(notary.CertificateRequestor), root)
	r, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), id, notary.Superseded))
	certificate := fmt.Sprintf(`<a href="/certificates/%d"><bdi>certificate %[1]d (%s)</bdi></a>`, r.Certificate.ID,
		r.CommonName)
	authority := fmt.Sprintf(`<a href="/authorities/%d"><bdi>Test Root</bdi></a>`, root)
	h.as(t, notary.ReadOnly).get(t, requestURL(id)).wantText(t,
		fmt.Sprintf("<bdi>%s</bdi> <strong>submitted the request</strong>",
			h.Caller(notary.CertificateRequestor).Principal.Name),
		fmt.Sprintf("<bdi>%s</bdi> <strong>issued</strong> %s from %s", h.Admin().Principal.Name, certificate, authority),
		fmt.Sprintf("<bdi>%s</bdi> <strong>revoked</strong> %s issued by %s", h.Admin().Principal.Name, certificate,
			authority),
		"request.sign", "serial number: "+r.Certificate.Serial, "reason: superseded", "status: Active → Revoked")

	// Callers who may not see authorities get the name without a link.
	requestor := h.as(t, notary.CertificateRequestor)
	requestor.get(t, requestURL(id)).wantText(t, fmt.Sprintf("%s from <bdi>certificate authority %d (Test Root)</bdi>",
		certificate, root)).
		wantNoText(t, `href="/authorities/`)
	requestor.get(t, fmt.Sprintf("/certificates/%d", r.Certificate.ID)).wantStatus(t, 200)
}

func TestReasonIsNotLinked(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), id, "certificate 1, <b>authority 1</b>"))
	h.as(t, notary.Admin).get(t, requestURL(id)).
		wantText(t, "<strong>rejected the request</strong>", "certificate 1, &lt;b&gt;authority 1&lt;/b&gt;").
		wantNoText(t, `href="/certificates/1"`, "<b>authority")
}

// The page of an authority shows the events of users; the audit log has the rest.
func TestAuthorityHistory(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), h.Admin(), id, false))
	page, record := fmt.Sprintf("/authorities/%d", id), fmt.Sprintf("/events?kind=authority&amp;object_id=%d", id)
	by := fmt.Sprintf("<bdi>%s</bdi>", h.Admin().Principal.Name)
	v := h.as(t, notary.ReadOnly)
	v.get(t, page).wantText(t, by+": <strong>Created</strong>", by+": <strong>Disabled</strong>", by+
		" <strong>issued</strong>", record,
		fmt.Sprintf(` from <a href="/authorities/%d"><bdi>Test Root</bdi></a>`, root))
	v.get(t, fmt.Sprintf("/events?kind=authority&object_id=%d", id)).
		wantText(t, fmt.Sprintf("Showing events of CA %d", id), "authority.disable").wantNoText(t,
		fmt.Sprintf(`<td><a href="/authorities/%d"`, root))
}
