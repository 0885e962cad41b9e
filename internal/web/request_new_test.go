package web_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"mime/multipart"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

// openssl runs it in a folder of its own, with files of these contents, and gives what it says.
func openssl(t *testing.T, files map[string]string, args ...string) string {
	t.Helper()
	testkit.Require(t, "openssl")
	command := exec.CommandContext(t.Context(), "openssl", args...)
	command.Dir = t.TempDir()
	for name, content := range files {
		testkit.Check(t, os.WriteFile(filepath.Join(command.Dir, name), []byte(content), 0o600))
	}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("openssl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func requestURL(id int64) string { return fmt.Sprintf("/requests/%d", id) }

// download is the name and content of what the browser saves when the link is clicked.
func (b *browser) download(t *testing.T, xpath string) (name, content string) {
	t.Helper()
	folder, events := t.TempDir(), make(chan any, 100)
	testkit.Check(t, chromedp.ListenBrowser(b.ctx, func(event any) {
		switch event.(type) {
		case *downloads.EventDownloadWillBegin, *downloads.EventDownloadProgress:
			events <- event
		}
	}))
	told := true
	_, err := chromedp.CallBrowser(b.ctx, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{
		Behavior: downloads.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: folder, EventsEnabled: &told,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	b.want(t, err)
	tab := string(chromedp.FromContext(b.ctx).Target.TargetID)
	b.run(t, chromedp.Click(xpath))
	for id := ""; ; {
		select {
		case event := <-events:
			switch e := event.(type) {
			case *downloads.EventDownloadWillBegin:
				if string(e.FrameID) == tab { // the other tests' tabs are heard, too
					id, name = e.GUID, e.SuggestedFilename
				}
			case *downloads.EventDownloadProgress:
				if e.GUID == id && e.State == downloads.DownloadProgressStateCompleted {
					saved, err := os.ReadFile(filepath.Join(folder, id))
					testkit.Check(t, err)
					return name, string(saved)
				}
			}
		case <-b.ctx.Done():
			t.Fatal("nothing was downloaded")
		}
	}
}

func TestAKeyIsMadeInTheBrowserAndFitsTheCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.CertificateManager)
	for kind, key := range map[string]string{"ecdsa-p256": "ECDSA P-256", "ecdsa-p384": "ECDSA P-384", "rsa-2048": "RSA 2048", "rsa-3072": "RSA 3072", "ed25519": "Ed25519"} {
		host := kind + ".example.com"
		b.open(t, "/requests/new")
		b.fill(t, "Names, one a line", host+"\n*.bücher.example\n10.0.0.7\n2001:db8::7\nops@example.com\nspiffe://example.com/web\n")
		b.fill(t, "Kind of key", kind)
		b.run(t, chromedp.Click(`//button[.="Make the key and the request"]`), chromedp.WaitVisible("#save-key"))
		b.run(t, chromedp.Click(`//button[.="Check it"]`))
		b.wantText(t, "Save the private key first")
		if kind == "ecdsa-p256" {
			b.look(t, "request-new")
		}
		name, privateKey := b.download(t, "#save-key")
		if name != host+".key" {
			t.Errorf("the key is saved as %q", name)
		}
		b.press(t, "Check it")
		b.wantHeading(t, "Check the request")
		b.wantText(t, key, "10.0.0.7", "2001:db8::7", "ops@example.com", "spiffe://example.com/web", "*.xn--bcher-kva.example")
		if kind == "ecdsa-p256" {
			b.look(t, "request-check")
		}
		b.press(t, "Submit the request")
		b.wantText(t, "The request is submitted.")
		b.press(t, "Sign")
		b.wantText(t, "The request is signed.")
		_, certificate := b.download(t, `//a[contains(@href, "certificate.pem")]`)
		public := openssl(t, map[string]string{"key.pem": privateKey}, "pkey", "-in", "key.pem", "-pubout")
		if certified := openssl(t, map[string]string{"cert.pem": certificate}, "x509", "-in", "cert.pem", "-noout", "-pubkey"); public != certified {
			t.Errorf("%s: the key\n%sis not that of the certificate\n%s", kind, public, certified)
		}
	}
	for _, sent := range b.sent {
		if strings.Contains(sent, "PRIVATE") {
			t.Errorf("a private key was sent: %s", sent)
		}
	}
}

// The common name is a name of the certificate, written as it is there; without a DNS name that
// fits, there is none.
func TestTheCommonNameIsADNSNameThatIsCertified(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	long := strings.Repeat("a", 60) + ".example.com"
	for names, want := range map[string]string{"bücher.example": "xn--bcher-kva.example", "WWW.Example.com": "www.example.com",
		"spiffe://example.com/web\n10.0.0.7\nops@example.com\n" + long + "\n*.example.com": "*.example.com", "10.0.0.7": "", long: ""} {
		b.open(t, "/requests/new")
		b.fill(t, "Names, one a line", names)
		b.run(t, chromedp.Click(`//button[.="Make the key and the request"]`), chromedp.WaitVisible("#save-key"))
		block, _ := pem.Decode([]byte(get(t, b, chromedp.Value("#f-csr"))))
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		testkit.Check(t, err)
		if csr.Subject.CommonName != want {
			t.Errorf("%q: the common name is %q, want %q", names, csr.Subject.CommonName, want)
		}
		b.download(t, "#save-key") // or the browser asks whether to leave
	}
}

func TestWhatIsNoNameIsSaidBeforeAKeyIsMade(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	for names, why := range map[string]string{" ": "Write at least one name", "two words": "two words is not a name", "a/b": "a/b is not a name",
		"1234": "1234 is not a name", "www.example.com\n10.0.0.256": "10.0.0.256 is not a name", "*.0x7f.1": "*.0x7f.1 is not a name",
		"a_b.example.com": "a_b.example.com is not a name", "example.com.": "example.com. is not a name"} {
		b.fill(t, "Names, one a line", names)
		b.run(t, chromedp.Click(`//button[.="Make the key and the request"]`), chromedp.WaitVisible(`//p[@id="f-names-error"][contains(., "`+why+`")]`))
		if at := get(t, b, chromedp.Evaluate[string]("document.activeElement.id")); at != "f-names" {
			t.Errorf("the focus is at %q", at)
		}
	}
	if made := get(t, b, chromedp.Value("#f-csr")); made != "" {
		t.Errorf("a request was made: %s", made)
	}
	b.wantAccessible(t, "request-new with what is no name")
}

// Pasted and without any script, from the list to the request.
func TestARequestIsPastedWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/requests/new")
	b.fill(t, "E-mail", h.Caller(notary.CertificateRequestor).Email)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "New request")
	b.fill(t, "Signing request (CSR)", "-----BEGIN NOTHING-----")
	b.press(t, "Check it")
	b.wantHeading(t, "New request")
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	b.fill(t, "Signing request (CSR)", csr)
	b.fill(t, "Check it for", "email")
	b.press(t, "Check it")
	b.wantText(t, "The profile email refuses it", "It can be submitted all the same")
	b.fill(t, "Check it for another profile", "server")
	b.press(t, "Check again")
	b.wantText(t, "The profile server allows it")
	b.press(t, "Change the request")
	b.press(t, "Check it")
	b.press(t, "Submit the request")
	b.wantText(t, "The request is submitted.", "a Certificate Manager decides on it")
	r, err := h.CA.Request(t.Context(), h.Admin(), 1)
	testkit.Check(t, err)
	if r.CSR != csr {
		t.Errorf("recorded %q, want it as it was pasted", r.CSR)
	}
}

