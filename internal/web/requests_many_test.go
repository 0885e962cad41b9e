package web_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

func (h *house) wantStatuses(t *testing.T, want int64, status notary.RequestStatus) {
	t.Helper()
	summary, err := h.CA.Summary(t.Context(), h.Admin())
	testkit.Check(t, err)
	if got := summary.Requests[status]; got != want {
		t.Errorf("%d requests are %s, want %d", got, status, want)
	}
}

func TestBulkSigning(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	h.submitMany(t, 52)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/requests")
	b.run(t, chromedp.Click(`thead input[type=checkbox]`))
	b.wantText(t, "50 selected")
	b.press(t, "Sign…")
	b.wantHeading(t, "Sign 50 requests")
	b.wantText(t, "50 requests will be signed individually", "host-052.example.com", "host-003.example.com")
	b.look(t, "requests-sign")
	b.press(t, "Sign 50 requests")
	b.wantText(t, "50 of 50 requests signed.")
	b.look(t, "requests-signed")
	h.wantStatuses(t, 50, notary.Active)
	b.press(t, "Back to requests")
	b.wantText(t, "Outstanding 2", "Active 50")
}

// A selection by filter is counted before the action, without JavaScript.
func TestBulkRejectionByFilterWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.submitMany(t, 60)
	h.submit(t, h.Admin(), "www.example.net")
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/requests?q=host")
	b.fill(t, "Email", h.Caller(notary.CertificateManager).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.tick(t, "Select all requests that match")
	b.press(t, "Reject…")
	b.wantHeading(t, "Reject 60 requests")
	b.fill(t, "Reason", "The domain is being given up.")
	b.press(t, "Reject 60 requests")
	b.wantText(t, "60 of 60 requests rejected.")
	h.wantStatuses(t, 60, notary.Rejected)
	h.wantStatuses(t, 1, notary.Outstanding)
}

func TestBulkActionsNeedConfirmation(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.CertificateManager)
	ids := url.Values{}
	for range 3 {
		ids.Add("ids", fmt.Sprint(h.Signed(t, h.Admin(), root)))
	}
	ids.Add("ids", fmt.Sprint(h.Request(t, h.Admin())))
	with := func(fields ...string) url.Values {
		form := url.Values{"ids": ids["ids"]}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		return form
	}
	v.post(t, "/requests/many", with("do", "revoke")).wantStatus(t, 200).wantText(t, "Revoke 4 requests",
		"Every valid certificate of 3 of these 4 requests will be revoked",
		"1 request skipped: This request has no certificate.", "superseded", "Revoke 3 requests</button>")
	v.post(t, "/requests/many/run", with("do", "revoke", "reason", "superseded")).wantStatus(t, 400).wantText(t,
		"Tick this box to confirm", `value="superseded" selected`)
	h.wantStatuses(t, 0, notary.Revoked)
	a := v.post(t, "/requests/many/run", with("do", "revoke", "reason", "superseded", "sure", "yes")).wantStatus(t, 200).
		wantText(t, "3 of 4 requests revoked.", "1 request failed", "This request has no certificate.",
			`<progress max="4" value="4"`)
	if a.ContentLength != -1 {
		t.Error("the page is not streamed")
	}
	h.wantStatuses(t, 3, notary.Revoked)
	v.post(t, "/requests/many/run", with("do", "delete")).wantStatus(t, 400)
	v.post(t, "/requests/many/run", with("do", "delete", "sure", "yes")).wantStatus(t, 200).wantText(t,
		"4 of 4 requests deleted.").
		wantNoText(t, `href="/requests/1"`) // deleted
	h.wantStatuses(t, 0, notary.Revoked)
}

// Reloading the page does not sign again, unless renewals are selected.
func TestRepeatedSigningIsNoRenewal(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.CertificateManager)
	form := url.Values{"do": {"sign"}, "certificate_authority_id": {"1"}}
	for _, id := range h.submitMany(t, 3) {
		form.Add("ids", fmt.Sprint(id))
	}
	v.post(t, "/requests/many/run", form).wantText(t, "3 of 3 requests signed.")
	v.post(t, "/requests/many/run", form).wantText(t, "0 of 3 requests signed.", "already has a certificate")
	form.Set("renew", "yes")
	v.post(t, "/requests/many/run", form).wantText(t, "3 of 3 requests signed.")
}

