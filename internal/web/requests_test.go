package web_test

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func (h *house) submit(t *testing.T, caller notary.Caller, names ...string) int64 {
	t.Helper()
	id, err := h.CA.Submit(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...))
	testkit.Check(t, err)
	return id
}

func (h *house) submitMany(t *testing.T, n int) (ids []int64) {
	t.Helper()
	key := testkit.Key(t, notary.ECDSAP256)
	for i := range n {
		id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, key, fmt.Sprintf("host-%03d.example.com", i+1)))
		testkit.Check(t, err)
		ids = append(ids, id)
	}
	return ids
}

func TestRequestPaging(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.submitMany(t, 120)
	b := h.browseAs(t, notary.ReadOnly)
	b.press(t, "Requests")
	b.wantText(t, "host-120.example.com", "host-071.example.com", "Outstanding 120")
	b.press(t, "Next")
	b.wantText(t, "host-070.example.com", "host-021.example.com")
	b.press(t, "Next")
	b.wantText(t, "host-020.example.com", "host-001.example.com")
	b.press(t, "Previous")
	b.wantText(t, "host-070.example.com", "host-021.example.com")
	b.press(t, "Previous")
	b.wantText(t, "host-120.example.com", "host-071.example.com")
}

func TestFindRequestsByName(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.submitMany(t, 12)
	signed := h.Signed(t, h.Admin(), root)
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), h.submit(t, h.Caller(notary.CertificateRequestor),
		"rejected.example.net", "10.1.2.3"), ""))
	b := h.browseAs(t, notary.CertificateManager)
	b.press(t, "Requests")
	_, err := chromedp.RunResponse(b.ctx, chromedp.SendKeys("header input[type=search]", "host-007\r"))
	b.want(t, err)
	b.wantText(t, "host-007.example.com")
	if text := b.text(t); strings.Contains(text, "host-008") {
		t.Errorf("the search shows other requests: %s", text)
	}
	b.open(t, "/requests")
	b.look(t, "requests")
	b.press(t, "Rejected 1")
	b.wantText(t, "rejected.example.net", "+1")
	b.open(t, fmt.Sprintf("/requests?certificate_authority_id=%d", root))
	b.click(t, fmt.Sprintf(`//a[@href="/requests/%d"]`, signed))
	b.wantText(t, "Certificate issued, valid until")
}

func TestFilterFromURL(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.ReadOnly)
	root := h.Root(t, notary.ECDSAP256)
	signed := h.Signed(t, h.Admin(), root)
	h.submit(t, h.Admin(), "other.example.com")
	team := "web"
	testkit.Check(t, h.CA.Annotate(t.Context(), h.Admin(), signed, ca.Change{Labels: map[string]*string{"team": &team}}))
	link := fmt.Sprintf(`href="/requests/%d"`, signed)
	for query, found := range map[string]bool{
		"":                                        true,
		"status=Active":                           true,
		"status=Outstanding":                      false,
		"key=ecdsa-p256":                          true,
		"key=RSA+2048":                            false,
		"email=" + h.Admin().Principal.Name:       true,
		"email=nobody@example.com":                false,
		"certificate_authority_id=1":              true,
		"certificate_authority_id=2":              false,
		"expires_before=2999-01-31":               true,
		"expires_after=2999-01-31":                false,
		"expires_before=2999-01-31T12%3A00%3A00Z": true,
		"q=label%3Dteam%3Aweb":                    true,
		"q=label%3Dteam%3Ashop":                   false,
		"q=nowhere":                               false,
	} {
		a := v.get(t, "/requests?"+query).wantStatus(t, 200)
		if got := strings.Contains(a.body, link); got != found {
			t.Errorf("%s: found %v, want %v", query, got, found)
		}
	}
	for query, field := range map[string]string{"expires_before=soon": "expires_before", "status=Lost": "",
		"certificate_authority_id=x": "certificate_authority_id",
		"after=x":                    "", "sort=x": "sort",
		"expires_before=2026-01-01&expires_after=2026-02-01": "expires_before", "q=" + strings.Repeat("a", 400): "q", "q=label%3D": "q"} {
		a := v.get(t, "/requests?"+query).wantStatus(t, 400).wantText(t, `class="failure"`)
		if field != "" {
			a.wantText(t, `id="f-`+field+`-error"`)
		}
	}
}

