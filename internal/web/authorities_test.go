package web_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

func TestTheFirstAuthoritiesAreMadeInOneClick(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Authorities")
	b.look(t, "authorities-empty")
	b.press(t, "Make the first ones")
	b.look(t, "authority-start")
	b.fill(t, "Organisation", "Example Inc.")
	b.press(t, "Make both authorities")
	b.wantHeading(t, "Authorities")
	b.wantText(t, "Both authorities are made.", "Example Inc. Root", "Example Inc. Issuing", "active")

	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	root, issuing := all[0], all[1]
	if len(all) != 2 || !root.SelfSigned() || issuing.IssuerID() != root.ID || issuing.PathLen != 0 || root.Key != "ECDSA P-256" {
		t.Errorf("made %+v and %+v", root, issuing)
	}
	h.Signed(t, h.Admin(), issuing.ID)
}

// What exists when it stops half way is said, and the form goes on from there.
func TestTheFirstAuthoritiesGoOnFromHalfWay(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.CertificateManager)
	form := url.Values{"organization_name": {"Example Inc."}, "key_algorithm": {"ecdsa-p256"}, "issuing_path_length": {"0"}, "issuing_not_valid_after": {"2001-01-01"}}
	a := v.post(t, "/authorities/start", form).wantStatus(t, 400).
		wantText(t, "It stopped half way", "Example Inc. Root", `id="f-issuing_not_valid_after-error"`, "must lie in the future", `value="2001-01-01"`, "<details open>")
	form = formOf(t, a.body)
	form.Set("issuing_not_valid_after", "")
	v.post(t, "/authorities/start", form).wantAt(t, "/authorities").wantText(t, "Both authorities are made.")
	all, err := h.CA.Authorities(t.Context(), h.Admin())
	testkit.Check(t, err)
	if len(all) != 2 || all[1].IssuerID() != all[0].ID {
		t.Errorf("there are %d authorities", len(all))
	}
}

func TestWhatIsWrongWithANewAuthorityIsSaidAtItsField(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	for field, value := range map[string]string{"common_name": "", "country_name": "DEU", "key_algorithm": "rsa-512", "not_valid_after": "soon", "path_length": "99",
		"signed_by": "nobody", "name_constraints.permitted": "example.com", "name_constraints.excluded": "ip:nothing"} {
		form := url.Values{"common_name": {"Root"}, "signed_by": {"self"}}
		form.Set(field, value)
		v.post(t, "/authorities/new", form).wantStatus(t, 400).wantText(t, `id="f-`+field+`-error"`)
	}
	v.post(t, "/authorities/start", nil).wantStatus(t, 400).wantText(t, `id="f-organization_name-error"`)
	v.post(t, "/authorities/start", url.Values{"organization_name": {strings.Repeat("a", 60)}}).wantStatus(t, 400).
		wantText(t, `id="f-root_common_name-error"`, "<details open>")
	if all, _ := h.CA.Authorities(t.Context(), h.Admin()); len(all) != 0 {
		t.Errorf("%d authorities were made", len(all))
	}
}

// One authority is made for each who can sign it; all of it without JavaScript.
func TestAuthoritiesAreMadeSignedAndUploadedWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/authorities/new")
	b.fill(t, "E-mail", h.Caller(notary.CertificateManager).Email)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "New authority")
	b.fill(t, "Common name", "First Root")
	b.fill(t, "Permitted", "dns:example.com\nip:10.0.0.0/8")
	b.press(t, "Make the authority")
	b.wantHeading(t, "First Root")
	b.wantText(t, "The root is made", "dns:example.com", "ip:10.0.0.0/8")

	b.open(t, "/authorities/new")
	b.fill(t, "Common name", "Below It")
	b.fill(t, "Signed by", "1")
	b.press(t, "Make the authority")
	b.wantHeading(t, "Below It")
	b.wantText(t, "The authority is made and signed")

	b.open(t, "/authorities/new")
	b.fill(t, "Common name", "From Outside")
	b.fill(t, "Signed by", "outside")
	b.press(t, "Make the authority")
	b.wantText(t, "It has no certificate yet", "pending")
	b.fill(t, "Certificate chain", h.signOutside(t, 3))
	b.press(t, "Upload it")
	b.wantText(t, "The certificate is in use", "active")

	b.open(t, "/authorities")
	b.wantText(t, "signed outside, by CN=")
	b.press(t, "First Root")
	b.wantText(t, "Below It", "Below it")
}