func TestBulkErrorsBeforeAnyChange(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.CertificateManager)
	ids := h.submitMany(t, 3)
	one := fmt.Sprint(ids[0])
	for _, c := range []struct {
		form   url.Values
		status int
		text   string
	}{
		{url.Values{"do": {"sign"}, "ids": {one}}, 400, "Choose a CA"},
		{url.Values{"do": {"sign"}, "ids": {one}, "certificate_authority_id": {"9"}}, 404, ""},
		{url.Values{"do": {"sign"}, "ids": {one}, "certificate_authority_id": {"1"}, "not_valid_after": {"<b>"}}, 400,
			`value="&lt;b&gt;"`},
		{url.Values{"do": {"sign"}, "ids": {one}, "certificate_authority_id": {"1"}, "profile": {"none"}}, 400,
			`id="f-profile-error"`},
		{url.Values{"do": {"reject"}, "ids": {one, one}}, 400, "listed twice"},
		{url.Values{"do": {"reject"}, "all": {"yes"}, "filter": {"status=Outstanding"}, "expected": {"2"}}, 409,
			"is now 3 instead of 2"},
		{url.Values{"do": {"reject"}, "all": {"yes"}, "filter": {""}, "expected": {"3"}}, 400, "Filter is empty"},
		{url.Values{"do": {"dance"}, "ids": {one}}, 404, ""},
	} {
		v.post(t, "/requests/many/run", c.form).wantStatus(t, c.status).wantText(t, c.text)
	}
	v.post(t, "/requests/many", url.Values{"do": {"sign"}, "filter": {"status=Outstanding"}}).wantAt(t,
		"/requests?status=Outstanding").
		wantText(t, "Select at least one request first")
	v.post(t, "/requests/many", url.Values{"do": {"sign"}, "all": {"yes"}}).wantStatus(t, 400).wantText(t,
		"Filter is empty")
	h.wantStatuses(t, 3, notary.Outstanding)
	for _, role := range []notary.Role{notary.CertificateRequestor, notary.ReadOnly} {
		for _, path := range []string{"/requests/many", "/requests/many/run"} {
			v := h.as(t, role)
			v.post(t, path, url.Values{"do": {"reject"}, "ids": {one}}).wantStatus(t, 403)
		}
	}
	h.wantStatuses(t, 3, notary.Outstanding)
}