func TestSizeOfAFullList(t *testing.T) {
	t.Parallel()
	h := open(t)
	key := testkit.Key(t, notary.ECDSAP256)
	long := strings.Repeat("a", 40) + ".example.com"
	for i := range 50 {
		_, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, key, fmt.Sprintf("h%d.%s", i, long), "x."+long, "y."+
			long))
		testkit.Check(t, err)
	}
	a := h.as(t, notary.Admin).get(t, "/requests").wantStatus(t, 200).wantText(t, "h49.")
	if len(a.body) > 100<<10 {
		t.Errorf("the page has %d octets", len(a.body))
	}
}

func TestRequestLifecycle(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	id := h.submit(t, h.Caller(notary.CertificateRequestor), "www.example.com", "10.0.0.7")
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, fmt.Sprintf("/requests/%d", id))
	b.wantHeading(t, "www.example.com")
	b.wantText(t, "Pending approval.", "10.0.0.7", "ECDSA P-256", "request.create")
	b.look(t, "request-outstanding")
	b.fill(t, "Validity", "30")
	b.press(t, "Sign")
	b.wantText(t, "Request signed.", "in 30 days", "request.sign", "Test Root", "Issued with profile server-client")
	b.look(t, "request-active")
	b.press(t, "Renew")
	b.wantText(t, "Request signed.", "Earlier certificates")
	b.fill(t, "Reason", "superseded")
	b.tick(t, "I understand this can’t be undone")
	b.press(t, "Revoke")
	b.wantText(t, "Revoked: certificates 3 and 4.", "Reopen the request to issue again", "Previous certificates",
		"superseded")
	b.look(t, "request-revoked")
	b.press(t, "Reopen")
	b.wantText(t, "Request reopened.")
}

func TestRejectAndDeleteWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.submit(t, h.Admin(), "www.example.com")
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/sign-in")
	b.fill(t, "Email", h.Caller(notary.CertificateManager).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.open(t, fmt.Sprintf("/requests/%d", id))
	b.fill(t, "Reason", "Ask for the name of the service instead.")
	b.press(t, "Reject")
	b.wantText(t, "Request rejected.", "Rejected: Ask for the name of the service instead.")
	b.press(t, "Reopen")
	b.wantText(t, "Pending approval.")
	b.run(t, chromedp.Click(`//summary[.="Delete request"]`))
	b.tick(t, "Delete this request")
	b.press(t, "Delete")
	b.wantText(t, fmt.Sprintf("Request %d deleted.", id), "No requests yet.")
}

