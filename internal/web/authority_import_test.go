package web_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"mime/multipart"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

// Uploads of a PKCS #12 file from OpenSSL and a DER CRL arrive unchanged, though neither is text.
func TestImportFromPKCS12(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	h := open(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	revoked := outside.Issue(t, testkit.Key(t, notary.ECDSAP256).Public())
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(7),
		ThisUpdate: h.Clock.Now().Add(-time.Hour), NextUpdate: h.Clock.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.SerialNumber,
			RevocationTime: h.Clock.Now().Add(-time.Hour)}}}, outside.Certificate, outside.Key)
	testkit.Check(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(outside.Key)
	testkit.Check(t, err)
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.pem"), filepath.Join(folder, "out.p12")
	both := testkit.PEM(outside.Certificate) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	testkit.Check(t, os.WriteFile(in, []byte(both), 0o600))
	if said, err := exec.Command("openssl", "pkcs12", "-export", "-in", in, "-out", out, "-passout",
		"pass:correct horse").CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v: %s", err, said)
	}
	p12, err := os.ReadFile(out)
	testkit.Check(t, err)

	v := h.as(t, notary.CertificateManager)
	files := map[string]string{"private_key": string(p12), "crl": string(crl)}
	for _, password := range []string{"", "wrong horse"} {
		a := v.upload(t, "/authorities/import", url.Values{"password": {password}}, files).wantStatus(t, 400).wantText(t,
			`id="f-password-error"`)
		if password != "" && strings.Contains(a.body, password) {
			t.Error("the password is on the page")
		}
	}
	v.upload(t, "/authorities/import", url.Values{"password": {"correct horse"}}, files).wantAt(t, "/authorities/1").
		wantText(t, "CA imported", "1 revoked", "No. 1", "a copy of the key may exist elsewhere")
	v.upload(t, "/authorities/1/issued", nil, map[string]string{"certificates": string(revoked.Raw)}).
		wantAt(t, "/authorities/1").wantText(t, "1 certificate imported, 1 of them revoked")
	v.upload(t, "/authorities/import", url.Values{"password": {"correct horse"}}, files).wantStatus(t, 409).wantText(t,
		`id="f-private_key-error"`)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/authorities/1")
	b.look(t, "authority-imported")
}

func TestImportTooLarge(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.as(t, notary.Admin).upload(t, "/authorities/import", nil, map[string]string{"crl": strings.Repeat("a", 3<<20)}).
		wantStatus(t, 413).wantText(t, "exceeds the limit of 2 MiB")
}

// The page contains no secret of the import.
func TestImportAuthority(t *testing.T) {
	t.Parallel()
	h := open(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	der, err := x509.MarshalPKCS8PrivateKey(outside.Key)
	testkit.Check(t, err)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	v := h.as(t, notary.Admin)

	a := v.upload(t, "/authorities/import", url.Values{"password": {"a secret word"}, "certificate_chain": {"no PEM"}},
		map[string]string{"private_key": key}).
		wantStatus(t, 400).wantText(t, `id="f-certificate_chain-error"`, "no PEM")
	for _, secret := range []string{"a secret word", strings.Split(key, "\n")[1]} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%q is on the page", secret)
		}
	}
	v.upload(t, "/authorities/import", url.Values{"certificate_chain": {testkit.PEM(outside.Certificate)}}, nil).
		wantStatus(t, 400).wantText(t, `id="f-private_key-error"`, "Choose the private key file")
	v.upload(t, "/authorities/import", nil, map[string]string{"private_key": "no key",
		"certificate_chain": testkit.PEM(outside.Certificate)}).
		wantStatus(t, 400).wantText(t, `id="f-private_key-error"`)

	b := h.browseAs(t, notary.Admin)
	b.open(t, "/authorities/import")
	file := filepath.Join(t.TempDir(), "key.pem")
	testkit.Check(t, os.WriteFile(file, []byte(key), 0o600))
	b.run(t, chromedp.SetUploadFiles(b.labelled(t, "Private key"), []string{file}))
	b.fill(t, "Certificate chain", testkit.PEM(outside.Certificate))
	b.fill(t, "Latest CRL number", "41")
	b.look(t, "authority-import")
	b.press(t, "Import CA")
	b.wantHeading(t, outside.Certificate.Subject.CommonName)
	b.wantText(t, "CA imported", "No. 1")

	issued := testkit.PEM(outside.Issue(t, testkit.Key(t, notary.ECDSAP256).Public()))
	b.run(t, chromedp.Click(`//summary[.="Import previously issued certificates"]`))
	b.fill(t, "Certificates", issued)
	b.press(t, "Import")
	b.wantText(t, "1 certificate imported, 0 of them revoked. Already in the inventory: 0.")
}

func (v *visitor) upload(t *testing.T, path string, form url.Values, files map[string]string) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			testkit.Check(t, w.WriteField(name, value))
		}
	}
	for name, content := range files {
		part, err := w.CreateFormFile(name, name+".pem")
		testkit.Check(t, err)
		_, err = io.WriteString(part, content)
		testkit.Check(t, err)
	}
	testkit.Check(t, w.Close())
	response, err := v.http.Post("https://"+v.house.served.Addr+path, w.FormDataContentType(), &body)
	return read(t, response, err)
}