// Nothing happens if the requests that match the filter are no longer those shown.
func TestChangedSelection(t *testing.T) {
	t.Parallel()
	h := open(t)
	ids := h.submitMany(t, 3)
	v := h.as(t, notary.CertificateManager)
	page := v.post(t, "/requests/many", url.Values{"do": {"reject"}, "all": {"yes"},
		"filter": {"status=Outstanding"}}).wantStatus(t, 200)
	shown := url.Values{"do": {"reject"}, "all": {"yes"}, "filter": {"status=Outstanding"}}
	for _, field := range regexp.MustCompile(`name="(expected|selection)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		shown.Set(field[1], field[2])
	}
	testkit.Check(t, h.CA.Delete(t.Context(), h.Admin(), ids[0]))
	h.submit(t, h.Admin(), "another.example.com")
	v.post(t, "/requests/many/run", shown).wantStatus(t, 409).wantText(t, "selection has changed", "Reject 3 requests")
	h.wantStatuses(t, 3, notary.Outstanding)
}

func TestManyOutcomesAreSummarized(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.submitMany(t, 300)
	v := h.as(t, notary.CertificateManager)
	a := v.post(t, "/requests/many/run", url.Values{"do": {"reject"}, "all": {"yes"}, "filter": {"status=Outstanding"},
		"expected": {"300"}}).
		wantStatus(t, 200).wantText(t, "300 of 300 requests rejected.")
	if n := strings.Count(a.body, "<li"); n > 60 || len(a.body) > 100<<10 {
		t.Errorf("the page has %d lines and %d octets", n, len(a.body))
	}
}

// Requests are selected and signed with the keyboard alone.
func TestSelectionByKeyboard(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.submitMany(t, 4)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/requests")
	b.run(t, chromedp.KeyEvent("jxjjx"))
	b.wantText(t, "2 selected")
	_, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent("s"))
	b.want(t, err)
	b.wantHeading(t, "Sign 2 requests")
	b.wantText(t, "host-004.example.com", "host-002.example.com")
}

func TestBulkConfirmation(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	active, outstanding := h.Signed(t, h.Admin(), root), h.Request(t, h.Admin())
	v := h.as(t, notary.CertificateManager)
	ask := func(do string, chosen url.Values) answer {
		chosen.Set("do", do)
		return v.post(t, "/requests/many", chosen).wantStatus(t, 200)
	}
	for name, chosen := range map[string]url.Values{
		"by a filter": {"all": {"yes"}, "filter": {"key=ecdsa-p256"}},
		"one by one":  {"ids": {fmt.Sprint(active), fmt.Sprint(outstanding)}},
	} {
		t.Log(name)
		ask("reject", chosen).wantText(t, "<title>Reject 2 requests", "1 of these 2 requests will be rejected",
			"Reject 1 request</button>",
			"1 request skipped: This request has a certificate: revoke the certificate instead")
		ask("sign", chosen).wantText(t, "1 of these 2 requests will be signed",
			"1 request already has a certificate. Tick “Renew” to reissue it.", `name="renew"`)
		ask("revoke", chosen).wantText(t, "Every valid certificate of 1 of these 2 requests will be revoked",
			"Revoke 1 request</button>", "This request has no certificate.")
		ask("delete", chosen).wantText(t, "2 requests will be deleted", "Delete 2 requests</button>")
	}
	ask("sign", url.Values{"ids": {fmt.Sprint(outstanding)}}).wantText(t, "1 request will be signed").wantNoText(t,
		`name="renew"`)
	ask("reject", url.Values{"ids": {fmt.Sprint(active)}}).wantText(t, "1 request skipped").wantNoText(t,
		"will be rejected", "/requests/many/run")
	v.post(t, "/requests/many/run", url.Values{"do": {"reject"}, "ids": {fmt.Sprint(active)}}).
		wantText(t, "<title>Reject 1 request", "<h1>Reject 1 request</h1>", "0 of 1 request rejected.")
}

// The confirmation names certificates that cannot be revoked: uploaded ones, and those of deleted authorities.
func TestBulkConfirmationOfIrrevocableCertificates(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	orphan, uploaded := h.Signed(t, h.Admin(), root), h.uploaded(t)
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), root, true))
	a := h.as(t, notary.CertificateManager).post(t, "/requests/many",
		url.Values{"do": {"revoke"}, "ids": {fmt.Sprint(orphan), fmt.Sprint(uploaded)}})
	a.wantText(t, "The CA that signed this certificate was deleted", "revoke it where it was issued",
		"1 request skipped").wantNoText(t, "/requests/many/run")
}

func TestNoAuthorityToSign(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Request(t, h.Admin())
	h.as(t, notary.CertificateManager).post(t, "/requests/many", url.Values{"do": {"sign"}, "ids": {fmt.Sprint(id)}}).
		wantText(t, "No active CA is available.").wantNoText(t, "<button class=\"main\"")
}

func TestBulkKeepsTheFilter(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	h.submitMany(t, 3)
	b := h.browseAs(t, notary.CertificateManager)
	const list = "/requests?q=host&sort=id&status=Outstanding"
	here := func() string { return get(t, b, chromedp.Evaluate[string]("location.pathname + location.search")) }
	b.open(t, list)
	for _, way := range [][]string{{"Cancel"}, {"Sign 1 request", "Back to requests"}} {
		b.run(t, chromedp.Click(`tbody tr:first-child input[type=checkbox]`))
		b.press(t, "Sign…")
		for _, button := range way {
			b.press(t, button)
		}
		if got := here(); got != list {
			t.Errorf("after %v the URL is %s, want %s", way, got, list)
		}
	}
	b.wantText(t, "host-002.example.com", "host-003.example.com")
	h.as(t, notary.CertificateManager).post(t, "/requests/many",
		url.Values{"do": {"sign"}, "all": {"yes"}, "filter": {"q=nothing&status=Active"}}).
		wantText(t, "No requests match the filter any more.", `href="/requests?q=nothing&amp;status=Active">Back to requests`)
}

func TestSelectAllMatching(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.submitMany(t, 2)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/requests?q=host")
	b.wantText(t, "0 selected")
	b.tick(t, "Select all requests that match")
	b.wantText(t, "All matching requests selected")
	b.tick(t, "Select all requests that match")
	b.wantText(t, "0 selected")
}

// On a narrow screen one checkbox selects all requests of the page, too.
func TestSelectAllOnANarrowScreen(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 2 {
		h.Request(t, h.Admin())
	}
	b := h.browseAs(t, notary.Admin)
	for _, width := range []int64{360, 1280} {
		b.size(t, width, 700)
		b.open(t, "/requests")
		b.tick(t, "Select all on this page")
		b.wantText(t, "2 selected")
	}
}
