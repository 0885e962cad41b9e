package web_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

// A PKCS #12 file of OpenSSL and a CRL in DER arrive as they are, though neither is text.
func TestAnAuthorityIsImportedFromPKCS12(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	h := open(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	revoked := outside.Issue(t, testkit.Key(t, notary.ECDSAP256).Public())
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(7), ThisUpdate: h.Clock.Now().Add(-time.Hour), NextUpdate: h.Clock.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.SerialNumber, RevocationTime: h.Clock.Now().Add(-time.Hour)}}}, outside.Certificate, outside.Key)
	testkit.Check(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(outside.Key)
	testkit.Check(t, err)
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.pem"), filepath.Join(folder, "out.p12")
	both := testkit.PEM(outside.Certificate) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	testkit.Check(t, os.WriteFile(in, []byte(both), 0o600))
	if said, err := exec.Command("openssl", "pkcs12", "-export", "-in", in, "-out", out, "-passout", "pass:correct horse").CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v: %s", err, said)
	}
	p12, err := os.ReadFile(out)
	testkit.Check(t, err)

	v := h.as(t, notary.CertificateManager)
	files := map[string]string{"private_key": string(p12), "crl": string(crl)}
	for _, password := range []string{"", "wrong horse"} {
		a := v.upload(t, "/authorities/import", url.Values{"password": {password}}, files).wantStatus(t, 400).wantText(t, `id="f-password-error"`)
		if password != "" && strings.Contains(a.body, password) {
			t.Error("the password is on the page")
		}
	}
	v.upload(t, "/authorities/import", url.Values{"password": {"correct horse"}}, files).wantAt(t, "/authorities/1").
		wantText(t, "The authority is imported", "1 revoked", "number 1", "key known outside")
	v.upload(t, "/authorities/1/issued", nil, map[string]string{"certificates": string(revoked.Raw)}).
		wantAt(t, "/authorities/1").wantText(t, "1 certificate recorded, of which 1 are revoked")
	v.upload(t, "/authorities/import", url.Values{"password": {"correct horse"}}, files).wantStatus(t, 409).wantText(t, `id="f-private_key-error"`)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/authorities/1")
	b.look(t, "authority-imported")
}

// What is larger than a form may be is refused with a sentence.
func TestAnImportThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.as(t, notary.Admin).upload(t, "/authorities/import", nil, map[string]string{"crl": strings.Repeat("a", 3<<20)}).
		wantStatus(t, 413).wantText(t, "larger than 2 MiB")
}