// A file stands for the field, with and without script, PEM or DER, whatever stood there.
func TestARequestIsMadeFromAFile(t *testing.T) {
	t.Parallel()
	h := open(t)
	text := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	block, _ := pem.Decode([]byte(text))
	v := h.as(t, notary.CertificateRequestor)
	for name, content := range map[string][]byte{"www.csr": []byte(text), "www.der": block.Bytes, "later.csr": []byte(text)} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		testkit.Check(t, form.WriteField("csr", map[string]string{"later.csr": "what a wrong file left"}[name]))
		part, err := form.CreateFormFile("csr", name)
		testkit.Check(t, err)
		_, err = part.Write(content)
		testkit.Check(t, err)
		testkit.Check(t, form.Close())
		response, err := v.http.Post("https://"+h.served.Addr+"/requests/new/check", form.FormDataContentType(), &body)
		read(t, response, err).wantStatus(t, 200).wantText(t, "Check the request", "www.example.com", "-----BEGIN CERTIFICATE REQUEST-----")
	}

	b := h.browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	file := filepath.Join(t.TempDir(), "www.der")
	testkit.Check(t, os.WriteFile(file, block.Bytes, 0o600))
	b.run(t, chromedp.SetUploadFiles("#f-csr-file", []string{file}))
	filled := get(t, b, chromedp.Poll[string](`document.getElementById("f-csr").value`))
	if got, _ := pem.Decode([]byte(filled)); got == nil || !bytes.Equal(got.Bytes, block.Bytes) {
		t.Errorf("the field has %q", filled)
	}
	b.press(t, "Check it")
	b.press(t, "Submit the request")
	b.wantText(t, "The request is submitted.")
}