// Actions that the status does not allow are refused, and the page says what is possible.
func TestActionsRefusedByStatus(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.CertificateManager)
	outstanding, active := h.Request(t, h.Admin()), h.Signed(t, h.Admin(), root)
	sure := url.Values{"sure": {"yes"}}
	post := func(id int64, action string, form url.Values) answer {
		return v.post(t, fmt.Sprintf("/requests/%d/%s", id, action), form)
	}
	post(active, "reject", nil).wantStatus(t, 409).wantText(t, "revoke the certificate")
	post(active, "reopen", nil).wantStatus(t, 409).wantText(t, "only rejected and revoked requests can be reopened")
	post(outstanding, "revoke", sure).wantStatus(t, 409).wantText(t, "This request has no certificate.")
	post(outstanding, "remove", sure).wantStatus(t, 409)
	post(active, "remove", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
	post(active, "revoke", url.Values{"sure": {"yes"}, "reason": {"boredom"}}).wantStatus(t, 400).wantText(t,
		`id="f-reason-error"`)
	post(outstanding, "sign", url.Values{"certificate_authority_id": {"99"}, "not_valid_after": {"7"}}).wantStatus(t, 404)
	for end, why := range map[string]string{"soon": "number of days", "2020-01-01": "must be in the future",
		"0": "number of days"} {
		post(outstanding, "sign", url.Values{"certificate_authority_id": {"1"}, "not_valid_after": {end}}).
			wantStatus(t, 400).wantText(t, `id="f-not_valid_after-error"`, why, `value="`+end+`"`)
	}
	post(outstanding, "sign", url.Values{"certificate_authority_id": {"1"}, "profile": {"nothing"}}).wantStatus(t,
		400).wantText(t, `id="f-profile-error"`)
	post(outstanding, "upload", url.Values{"certificate": {"no PEM"}}).wantStatus(t, 400).wantText(t,
		`id="f-certificate-error"`, "no PEM", "<details open>")
	day := h.Clock.Now().AddDate(0, 0, 10).Format(time.DateOnly)
	post(outstanding, "sign", url.Values{"certificate_authority_id": {"1"}, "not_valid_after": {day}}).wantStatus(t,
		200).wantText(t, day)
	post(outstanding, "remove", sure).wantStatus(t, 200).wantText(t, "Certificate detached")
	post(99, "sign", url.Values{"certificate_authority_id": {"1"}}).wantStatus(t, 404)
	v.get(t, "/requests/99").wantStatus(t, 404)
}

func (h *house) uploaded(t *testing.T) int64 {
	t.Helper()
	key := testkit.Key(t, notary.ECDSAP256)
	id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, key, "uploaded.example.com"))
	testkit.Check(t, err)
	_, err = h.CA.Upload(t.Context(), h.Admin(), id, testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now()).Chain(t,
		key.Public()))
	testkit.Check(t, err)
	return id
}

func TestUploadExternalCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	key := testkit.Key(t, notary.ECDSAP256)
	id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, key, "www.example.com"))
	testkit.Check(t, err)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	v := h.as(t, notary.CertificateManager)
	v.post(t, fmt.Sprintf("/requests/%d/upload", id), url.Values{"certificate": {outside.Chain(t, key.Public())}}).
		wantStatus(t, 200).wantText(t, "Certificate uploaded.", "Certificate issued, valid until")
}

// All certificates of a file are uploaded, in every format.
func TestUploadedFilesKeepEveryCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now()).Intermediate(t, notary.ECDSAP256)
	v := h.as(t, notary.CertificateManager)
	for name, form := range map[string]func(text string, raw, bag []byte) string{
		"PEM":              func(text string, _, _ []byte) string { return text },
		"concatenated DER": func(_ string, raw, _ []byte) string { return string(raw) },
		"PKCS #7":          func(_ string, _, bag []byte) string { return string(bag) },
		"UTF-16": func(text string, _, _ []byte) string {
			return "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"
		},
	} {
		key := testkit.Key(t, notary.ECDSAP256)
		id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, key, "www.example.com"))
		testkit.Check(t, err)
		chain := append([]*x509.Certificate{outside.Issue(t, key.Public())}, outside.Authorities()...)
		raw := slices.Concat(chain[0].Raw, chain[1].Raw, chain[2].Raw)
		bag, err := pkcs7.DegenerateCertificate(raw)
		testkit.Check(t, err)
		v.upload(t, fmt.Sprintf("/requests/%d/upload", id), nil, map[string]string{"certificate": form(testkit.PEM(chain...),
			raw, bag)}).
			wantStatus(t, 200).wantText(t, "Certificate uploaded.")
		request, err := h.CA.Request(t.Context(), h.Admin(), id)
		testkit.Check(t, err)
		if got := request.Certificate.ChainPEM(); got != testkit.PEM(chain...) {
			t.Errorf("%s: the chain is\n%s", name, got)
		}
	}
}

