package web_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

func TestAuthorityDownloadsWithOpenSSL(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	v := h.as(t, notary.ReadOnly)
	for form, tt := range map[string]struct {
		contentType string
		command     []string
		want        string
	}{
		"fullchain.pem": {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" +
			a.CommonName},
		"cert.pem": {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" +
			a.CommonName},
		"cert.cer": {"application/pkix-cert", []string{"x509", "-inform", "DER", "-noout", "-subject", "-nameopt",
			"RFC2253"}, "CN=" + a.CommonName},
		"chain.pem": {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"},
			"CN=Test Root"},
		"chain.p7c": {"application/pkcs7-mime; smime-type=certs-only",
			[]string{"pkcs7", "-inform", "DER", "-print_certs", "-noout"}, "Test Root"},
		"chain.p7b": {"application/x-pem-file", []string{"pkcs7", "-print_certs", "-noout"}, "Test Root"},
		"crl.pem":   {"application/x-pem-file", []string{"crl", "-noout", "-crlnumber"}, "crlNumber="},
		"crl.der":   {"application/pkix-crl", []string{"crl", "-inform", "DER", "-noout", "-crlnumber"}, "crlNumber="},
		"csr.pem": {"application/x-pem-file", []string{"req", "-noout", "-verify", "-subject", "-nameopt", "RFC2253"},
			"CN=" + a.CommonName},
		"csr.der": {"application/pkcs10", []string{"req", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253"},
			"CN=" + a.CommonName},
	} {
		got := v.get(t, fmt.Sprintf("/authorities/%d/download/%s", id, form)).wantStatus(t, 200)
		if got.Header.Get("Content-Type") != tt.contentType || got.Header.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment; filename=test-intermediate-") {
			t.Errorf("%s has the headers %v", form, got.Header)
		}
		cmd := exec.Command("openssl", tt.command...)
		cmd.Stdin = strings.NewReader(got.body)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: openssl %v printed %s (%v), want %q", form, tt.command, out, err, tt.want)
		}
	}
	v.get(t, fmt.Sprintf("/authorities/%d/download/key.pem", id)).wantStatus(t, 404)
	v.get(t, fmt.Sprintf("/authorities/%d/download/chain.pem", root)).wantStatus(t, 404)
	v.get(t, fmt.Sprintf("/authorities/%d/download/crl.pem", h.Pending(t))).wantStatus(t, 409)
}

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
				if string(e.FrameID) == tab { // events of other tests' tabs arrive, too
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

func TestRequestDownloadsWithOpenSSL(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	id := h.Signed(t, h.Caller(notary.CertificateRequestor), 2)
	r, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	v := h.as(t, notary.CertificateRequestor)
	path := requestURL(id) + "/download/"
	got := map[string]string{}
	for form, contentType := range map[string]string{"csr.pem": "application/x-pem-file",
		"cert.pem": "application/x-pem-file",
		"cert.cer": "application/pkix-cert", "chain.pem": "application/x-pem-file", "fullchain.pem": "application/x-pem-file",
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
	for file, form := range map[string]string{"cert.pem": "PEM", "cert.cer": "DER", "fullchain.pem": "PEM"} {
		if out := openssl(t, got, "x509", "-in", file, "-inform", form, "-noout", "-serial"); !strings.Contains(out, serial) {
			t.Errorf("%s: %s, want %s", file, out, serial)
		}
	}
	openssl(t, got, "verify", "-CAfile", "chain.pem", "cert.pem")
	for file, form := range map[string]string{"chain.p7b": "PEM", "chain.p7c": "DER"} {
		if n := strings.Count(openssl(t, got, "pkcs7", "-in", file, "-inform", form, "-print_certs"),
			"BEGIN CERTIFICATE"); n != 3 {
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
