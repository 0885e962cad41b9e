package web_test

import (
	"fmt"
	"testing"
	"time"

	"notary"
)

func TestTheOverviewShowsWhatNeedsSomebody(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Signed(t, h.Caller(notary.CertificateRequestor), root)
	h.Request(t, h.Caller(notary.CertificateRequestor))
	h.Pending(t)
	b := h.browseAs(t, notary.CertificateManager)
	b.wantText(t, "Waiting for a decision", "Next to end", "waits for its certificate", "Signed")
	b.look(t, "overview")
}

// Each bar of the chart leads to what it counts.
func TestABarLeadsToItsCertificates(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	b := h.browseAs(t, notary.Admin)
	b.click(t, `//*[name()='svg']//*[name()='a']`)
	b.wantHeading(t, "Requests")
	b.wantText(t, "Active")
}

// Who sees only its own requests finds these on its overview, and nothing of the others.
func TestTheOverviewOfARequestorIsItsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	own := h.Request(t, h.Caller(notary.CertificateRequestor))
	a := h.as(t, notary.CertificateRequestor).get(t, "/").wantStatus(t, 200).wantText(t, fmt.Sprintf("/requests/%d", own), "Waiting")
	a.wantNoText(t, "What was done last", fmt.Sprintf("/requests/%d", own-1), "/authorities")
}

func TestAnAuthorityThatEndsSoonIsNamed(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	a, err := h.CA.Authority(t.Context(), h.Admin(), root)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(a.Certificate.NotAfter.Sub(h.Clock.Now()) - 24*time.Hour)
	h.as(t, notary.Admin).get(t, "/").wantText(t, "Authorities that need care", "roll it over in time")
	h.Clock.Advance(48 * time.Hour)
	h.as(t, notary.Admin).get(t, "/").wantText(t, "has ended")
}