// signOutside has an outside root sign the authority's request.
func (h *house) signOutside(t *testing.T, id int64) string {
	t.Helper()
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	block, _ := pem.Decode([]byte(a.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	testkit.Check(t, err)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	return outside.Chain(t, csr.PublicKey, func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.KeyUsage = csr.Subject, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	})
}

func TestAnAuthorityIsDisabledChangedRevokedAndDeleted(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	for range 3 {
		h.Signed(t, h.Caller(notary.CertificateRequestor), id)
	}
	b := h.browseAs(t, notary.CertificateManager)
	outside, pending := h.Pending(t), h.Pending(t)
	_, err := h.CA.UploadAuthority(t.Context(), h.Admin(), outside, h.signOutside(t, outside))
	testkit.Check(t, err)
	b.open(t, "/authorities")
	b.look(t, "authorities")
	b.open(t, authorityPath(pending))
	b.look(t, "authority-pending")
	b.open(t, authorityPath(outside))
	b.look(t, "authority-outside")
	b.open(t, "/authorities/new")
	b.look(t, "authority-new")
	b.open(t, "/authorities")
	b.press(t, "Test Root")
	b.look(t, "authority-root")
	b.open(t, authorityPath(id))
	b.press(t, "Disable")
	b.wantText(t, "The CA stops issuing")
	b.look(t, "authority-disable")
	b.press(t, "Disable CA")
	b.wantText(t, "The authority is disabled", "disabled")
	b.press(t, "Enable")
	b.wantText(t, "The authority is enabled", "active")

	b.tick(t, "Where its OCSP responder is")
	b.fill(t, "CRL shards", "4")
	b.press(t, "Save")
	b.wantText(t, "The settings hold")
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if want := (notary.Publication{NoOCSP: true, Shards: 4}); a.Publication != want {
		t.Errorf("the settings are %+v, want %+v", a.Publication, want)
	}

	b.press(t, "Delete")
	b.wantText(t, "nobody can revoke it any more", "3 certificates")
	b.tick(t, "Delete "+a.CommonName+" and its key")
	b.press(t, "Delete the authority")
	b.wantText(t, "3 certificates of this authority are still valid")
	b.look(t, "authority-delete")

	b.open(t, authorityPath(id)+"/revoke")
	b.wantText(t, "3 certificates of machines and people live below it", h.Caller(notary.CertificateRequestor).Email)
	b.look(t, "authority-revoke")
	b.fill(t, "Reason", "cACompromise")
	b.tick(t, "Revoke "+a.CommonName)
	b.press(t, "Revoke the authority")
	b.wantText(t, "The authority is revoked", "revoked", "cACompromise")
	b.look(t, "authority-revoked")

	b.press(t, "Delete")
	b.tick(t, "By force: even while something that it signed is still valid, which can then never be revoked")
	b.tick(t, "Delete "+a.CommonName+" and its key")
	b.press(t, "Delete the authority")
	b.wantHeading(t, "Authorities")
	b.wantText(t, "The authority is deleted, and its key erased")
}

func authorityPath(id int64) string { return fmt.Sprintf("/authorities/%d", id) }

func TestDangerousActionsOnAuthoritiesWantATick(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	for _, what := range []string{"revoke", "delete"} {
		v.post(t, fmt.Sprintf("/authorities/%d/%s", id, what), url.Values{"reason": {"superseded"}, "force": {"yes"}}).
			wantStatus(t, 400).wantText(t, "Tick this first", `id="f-sure-error"`)
	}
	v.post(t, authorityPath(id)+"/revoke", url.Values{"reason": {"because"}, "sure": {"yes"}}).wantStatus(t, 400).wantText(t, `id="f-reason-error"`)
	v.get(t, authorityPath(root)+"/revoke").wantStatus(t, 200).wantText(t, "A root cannot revoke itself")
	v.post(t, authorityPath(root)+"/revoke", url.Values{"reason": {"superseded"}, "sure": {"yes"}}).wantStatus(t, 422)
	v.post(t, fmt.Sprintf("/authorities/%d/settings", id), url.Values{"crl_shards": {"5000"}}).wantStatus(t, 400).wantText(t, `id="f-crl_shards-error"`, `value="5000"`)
	v.post(t, fmt.Sprintf("/authorities/%d/sign", id), url.Values{"certificate_authority_id": {"0"}}).wantStatus(t, 400).wantText(t, `id="f-certificate_authority_id-error"`)
	v.post(t, fmt.Sprintf("/authorities/%d/certificate", id), url.Values{"certificate_chain": {"no PEM"}}).wantStatus(t, 400).
		wantText(t, `id="f-certificate_chain-error"`, "no PEM")
	v.post(t, fmt.Sprintf("/authorities/%d/issued", id), url.Values{"certificates": {"no PEM"}}).wantStatus(t, 400).wantText(t, `id="f-certificates-error"`)
	v.get(t, "/authorities/99").wantStatus(t, 404)
}

func TestAnAuthorityIsSignedByAnotherOneHere(t *testing.T) {
	t.Parallel()
	h := open(t)
	root, id := h.Root(t, notary.ECDSAP256), h.Pending(t)
	v := h.as(t, notary.CertificateManager)
	page := authorityPath(id)
	v.post(t, page+"/sign", url.Values{"certificate_authority_id": {fmt.Sprint(root)}, "profile": {"intermediate"}}).
		wantAt(t, page).wantText(t, "The authority has its certificate", fmt.Sprintf(`href="/authorities/%d"><bdi>Test Root</bdi></a>`, root))
	v.get(t, page).wantText(t, "Renew by an authority here")
}

// An authority is imported with its key, its chain and its last list; nothing that is secret
// comes back.
func TestAnAuthorityIsImported(t *testing.T) {
	t.Parallel()
	h := open(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	der, err := x509.MarshalPKCS8PrivateKey(outside.Key)
	testkit.Check(t, err)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	v := h.as(t, notary.Admin)

	a := v.upload(t, "/authorities/import", url.Values{"password": {"a secret word"}, "certificate_chain": {"no PEM"}}, map[string]string{"private_key": key}).
		wantStatus(t, 400).wantText(t, `id="f-certificate_chain-error"`, "no PEM")
	for _, secret := range []string{"a secret word", strings.Split(key, "\n")[1]} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%q is on the page", secret)
		}
	}
	v.upload(t, "/authorities/import", url.Values{"certificate_chain": {testkit.PEM(outside.Certificate)}}, nil).
		wantStatus(t, 400).wantText(t, `id="f-private_key-error"`, "Choose the file with the key")
	v.upload(t, "/authorities/import", nil, map[string]string{"private_key": "no key", "certificate_chain": testkit.PEM(outside.Certificate)}).
		wantStatus(t, 400).wantText(t, `id="f-private_key-error"`)

	b := h.browseAs(t, notary.Admin)
	b.open(t, "/authorities/import")
	file := filepath.Join(t.TempDir(), "key.pem")
	testkit.Check(t, os.WriteFile(file, []byte(key), 0o600))
	b.run(t, chromedp.SetUploadFiles(b.labelled(t, "Private key"), []string{file}))
	b.fill(t, "Certificate chain", testkit.PEM(outside.Certificate))
	b.fill(t, "Number of its last CRL", "41")
	b.look(t, "authority-import")
	b.press(t, "Import the authority")
	b.wantHeading(t, outside.Certificate.Subject.CommonName)
	b.wantText(t, "The authority is imported", "number 1")

	issued := testkit.PEM(outside.Issue(t, testkit.Key(t, notary.ECDSAP256).Public()))
	b.run(t, chromedp.Click(`//summary[.="Record what it signed elsewhere"]`))
	b.fill(t, "Certificates", issued)
	b.press(t, "Record them")
	b.wantText(t, "1 certificate recorded, of which 0 are revoked; 0 were known.")
}