// A file that is dropped on its place, or on the field, is read into the field.
func TestAFileIsDroppedOnTheForm(t *testing.T) {
	t.Parallel()
	h := open(t)
	text := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	block, _ := pem.Decode([]byte(text))
	b := h.browseAs(t, notary.CertificateRequestor)
	for _, place := range []string{"[data-drop]", "#f-csr"} {
		for _, content := range [][]byte{[]byte(text), block.Bytes} {
			b.open(t, "/requests/new")
			b.drop(t, place, "www.csr", content)
			filled := get(t, b, chromedp.Poll[string](`document.getElementById("f-csr").value`))
			if got, _ := pem.Decode([]byte(filled)); got == nil || !bytes.Equal(got.Bytes, block.Bytes) {
				t.Errorf("dropped on %s: the field has %q", place, filled)
			}
		}
	}
	b.press(t, "Check it")
	b.press(t, "Submit the request")
	b.wantText(t, "The request is submitted.", "www.example.com")
}

// Text that is dragged is dropped as everywhere else.
func TestTextIsDroppedOnTheForm(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	left := get(t, b, chromedp.Evaluate[[]bool](`["dragover", "drop"].map((name) => {
		const dataTransfer = new DataTransfer();
		dataTransfer.setData("text/plain", "www.example.com");
		return document.getElementById("f-csr").dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }));
	})`))
	if !slices.Equal(left, []bool{true, true}) {
		t.Error("text that is dropped is swallowed")
	}
}