// Each role sees what it is allowed to see, and why it sees no more.
func TestRolesOnRequestPages(t *testing.T) {
	t.Parallel()
	h := open(t)
	requestor := h.Caller(notary.CertificateRequestor)
	mine, other := h.submit(t, requestor, "mine.example.com"), h.submit(t, h.Admin(), "other.example.com")
	for _, role := range notary.Roles {
		v := h.as(t, role)
		list := v.get(t, "/requests").wantStatus(t, 200).wantText(t, "mine.example.com")
		page := v.get(t, fmt.Sprintf("/requests/%d", mine)).wantStatus(t, 200)
		decides := role == notary.Admin || role == notary.CertificateManager
		for text, want := range map[string]bool{"other.example.com": role != notary.CertificateRequestor,
			"New request":             role != notary.ReadOnly,
			`action="/requests/many"`: true, `name="do" value="sign"`: decides} {
			if got := strings.Contains(list.body, text); got != want {
				t.Errorf("%s: %q on the list: %v, want %v", role, text, got, want)
			}
		}
		if strings.Contains(page.body, "/delete") != decides || strings.Contains(page.body,
			"Certificate Managers approve requests.") == decides {
			t.Errorf("%s: the page of a request shows the wrong actions", role)
		}
		if !decides {
			v.post(t, fmt.Sprintf("/requests/%d/reject", mine), nil).wantStatus(t, 403)
		}
		status := 200
		if role == notary.CertificateRequestor {
			status = 404
		}
		v.get(t, fmt.Sprintf("/requests/%d", other)).wantStatus(t, status)
	}
}

func TestRenewalDefaults(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Intermediate(t, root, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: "server"}))
	form := formOf(t, h.as(t, notary.Admin).get(t, requestURL(id)).body)
	for field, want := range map[string]string{"certificate_authority_id": strconv.FormatInt(root, 10),
		"profile": "server"} {
		if got := form.Get(field); got != want {
			t.Errorf("the form has %s %q, want %q", field, got, want)
		}
	}
}

// An action that would always be refused has an explanation instead of a form.
func TestImpossibleActionsHaveNoForm(t *testing.T) {
	t.Parallel()
	h := open(t)
	kept, gone := h.Root(t, notary.ECDSAP256), h.namedRoot(t, "Gone")
	compromised, removed, orphan, uploaded := h.Signed(t, h.Admin(), kept), h.Signed(t, h.Admin(), kept),
		h.Signed(t, h.Admin(), gone), h.uploaded(t)
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), compromised, notary.KeyCompromise))
	testkit.Check(t, h.CA.RemoveCertificate(t.Context(), h.Admin(), removed))
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), gone, true))
	v := h.as(t, notary.CertificateManager)
	for _, tt := range []struct {
		request     int64
		action, why string
		status      int
	}{
		{compromised, "reopen", "Submit a new request with a new key", 409},
		{removed, "reject", "be rejected. Revoke the certificate instead", 409},
		{orphan, "revoke", "no CRL can list it", 422},
		{uploaded, "revoke", "revoke it where it was issued", 422},
	} {
		form := requestURL(tt.request) + "/" + tt.action
		v.get(t, requestURL(tt.request)).wantText(t, tt.why).wantNoText(t, form)
		v.post(t, form, url.Values{"sure": {"yes"}}).wantStatus(t, tt.status)
	}
	for _, request := range []int64{orphan, uploaded} {
		cert := certificatePath(h.certificateOf(t, request).ID)
		v.get(t, cert).wantStatus(t, 200).wantNoText(t, cert+"/revoke")
	}
}

func TestFilteredTabsHaveNoCounts(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	v := h.as(t, notary.Admin)
	const counted = `>Outstanding <span class="soft">1</span></a>`
	v.get(t, "/requests?status=Outstanding").wantText(t, counted)
	v.get(t, "/requests?q=nothing-like-it").wantText(t, "No requests match.", ">Outstanding</a>").wantNoText(t, counted)
}

func TestFilterLabels(t *testing.T) {
	t.Parallel()
	open(t).as(t, notary.Admin).get(t, "/requests?serial_number=0a&name_prefix=www").wantStatus(t, 200).
		wantText(t, `<label for="f-serial_number">Serial number</label>`,
			`<label for="f-name_prefix">Name begins with</label>`)
}
