package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func (h *house) certificateOf(t *testing.T, request int64) *notary.Certificate {
	t.Helper()
	cert, err := h.CA.RequestCertificate(t.Context(), h.Admin(), request)
	testkit.Check(t, err)
	return cert
}

func TestFindAndRevokeCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	issuing := h.Intermediate(t, root, notary.ECDSAP256)
	var requests []int64
	for _, name := range []string{"www.example.com", "mail.example.com", "db.example.net"} {
		id, err := h.CA.Submit(t.Context(), h.Caller(notary.CertificateRequestor),
			testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name, "also."+name))
		testkit.Check(t, err)
		testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: issuing}))
		requests = append(requests, id)
	}
	b := h.browseAs(t, notary.CertificateManager)
	b.press(t, "Certificates")
	b.look(t, "certificates")
	b.fill(t, "Search", "mail")
	b.press(t, "Filter")
	b.wantText(t, "mail.example.com")
	b.press(t, "mail.example.com")
	b.wantHeading(t, "mail.example.com")
	b.wantText(t, "also.mail.example.com", "Test Root", "Test Intermediate", fmt.Sprintf("Request %d", requests[1]),
		"version 1", "Not revoked",
		h.Caller(notary.CertificateRequestor).Principal.Name)
	b.look(t, "certificate")
	b.fill(t, "Reason", "superseded")
	b.tick(t, "I understand this can’t be undone")
	b.press(t, "Revoke")
	b.wantText(t, "Certificate revoked.", "superseded", "Already revoked.")
	b.look(t, "certificate-revoked")
	b.press(t, "Certificates")
	b.press(t, "Revoked")
	b.wantText(t, "mail.example.com", "revoked")
	if strings.Contains(b.text(t), "www.example.com") {
		t.Error("a valid certificate is listed as revoked")
	}
}

func TestInventoryFilters(t *testing.T) {
	t.Parallel()
	h := open(t)
	one, two := h.Root(t, notary.ECDSAP256), h.Root(t, notary.Ed25519)
	first, second := h.certificateOf(t, h.Signed(t, h.Admin(), one)), h.certificateOf(t, h.Signed(t, h.Admin(), two))
	testkit.Check(t, h.RevokeCertificate(t.Context(), h.Admin(), second.ID, notary.Superseded))
	v := h.as(t, notary.ReadOnly)
	link := func(c *notary.Certificate) string { return fmt.Sprintf(`data-href="/certificates/%d"`, c.ID) }
	for query, has := range map[string][2]bool{
		"":               {true, true},
		"?revoked=true":  {false, true},
		"?revoked=false": {true, false},
		fmt.Sprintf("?certificate_authority_id=%d", one): {true, false},
		"?serial_number=" + second.Serial:                {false, true},
		"?expires_before=2001-01-01":                     {false, false},
		"?expires_after=2001-01-01&sort=not_after":       {true, true},
	} {
		a := v.get(t, "/certificates"+query).wantStatus(t, http.StatusOK)
		for i, c := range []*notary.Certificate{first, second} {
			if strings.Contains(a.body, link(c)) != has[i] {
				t.Errorf("%q: certificate %d listed: %v", query, i, !has[i])
			}
		}
	}
	v.get(t, "/certificates?serial_number=xyz").wantStatus(t, 400).wantText(t, "is not a serial number", `value="xyz"`)
	v.get(t, "/certificates?expires_after=soon").wantStatus(t, 400).wantText(t, `id="f-expires_after-error"`)
	v.get(t, "/certificates?after=nonsense").wantStatus(t, 400)
}

func TestInventoryPaging(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	for range 60 {
		h.Signed(t, h.Admin(), root)
	}
	b := h.browseAs(t, notary.ReadOnly)
	b.open(t, "/certificates")
	first := b.text(t)
	b.press(t, "Next")
	if strings.Contains(b.text(t), "Next") {
		t.Error("there is a third page")
	}
	b.press(t, "Previous")
	if got := b.text(t); got != first {
		t.Errorf("the first page differs after going back: %.300s", got)
	}
}

