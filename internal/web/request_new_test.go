package web_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

func requestURL(id int64) string { return fmt.Sprintf("/requests/%d", id) }

func TestKeyGeneratedInTheBrowser(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.CertificateManager)
	for kind, key := range map[string]string{"ecdsa-p256": "ECDSA P-256", "ecdsa-p384": "ECDSA P-384",
		"rsa-2048": "RSA 2048", "rsa-3072": "RSA 3072", "ed25519": "Ed25519"} {
		host := kind + ".example.com"
		b.open(t, "/requests/new")
		b.fill(t, "Subject alternative names", host+
			"\n*.bücher.example\n10.0.0.7\n2001:db8::7\nops@example.com\nspiffe://example.com/web\n")
		b.fill(t, "Key type", kind)
		b.run(t, chromedp.Click(`//button[.="Generate key and CSR"]`), chromedp.WaitVisible("#save-key"))
		b.run(t, chromedp.Click(`//button[.="Review request"]`))
		b.wantText(t, "Save the private key first")
		if kind == "ecdsa-p256" {
			b.look(t, "request-new")
		}
		name, privateKey := b.download(t, "#save-key")
		if name != host+".key" {
			t.Errorf("the file name of the key is %q", name)
		}
		b.press(t, "Review request")
		b.wantHeading(t, "Review request")
		b.wantText(t, key, "10.0.0.7", "2001:db8::7", "ops@example.com", "spiffe://example.com/web",
			"*.xn--bcher-kva.example")
		if kind == "ecdsa-p256" {
			b.look(t, "request-check")
		}
		b.press(t, "Submit request")
		b.wantText(t, "Request submitted.")
		b.press(t, "Sign")
		b.wantText(t, "Request signed.")
		_, certificate := b.download(t, `//a[contains(@href, "cert.pem")]`)
		public := openssl(t, map[string]string{"key.pem": privateKey}, "pkey", "-in", "key.pem", "-pubout")
		if certified := openssl(t, map[string]string{"cert.pem": certificate}, "x509", "-in", "cert.pem", "-noout",
			"-pubkey"); public != certified {
			t.Errorf("%s: the key\n%sdiffers from that of the certificate\n%s", kind, public, certified)
		}
	}
	for _, sent := range b.sent {
		if strings.Contains(sent, "PRIVATE") {
			t.Errorf("a private key was sent: %s", sent)
		}
	}
}

// The common name is one of the DNS names as encoded in the certificate, or missing if none fits.
func TestCommonNameOfGeneratedCSR(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	long := strings.Repeat("a", 60) + ".example.com"
	for names, want := range map[string]string{"bücher.example": "xn--bcher-kva.example",
		"WWW.Example.com": "www.example.com",
		"spiffe://example.com/web\n10.0.0.7\nops@example.com\n" + long + "\n*.example.com": "*.example.com", "10.0.0.7": "",
		long: ""} {
		b.open(t, "/requests/new")
		b.fill(t, "Subject alternative names", names)
		b.run(t, chromedp.Click(`//button[.="Generate key and CSR"]`), chromedp.WaitVisible("#save-key"))
		block, _ := pem.Decode([]byte(get(t, b, chromedp.Value("#f-csr"))))
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		testkit.Check(t, err)
		if csr.Subject.CommonName != want {
			t.Errorf("%q: the common name is %q, want %q", names, csr.Subject.CommonName, want)
		}
		b.download(t, "#save-key") // otherwise the browser asks whether to leave
	}
}

func TestInvalidNamesBeforeKeyGeneration(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	for names, why := range map[string]string{" ": "Enter at least one name", "two words": "two words", "a/b": "a/b",
		"1234": "1234", "www.example.com\n10.0.0.256": "10.0.0.256", "*.0x7f.1": "*.0x7f.1",
		"a_b.example.com": "a_b.example.com", "example.com.": "example.com."} {
		b.fill(t, "Subject alternative names", names)
		b.run(t, chromedp.Click(`//button[.="Generate key and CSR"]`),
			chromedp.WaitVisible(`//p[@id="f-names-error"][contains(., "`+why+`")]`))
		if strings.TrimSpace(names) != "" {
			b.wantText(t, "isn't a valid DNS name, IP address, email address or URI.")
		}
		if at := get(t, b, chromedp.Evaluate[string]("document.activeElement.id")); at != "f-names" {
			t.Errorf("the focus is on %q", at)
		}
	}
	if made := get(t, b, chromedp.Value("#f-csr")); made != "" {
		t.Errorf("a CSR was generated: %s", made)
	}
	b.wantAccessible(t, "request-new with what is no name")
}

func TestPastedRequestWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/requests/new")
	b.fill(t, "Email", h.Caller(notary.CertificateRequestor).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "New request")
	b.fill(t, "Certificate signing request (CSR)", "-----BEGIN NOTHING-----")
	b.press(t, "Review request")
	b.wantHeading(t, "New request")
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	b.fill(t, "Certificate signing request (CSR)", csr)
	b.fill(t, "Profile", "email")
	b.press(t, "Review request")
	b.wantText(t, "Doesn’t meet profile email", "You can still submit it")
	b.fill(t, "Profile", "server")
	b.press(t, "Check with this profile")
	b.wantText(t, "Meets profile server")
	b.press(t, "Edit CSR")
	b.press(t, "Review request")
	b.press(t, "Submit request")
	b.wantText(t, "Request submitted.", "Certificate Managers approve requests.")
	r, err := h.CA.Request(t.Context(), h.Admin(), 1)
	testkit.Check(t, err)
	if r.CSR != csr {
		t.Errorf("recorded %q, want the pasted text", r.CSR)
	}
}

func TestRequestFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	for _, path := range []string{"/requests/new/check", "/requests/new"} {
		v.post(t, path, url.Values{"csr": {"<b>no PEM</b>"}, "profile": {"client"}}).wantStatus(t, 400).
			wantText(t, `id="f-csr-error"`, "&lt;b&gt;no PEM&lt;/b&gt;", `value="client" selected`)
	}
	v.post(t, "/requests/new/check", nil).wantStatus(t, 400).wantText(t, "Paste or upload a CSR")
	v.post(t, "/requests/new/check", url.Values{"csr": {csr}, "profile": {"nothing"}}).wantStatus(t, 400).wantText(t,
		`id="f-profile-error"`)
	v.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 200).wantAt(t, "/requests/1")
	v.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 409).wantText(t, `class="failure"`, csr[:100])
	v.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 200).
		wantText(t, "This CSR was already submitted", `href="/requests/1"`).wantNoText(t, "Submit request")
	v.post(t, "/requests/new/check", url.Values{"csr": {h.recordedCSR(t)}}).wantStatus(t, 200).
		wantText(t, "Submit request").wantNoText(t, "already", `href="/requests/2"`)
	reader := h.as(t, notary.ReadOnly)
	reader.get(t, "/requests/new").wantStatus(t, 403)
	reader.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 403)
	reader.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 403)
}

func (h *house) recordedCSR(t *testing.T) string {
	t.Helper()
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "other.example.com")
	_, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	return csr
}

func TestHostileRequestNames(t *testing.T) {
	t.Parallel()
	h := open(t)
	const script, mark = `"><script>alert(1)</script>`, "\u202egnp.exe" // U+202E reverses the following text
	key := testkit.Key(t, notary.ECDSAP256)
	csr := hostileCSR(t, key, script)
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.Admin)
	look := func(path string) {
		b.open(t, path)
		if n := get(t, b, chromedp.Evaluate[int](`document.querySelectorAll("script:not([src])").length`)); n != 0 {
			t.Errorf("%s has %d inline scripts", path, n)
		}
	}
	look("/requests")
	b.wantText(t, script)
	look(requestURL(id))
	b.wantText(t, script)
	look("/requests?q=" + url.QueryEscape(script+mark))
	look("/requests?status=" + url.QueryEscape(script))
	look("/requests/new?names=" + url.QueryEscape(script) + "&csr=" + url.QueryEscape(`</textarea><script>`))
	v := h.as(t, notary.Admin)
	for path, form := range map[string]url.Values{"/requests/new/check": {"csr": {csr}, "profile": {script}},
		requestURL(id) + "/sign": {"certificate_authority_id": {"1"}, "not_valid_after": {script}, "profile": {script}}} {
		a := v.post(t, path, form)
		if strings.Contains(a.body, "<script>") {
			t.Errorf("%s contains a script: %s", path, a.body)
		}
	}
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	chain := outside.Chain(t, key.Public(), func(c *x509.Certificate) {
		c.Subject.CommonName,
			c.Subject.Organization = script+mark, []string{mark}
	})
	_, err = h.CA.Upload(t.Context(), h.Admin(), id, chain)
	testkit.Check(t, err)
	look(requestURL(id))
	if text := b.text(t); strings.Contains(text, mark) || !strings.Contains(text, `\u202egnp.exe`) {
		t.Errorf("the bidi mark is not escaped: %s", text)
	}
	a := v.get(t, requestURL(id)+"/download/csr.pem").wantStatus(t, 200)
	if name := a.Header.Get("Content-Disposition"); strings.ContainsAny(name, "<>\"\u202e") {
		t.Errorf("Content-Disposition is %s", name)
	}
}

func hostileCSR(t *testing.T, key any, text string) string {
	t.Helper()
	template := &x509.CertificateRequest{DNSNames: []string{"www.example.com"}}
	template.Subject.CommonName, template.Subject.Organization = text, []string{text}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	testkit.Check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// The default profile is a wish if the requester chooses it. Without a choice, nothing is requested.
func TestDefaultProfileAsAWish(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateRequestor)
	const first = `<select id="f-profile" name="profile" aria-describedby="f-profile-note"><option value="" `
	v.get(t, "/requests/new").wantText(t, first)
	for _, profile := range []string{"", notary.DefaultProfile} {
		csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
		v.post(t, "/requests/new/check", url.Values{"csr": {csr}, "profile": {profile}}).wantStatus(t, 200).wantText(t, first,
			"Meets profile "+notary.DefaultProfile, fmt.Sprintf(`<input type="hidden" name="profile" value="%s">`, profile))
		shown := v.post(t, "/requests/new", url.Values{"csr": {csr}, "profile": {profile}}).wantStatus(t, 200)
		var id int64
		_, err := fmt.Sscanf(shown.Request.URL.Path, "/requests/%d", &id)
		testkit.Check(t, err)
		r, err := h.CA.Request(t.Context(), h.Admin(), id)
		testkit.Check(t, err)
		if r.Wishes != (notary.Wishes{Profile: profile}) {
			t.Errorf("profile %q: the wishes are %+v", profile, r.Wishes)
		}
	}
}
