package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

func TestBulkPagesAreAccessible(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	for range 2 {
		h.Signed(t, h.Admin(), root)
	}
	h.submitMany(t, 3)
	b := h.browseAs(t, notary.CertificateManager)
	for _, verb := range []string{"Reject", "Revoke", "Delete"} {
		b.open(t, "/requests")
		b.run(t, chromedp.Click(`thead input[type=checkbox]`))
		b.press(t, verb+"…")
		b.wantHeading(t, verb+" 5 requests")
		b.look(t, "requests-many-"+verb)
	}
	b.open(t, "/requests")
	b.run(t, chromedp.Click(`thead input[type=checkbox]`))
	b.press(t, "Reject…")
	b.press(t, "Reject 3 requests")
	b.wantText(t, "3 of 5 requests rejected. 2 requests failed")
	b.look(t, "requests-many-done")
}

func TestFailedReviewIsAccessible(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	b.fill(t, "Certificate signing request (CSR)", testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com"))
	b.fill(t, "Profile", "email")
	b.press(t, "Review request")
	b.wantText(t, "Doesn’t meet profile email")
	b.look(t, "request-check-refused")
}

func TestDuplicateReviewIsAccessible(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/requests/new")
	b.fill(t, "Certificate signing request (CSR)", h.recordedCSR(t))
	b.press(t, "Review request")
	b.wantText(t, "This CSR was already submitted")
	b.look(t, "request-check-recorded")
	b.press(t, "request 1")
	b.wantHeading(t, "other.example.com")
}

func TestErrorPagesAreAccessible(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.ReadOnly)
	b.open(t, "/requests/99")
	b.wantHeading(t, "Page not found")
	b.look(t, "error")
	b.open(t, "/requests/new")
	b.wantHeading(t, "Permission denied")
	b.look(t, "error-forbidden")
}

func TestKeptFormIsAccessible(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseUntilTheSessionEnds(t)
	b.look(t, "sign-in-again")
	b.signInAgain(t)
	b.look(t, "kept")
}

func TestReadOnlyPagesAreAccessible(t *testing.T) {
	t.Parallel()
	for _, role := range []notary.Role{notary.ReadOnly, notary.CertificateRequestor} {
		h := open(t)
		requestor, root := h.Caller(notary.CertificateRequestor), h.Root(t, notary.ECDSAP256)
		outstanding, signed := h.Request(t, requestor), h.Signed(t, requestor, root)
		r, err := h.CA.Request(t.Context(), h.Admin(), signed)
		testkit.Check(t, err)
		b := h.browseAs(t, role)
		for name, path := range map[string]string{"overview": "/", "requests": "/requests",
			"outstanding": requestURL(outstanding),
			"request":     requestURL(signed), "certificate": fmt.Sprintf("/certificates/%d", r.Certificate.ID)} {
			b.open(t, path)
			b.look(t, fmt.Sprintf("%s-%s", role, name))
		}
	}
}
