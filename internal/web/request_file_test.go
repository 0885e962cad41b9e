package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

// A file replaces the text of the field, with and without JavaScript, as PEM or DER.
func TestRequestFromAFile(t *testing.T) {
	t.Parallel()
	h := open(t)
	text := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com")
	block, _ := pem.Decode([]byte(text))
	v := h.as(t, notary.CertificateRequestor)
	for name, content := range map[string][]byte{"www.csr": []byte(text), "www.der": block.Bytes,
		"later.csr": []byte(text)} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		testkit.Check(t, form.WriteField("csr", map[string]string{"later.csr": "what a wrong file left"}[name]))
		part, err := form.CreateFormFile("csr", name)
		testkit.Check(t, err)
		_, err = part.Write(content)
		testkit.Check(t, err)
		testkit.Check(t, form.Close())
		response, err := v.http.Post("https://"+h.served.Addr+"/requests/new/check", form.FormDataContentType(), &body)
		read(t, response, err).wantStatus(t, 200).wantText(t, "Review request", "www.example.com",
			"-----BEGIN CERTIFICATE REQUEST-----")
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
	b.press(t, "Review request")
	b.press(t, "Submit request")
	b.wantText(t, "Request submitted.")
}

// A file dropped on the drop area or on the field is read into the field.
func TestDropFile(t *testing.T) {
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
	b.press(t, "Review request")
	b.press(t, "Submit request")
	b.wantText(t, "Request submitted.", "www.example.com")
}

// Dragged text is left to the browser.
func TestDropText(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	left := get(t, b, chromedp.Evaluate[[]bool](`["dragover", "drop"].map((name) => {
		const dataTransfer = new DataTransfer();
		dataTransfer.setData("text/plain", "www.example.com");
		return document.getElementById("f-csr").dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }));
	})`))
	if !slices.Equal(left, []bool{true, true}) {
		t.Error("dropped text is swallowed")
	}
}

func (b *browser) drop(t *testing.T, selector, name string, content []byte) {
	t.Helper()
	over := get(t, b, chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File([Uint8Array.from(atob(%q), (c) => c.charCodeAt(0))], %q));
		const place = document.querySelector(%q);
		const event = (name) => new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true });
		const taken = !place.dispatchEvent(event("dragover")); // a browser drops a file only if this was handled
		place.dispatchEvent(event("drop"));
		return taken;
	})()`, base64.StdEncoding.EncodeToString(content), name, selector)))
	if !over {
		t.Errorf("%s does not accept a file", selector)
	}
}