// drop drops a file on what the selector finds, as a person does who drags it over that first.
func (b *browser) drop(t *testing.T, selector, name string, content []byte) {
	t.Helper()
	over := get(t, b, chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File([Uint8Array.from(atob(%q), (c) => c.charCodeAt(0))], %q));
		const place = document.querySelector(%q);
		const event = (name) => new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true });
		const taken = !place.dispatchEvent(event("dragover")); // only then does a browser let go of a file
		place.dispatchEvent(event("drop"));
		return taken;
	})()`, base64.StdEncoding.EncodeToString(content), name, selector)))
	if !over {
		t.Errorf("%s takes no file", selector)
	}
}

func TestWhatIsWrongWithARequestIsSaidAtItsField(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	for _, path := range []string{"/requests/new/check", "/requests/new"} {
		v.post(t, path, url.Values{"csr": {"<b>no PEM</b>"}, "profile": {"client"}}).wantStatus(t, 400).
			wantText(t, `id="f-csr-error"`, "&lt;b&gt;no PEM&lt;/b&gt;", `value="client" selected`)
	}
	v.post(t, "/requests/new/check", nil).wantStatus(t, 400).wantText(t, "make a key first")
	v.post(t, "/requests/new/check", url.Values{"csr": {csr}, "profile": {"nothing"}}).wantStatus(t, 400).wantText(t, `id="f-profile-error"`)
	v.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 200).wantAt(t, "/requests/1")
	v.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 409).wantText(t, `class="failure"`, csr[:100])
	v.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 200).
		wantText(t, "have submitted this signing request already", `href="/requests/1"`).wantNoText(t, "Submit the request")
	v.post(t, "/requests/new/check", url.Values{"csr": {h.recordedCSR(t)}}).wantStatus(t, 200).
		wantText(t, "Submit the request").wantNoText(t, "already", `href="/requests/2"`)
	reader := h.as(t, notary.ReadOnly)
	reader.get(t, "/requests/new").wantStatus(t, 403)
	reader.post(t, "/requests/new/check", url.Values{"csr": {csr}}).wantStatus(t, 403)
	reader.post(t, "/requests/new", url.Values{"csr": {csr}}).wantStatus(t, 403)
}

// recordedCSR is one that the Admin has submitted.
func (h *house) recordedCSR(t *testing.T) string {
	t.Helper()
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "other.example.com")
	_, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	return csr
}

// Every form of download is what openssl takes it for.
func TestEveryDownloadIsRightForOpenSSL(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	id := h.Signed(t, h.Caller(notary.CertificateRequestor), 2)
	r, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	v := h.as(t, notary.CertificateRequestor)
	path := requestURL(id) + "/download/"
	got := map[string]string{}
	for form, contentType := range map[string]string{"csr.pem": "application/x-pem-file", "certificate.pem": "application/x-pem-file",
		"certificate.cer": "application/pkix-cert", "chain.pem": "application/x-pem-file", "fullchain.pem": "application/x-pem-file",
		"chain.p7b": "application/x-pem-file", "chain.p7c": "application/pkcs7-mime; smime-type=certs-only"} {
		a := v.get(t, path+form).wantStatus(t, 200)
		got[form] = a.body
		name := strings.TrimSuffix(form, "csr.pem")
		if a.Header.Get("Content-Type") != contentType || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; filename="+r.CommonName+"-"+name) {
			t.Errorf("%s has the headers %v", form, a.Header)
		}
	}
	openssl(t, got, "req", "-in", "csr.pem", "-noout", "-verify")
	serial := "serial=" + strings.ToUpper(r.Certificate.Serial)
	for file, form := range map[string]string{"certificate.pem": "PEM", "certificate.cer": "DER", "fullchain.pem": "PEM"} {
		if out := openssl(t, got, "x509", "-in", file, "-inform", form, "-noout", "-serial"); !strings.Contains(out, serial) {
			t.Errorf("%s: %s, want %s", file, out, serial)
		}
	}
	openssl(t, got, "verify", "-CAfile", "chain.pem", "certificate.pem")
	for file, form := range map[string]string{"chain.p7b": "PEM", "chain.p7c": "DER"} {
		if n := strings.Count(openssl(t, got, "pkcs7", "-in", file, "-inform", form, "-print_certs"), "BEGIN CERTIFICATE"); n != 3 {
			t.Errorf("%s has %d certificates, want 3", file, n)
		}
	}
	v.get(t, path+"key.pem").wantStatus(t, 404)
	h.as(t, notary.ReadOnly).get(t, path+"fullchain.pem").wantStatus(t, 200)
	other := h.Signed(t, h.Admin(), 2)
	v.get(t, requestURL(other)+"/download/fullchain.pem").wantStatus(t, 404)
	outstanding := h.Request(t, h.Caller(notary.CertificateRequestor))
	v.get(t, requestURL(outstanding)+"/download/fullchain.pem").wantStatus(t, 404)
	v.get(t, requestURL(outstanding)+"/download/csr.pem").wantStatus(t, 200)
}

// Whatever stands in the fields of a request, the pages show it as text.
func TestHostileNamesAreOnlyText(t *testing.T) {
	t.Parallel()
	h := open(t)
	const script, mark = `"><script>alert(1)</script>`, "\u202egnp.exe" // the mark turns what follows around
	key := testkit.Key(t, notary.ECDSAP256)
	csr := hostileCSR(t, key, script)
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	h.Root(t, notary.ECDSAP256)
	b := h.browseAs(t, notary.Admin)
	look := func(path string) {
		b.open(t, path)
		if n := get(t, b, chromedp.Evaluate[int](`document.querySelectorAll("script:not([src])").length`)); n != 0 {
			t.Errorf("%s has %d scripts inside", path, n)
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
			t.Errorf("%s has a script in it: %s", path, a.body)
		}
	}
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	chain := outside.Chain(t, key.Public(), func(c *x509.Certificate) { c.Subject.CommonName, c.Subject.Organization = script+mark, []string{mark} })
	_, err = h.CA.Upload(t.Context(), h.Admin(), id, chain)
	testkit.Check(t, err)
	look(requestURL(id))
	if text := b.text(t); strings.Contains(text, mark) || !strings.Contains(text, `\u202egnp.exe`) {
		t.Errorf("the mark turns the text around: %s", text)
	}
	a := v.get(t, requestURL(id)+"/download/csr.pem").wantStatus(t, 200)
	if name := a.Header.Get("Content-Disposition"); strings.ContainsAny(name, "<>\"\u202e") {
		t.Errorf("the file is called %s", name)
	}
}

// hostileCSR has a text of whatever kind as its common name and in an attribute.
func hostileCSR(t *testing.T, key any, text string) string {
	t.Helper()
	template := &x509.CertificateRequest{DNSNames: []string{"www.example.com"}}
	template.Subject.CommonName, template.Subject.Organization = text, []string{text}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	testkit.Check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