// upload posts a form with files, as a browser does.
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

// OpenSSL reads every form in which an authority can be downloaded.
func TestWhatIsDownloadedOfAnAuthorityOpenSSLReads(t *testing.T) {
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
		"fullchain.pem":   {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" + a.CommonName},
		"certificate.pem": {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" + a.CommonName},
		"certificate.cer": {"application/pkix-cert", []string{"x509", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" + a.CommonName},
		"chain.pem":       {"application/x-pem-file", []string{"x509", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=Test Root"},
		"chain.p7c":       {"application/pkcs7-mime; smime-type=certs-only", []string{"pkcs7", "-inform", "DER", "-print_certs", "-noout"}, "Test Root"},
		"chain.p7b":       {"application/x-pem-file", []string{"pkcs7", "-print_certs", "-noout"}, "Test Root"},
		"crl.pem":         {"application/x-pem-file", []string{"crl", "-noout", "-crlnumber"}, "crlNumber="},
		"crl.der":         {"application/pkix-crl", []string{"crl", "-inform", "DER", "-noout", "-crlnumber"}, "crlNumber="},
		"csr.pem":         {"application/x-pem-file", []string{"req", "-noout", "-verify", "-subject", "-nameopt", "RFC2253"}, "CN=" + a.CommonName},
		"csr.der":         {"application/pkcs10", []string{"req", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253"}, "CN=" + a.CommonName},
	} {
		got := v.get(t, fmt.Sprintf("/authorities/%d/download/%s", id, form)).wantStatus(t, 200)
		if got.Header.Get("Content-Type") != tt.contentType || got.Header.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment; filename=test-intermediate-") {
			t.Errorf("%s has the headers %v", form, got.Header)
		}
		cmd := exec.Command("openssl", tt.command...)
		cmd.Stdin = strings.NewReader(got.body)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: openssl %v says %s (%v), want %q", form, tt.command, out, err, tt.want)
		}
	}
	v.get(t, fmt.Sprintf("/authorities/%d/download/key.pem", id)).wantStatus(t, 404)
	v.get(t, fmt.Sprintf("/authorities/%d/download/chain.pem", root)).wantStatus(t, 404)
	v.get(t, fmt.Sprintf("/authorities/%d/download/crl.pem", h.Pending(t))).wantStatus(t, 409)
}

func TestEachRoleSeesOfAuthoritiesWhatItMay(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	pages := []string{"/authorities", authorityPath(id), "/authorities/new", "/authorities/start", "/authorities/import",
		authorityPath(id) + "/revoke", authorityPath(id) + "/delete", authorityPath(id) + "/cross-sign", authorityPath(id) + "/roll-over"}
	for role, reach := range map[notary.Role]int{notary.Admin: len(pages), notary.CertificateManager: len(pages), notary.ReadOnly: 2, notary.CertificateRequestor: 0} {
		v := h.as(t, role)
		for i, path := range pages {
			want := http.StatusForbidden
			if i < reach {
				want = http.StatusOK
			}
			v.get(t, path).wantStatus(t, want)
		}
		if reach == len(pages) {
			continue
		}
		for _, action := range []string{"sign", "certificate", "issued", "enabled", "settings", "cross-sign", "cross-upload", "use", "roll-over", "revoke", "delete"} {
			v.post(t, fmt.Sprintf("/authorities/%d/%s", id, action), url.Values{"sure": {"yes"}, "certificate_authority_id": {"1"}, "certificate_id": {"1"}}).wantStatus(t, http.StatusForbidden)
		}
		for path, form := range map[string]url.Values{"/authorities/new": {"common_name": {"X"}, "signed_by": {"self"}}, "/authorities/start": {"organization_name": {"X"}},
			"/authorities/import": {"private_key": {"X"}, "certificate_chain": {"X"}}} {
			v.post(t, path, form).wantStatus(t, http.StatusForbidden)
		}
	}
	a := h.as(t, notary.ReadOnly).get(t, pages[1]).wantText(t, "may look at authorities and not change them", "/download/fullchain.pem")
	if strings.Contains(a.body, "Disable") || strings.Contains(a.body, "/revoke") || strings.Contains(a.body, "/settings") {
		t.Error("who may only look is shown what to change")
	}
}

// Whatever an authority is called stays text.
func TestHostileNamesOfAuthoritiesStayText(t *testing.T) {
	t.Parallel()
	h := open(t)
	const hostile = `<script>alert("1")</script>'&`
	v := h.as(t, notary.Admin)
	v.post(t, "/authorities/new", url.Values{"common_name": {hostile}, "organization_name": {hostile}, "locality_name": {hostile}, "signed_by": {"self"}}).wantStatus(t, 200)
	v.post(t, "/authorities/new", url.Values{"common_name": {hostile}, "signed_by": {"1"}}).wantStatus(t, 200)
	for _, path := range []string{"/authorities", "/authorities/new", "/authorities/1", "/authorities/2", "/authorities/2/revoke", "/authorities/2/delete"} {
		a := v.get(t, path).wantStatus(t, 200)
		if strings.Contains(a.body, "<script>alert") || !strings.Contains(a.body, "&lt;script&gt;alert") {
			t.Errorf("%s shows the name as it is: %.3000s", path, a.body)
		}
	}
	name := v.get(t, "/authorities/1/download/fullchain.pem").Header.Get("Content-Disposition")
	if name != "attachment; filename=script-alert-1-script-fullchain.pem" {
		t.Errorf("the file is named by %s", name)
	}
	v.post(t, "/authorities/start", url.Values{"organization_name": {strings.Repeat(hostile, 3)}}).wantStatus(t, 400).wantText(t, "&lt;script&gt;alert")
}

// One rule says whether an authority can be revoked: its page, the page that asks, and the answer agree.
func TestAnAuthorityThatCannotBeRevokedSaysWhy(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	orphan, revoked, pending := h.Intermediate(t, root, notary.ECDSAP256), h.Intermediate(t, root, notary.ECDSAP256), h.Pending(t)
	other := h.namedRoot(t, "Other Root")
	good := h.Intermediate(t, other, notary.ECDSAP256)
	testkit.Check(t, h.RevokeAuthority(t.Context(), h.Admin(), revoked, notary.Superseded))
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), root, true))
	v := h.as(t, notary.Admin)
	for id, why := range map[int64]string{orphan: "was deleted", revoked: "revoked already", pending: "no certificate that could be revoked", other: "A root cannot revoke itself"} {
		form := authorityPath(id) + "/revoke"
		v.get(t, authorityPath(id)).wantStatus(t, 200).wantNoText(t, form)
		v.get(t, form).wantStatus(t, 200).wantText(t, why).wantNoText(t, `action="`+form)
		if a := v.post(t, form, url.Values{"sure": {"yes"}}); a.StatusCode != 409 && a.StatusCode != 422 {
			t.Errorf("authority %d: status %d", id, a.StatusCode)
		}
	}
	v.get(t, authorityPath(good)).wantText(t, authorityPath(good)+"/revoke")
	v.post(t, authorityPath(good)+"/revoke", url.Values{"sure": {"yes"}}).wantAt(t, authorityPath(good))
}