func TestCertificateDownloadsWithOpenSSL(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	h := open(t)
	issuing := h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	cert := h.certificateOf(t, h.Signed(t, h.Caller(notary.CertificateRequestor), issuing))
	v := h.as(t, notary.CertificateRequestor)
	subject := []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}
	for form, tt := range map[string]struct {
		command []string
		want    string
	}{
		"fullchain.pem": {subject, "CN=" + cert.CommonName},
		"cert.pem":      {subject, "CN=" + cert.CommonName},
		"cert.cer":      {append(subject, "-inform", "DER"), "CN=" + cert.CommonName},
		"chain.pem":     {subject, "CN=Test Intermediate"},
		"chain.p7c":     {[]string{"pkcs7", "-inform", "DER", "-print_certs", "-noout"}, "Test Root"},
		"chain.p7b":     {[]string{"pkcs7", "-print_certs", "-noout"}, "Test Root"},
	} {
		got := v.get(t, fmt.Sprintf("/certificates/%d/download/%s", cert.ID, form)).wantStatus(t, http.StatusOK)
		if !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment; filename="+cert.CommonName+"-") {
			t.Errorf("%s: Content-Disposition is %s", form, got.Header.Get("Content-Disposition"))
		}
		cmd := exec.Command("openssl", tt.command...)
		cmd.Stdin = strings.NewReader(got.body)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: openssl %v printed %s (%v), want %q", form, tt.command, out, err, tt.want)
		}
	}
	v.get(t, fmt.Sprintf("/certificates/%d/download/key.pem", cert.ID)).wantStatus(t, http.StatusNotFound)
}

// A cross-signed authority adds a second chain to a trust anchor, which can be downloaded, too.
func TestAlternativeChains(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	other := h.namedRoot(t, "Other Root")
	issuing := h.Intermediate(t, root, notary.ECDSAP256)
	_, err := h.CA.CrossSign(t.Context(), h.Admin(), issuing, other, notary.IntermediateProfile)
	testkit.Check(t, err)
	cert := h.certificateOf(t, h.Signed(t, h.Admin(), issuing))
	v := h.as(t, notary.ReadOnly)
	path := fmt.Sprintf("/certificates/%d", cert.ID)
	v.get(t, path).wantText(t, "Alternative chains", "via ", ", Other Root", path+"/chains/2")
	v.get(t, path+"/chains/2").wantStatus(t, http.StatusOK).wantText(t, "BEGIN CERTIFICATE")
	v.get(t, path+"/chains/9").wantStatus(t, http.StatusNotFound)
}

func TestRevocationFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	cert := h.certificateOf(t, h.Signed(t, h.Admin(), root))
	v := h.as(t, notary.Admin)
	path := fmt.Sprintf("/certificates/%d", cert.ID)
	v.post(t, path+"/revoke", url.Values{"reason": {"superseded"}}).wantStatus(t, 400).wantText(t, `id="f-sure-error"`,
		`value="superseded" selected`)
	v.post(t, path+"/revoke", url.Values{"reason": {"because"}, "sure": {"yes"}}).wantStatus(t, 400).wantText(t,
		`id="f-reason-error"`)
	v.post(t, path+"/revoke", url.Values{"reason": {"superseded"}, "sure": {"yes"}}).wantAt(t, path)
	v.post(t, path+"/revoke", url.Values{"reason": {"superseded"}, "sure": {"yes"}}).wantStatus(t, 409).wantText(t,
		"already revoked")
	v.get(t, "/certificates/99").wantStatus(t, 404)

	a, err := h.CA.Authority(t.Context(), h.Admin(), root)
	testkit.Check(t, err)
	v.get(t, fmt.Sprintf("/certificates/%d", a.Certificate.ID)).wantText(t,
		fmt.Sprintf(`href="/authorities/%d/revoke"`, root))
	h.Clock.Advance(91 * 24 * time.Hour)
	h.as(t, notary.Admin).get(t, "/certificates?revoked=false").wantStatus(t, 200)
}

func TestRolesOnCertificatePages(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	mine, others := h.certificateOf(t, h.Signed(t, h.Caller(notary.CertificateRequestor), root)),
		h.certificateOf(t, h.Signed(t, h.Admin(), root))
	for _, role := range notary.Roles {
		v := h.as(t, role)
		list := v.get(t, "/certificates").wantStatus(t, 200)
		page := v.get(t, certificatePath(mine.ID)).wantStatus(t, 200)
		want := http.StatusOK
		if role == notary.CertificateRequestor {
			want = http.StatusNotFound
			list.wantText(t, "Showing certificates of requests you submitted.")
		}
		v.get(t, certificatePath(others.ID)).wantStatus(t, want)
		v.get(t, certificatePath(others.ID)+"/download/fullchain.pem").wantStatus(t, want)
		if role == notary.CertificateRequestor || role == notary.ReadOnly {
			page.wantText(t, "Certificate Managers revoke certificates.")
			v.post(t, certificatePath(mine.ID)+"/revoke", url.Values{"reason": {"superseded"}, "sure": {"yes"}}).wantStatus(t,
				http.StatusForbidden)
		}
	}
}

func certificatePath(id int64) string { return fmt.Sprintf("/certificates/%d", id) }

func TestHostileCertificateNames(t *testing.T) {
	t.Parallel()
	h := open(t)
	const hostile = `<img src=x onerror=alert(1)>"'`
	root := h.namedRoot(t, hostile)
	a, err := h.CA.Authority(t.Context(), h.Admin(), root)
	testkit.Check(t, err)
	v := h.as(t, notary.Admin)
	for _, path := range []string{"/certificates", certificatePath(a.Certificate.ID), "/certificates?name=" +
		url.QueryEscape(hostile), "/certificates?q=" + url.QueryEscape(hostile),
		"/certificates?key=" + url.QueryEscape(hostile)} {
		if got := v.get(t, path); strings.Contains(got.body, "<img src=x") || !strings.Contains(got.body, "&lt;img src=x") {
			t.Errorf("%s does not escape the name: %.3000s", path, got.body)
		}
	}
}

// A certificate that expired today is not listed as valid, and the current tab is marked.
func TestInventoryTabs(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	sign := func(end time.Duration) string {
		id := h.Request(t, h.Admin())
		testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root,
			NotAfter: h.Clock.Now().Add(end)}))
		return fmt.Sprintf(`data-href="%s"`, certificatePath(h.certificateOf(t, id).ID))
	}
	expired := sign(time.Minute)
	h.Clock.Advance(2 * time.Minute)
	soon, later := sign(time.Hour), sign(60*24*time.Hour)
	has := func(a answer, rows ...string) {
		t.Helper()
		a.wantStatus(t, http.StatusOK).wantText(t, rows...)
		for _, row := range []string{expired, soon, later} {
			if !slices.Contains(rows, row) {
				a.wantNoText(t, row)
			}
		}
	}
	b := h.browseAs(t, notary.Admin)
	for tab, rows := range map[string][]string{"Valid": {soon, later}, "Expiring in 30 days": {soon},
		"Expired": {expired}, "All": {expired, soon, later}, "Revoked": nil} {
		b.open(t, "/certificates")
		b.press(t, tab)
		here := func() string { return get(t, b, chromedp.Text(`.tabs [aria-current]`)) }
		if got := here(); got != tab {
			t.Errorf("the current tab is %q after %q", got, tab)
		}
		address := get(t, b, chromedp.Evaluate[string]("location.pathname + location.search"))
		has(v.get(t, address), rows...)
		h.Clock.Advance(time.Minute)
		b.open(t, address)
		if got := here(); got != tab {
			t.Errorf("the current tab is %q a minute after %q", got, tab)
		}
	}
}

func TestValidCountMatchesList(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root,
		NotAfter: h.Clock.Now().Add(time.Minute)}))
	h.Clock.Advance(2 * time.Minute)
	v := h.as(t, notary.Admin)
	link := regexp.MustCompile(`href="(/certificates[^"]*)">(\d+) valid`).FindStringSubmatch(v.get(t,
		authorityPath(root)).body)
	list := v.get(t, html.UnescapeString(link[1])).wantStatus(t, http.StatusOK)
	if rows := strings.Count(list.body, "<tr data-href="); link[2] != strconv.Itoa(rows) {
		t.Errorf("the count of valid certificates is %s, %d are listed", link[2], rows)
	}
}
