package web_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestNewAuthorityFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	for field, value := range map[string]string{"common_name": "", "country_name": "DEU", "key_algorithm": "rsa-512",
		"not_valid_after": "soon", "path_length": "99",
		"signed_by": "nobody", "name_constraints.permitted": "example.com", "name_constraints.excluded": "ip:nothing"} {
		form := url.Values{"common_name": {"Root"}, "signed_by": {"self"}}
		form.Set(field, value)
		v.post(t, "/authorities/new", form).wantStatus(t, 400).wantText(t, `id="f-`+field+`-error"`)
	}
	v.post(t, "/authorities/start", nil).wantStatus(t, 400).wantText(t, `id="f-organization_name-error"`)
	v.post(t, "/authorities/start", url.Values{"organization_name": {strings.Repeat("a", 60)}}).wantStatus(t, 400).
		wantText(t, `id="f-root_common_name-error"`, "<details open>")
	if all, _ := h.CA.Authorities(t.Context(), h.Admin()); len(all) != 0 {
		t.Errorf("%d authorities were created", len(all))
	}
}

func TestAuthoritiesWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/authorities/new")
	b.fill(t, "Email", h.Caller(notary.CertificateManager).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "New CA")
	b.fill(t, "Common name", "First Root")
	b.fill(t, "Permitted", "dns:example.com\nip:10.0.0.0/8")
	b.press(t, "Create CA")
	b.wantHeading(t, "First Root")
	b.wantText(t, "Root CA created", "dns:example.com", "ip:10.0.0.0/8")

	b.open(t, "/authorities/new")
	b.fill(t, "Common name", "Below It")
	b.fill(t, "Type", "1")
	b.press(t, "Create CA")
	b.wantHeading(t, "Below It")
	b.wantText(t, "CA created and signed")

	b.open(t, "/authorities/new")
	b.fill(t, "Common name", "From Outside")
	b.fill(t, "Type", "outside")
	b.press(t, "Create CA")
	b.wantText(t, "This CA has no certificate yet", "pending")
	b.fill(t, "Certificate chain", h.signOutside(t, 3))
	b.press(t, "Upload")
	b.wantText(t, "Certificate uploaded", "active")

	b.open(t, "/authorities")
	b.wantText(t, "signed by CN=")
	b.press(t, "First Root")
	b.wantText(t, "Below It", "Subordinate CAs")
}

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

func TestAuthorityLifecycle(t *testing.T) {
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
	b.wantText(t, "CA disabled", "disabled")
	b.press(t, "Enable")
	b.wantText(t, "CA enabled", "active")

	b.tick(t, "Include OCSP URL (AIA)")
	b.fill(t, "CRL partitions", "4")
	b.press(t, "Save")
	b.wantText(t, "Settings saved")
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if want := (notary.Publication{NoOCSP: true, Shards: 4}); a.Publication != want {
		t.Errorf("the settings are %+v, want %+v", a.Publication, want)
	}

	b.press(t, "Delete")
	b.wantText(t, "they can never be revoked", "3 valid certificates")
	b.tick(t, "Delete "+a.CommonName+" and its key")
	b.press(t, "Delete CA")
	b.wantText(t, "3 certificates of this CA are still valid")
	b.look(t, "authority-delete")

	b.open(t, authorityPath(id)+"/revoke")
	b.wantText(t, "3 valid certificates depend on this CA", h.Caller(notary.CertificateRequestor).Principal.Name)
	b.look(t, "authority-revoke")
	b.fill(t, "Reason", "cACompromise")
	b.tick(t, "Revoke "+a.CommonName)
	b.press(t, "Revoke CA")
	b.wantText(t, "CA revoked", "revoked", "cACompromise")
	b.look(t, "authority-revoked")

	b.press(t, "Delete")
	b.tick(t, "Force delete although valid certificates exist (they can never be revoked)")
	b.tick(t, "Delete "+a.CommonName+" and its key")
	b.press(t, "Delete CA")
	b.wantHeading(t, "Certificate authorities")
	b.wantText(t, "CA deleted. Its certificates stay in the inventory.")
}

func authorityPath(id int64) string { return fmt.Sprintf("/authorities/%d", id) }

func TestAuthorityActionsNeedConfirmation(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	for _, what := range []string{"revoke", "delete"} {
		v.post(t, fmt.Sprintf("/authorities/%d/%s", id, what), url.Values{"reason": {"superseded"}, "force": {"yes"}}).
			wantStatus(t, 400).wantText(t, "Tick this box to confirm", `id="f-sure-error"`)
	}
	v.post(t, authorityPath(id)+"/revoke", url.Values{"reason": {"because"}, "sure": {"yes"}}).wantStatus(t,
		400).wantText(t, `id="f-reason-error"`)
	v.get(t, authorityPath(root)+"/revoke").wantStatus(t, 200).wantText(t, "A root cannot revoke itself")
	v.post(t, authorityPath(root)+"/revoke", url.Values{"reason": {"superseded"}, "sure": {"yes"}}).wantStatus(t, 422)
	v.post(t, fmt.Sprintf("/authorities/%d/settings", id), url.Values{"crl_shards": {"5000"}}).wantStatus(t,
		400).wantText(t, `id="f-crl_shards-error"`, `value="5000"`)
	v.post(t, fmt.Sprintf("/authorities/%d/sign", id), url.Values{"certificate_authority_id": {"0"}}).wantStatus(t,
		400).wantText(t, `id="f-certificate_authority_id-error"`)
	v.post(t, fmt.Sprintf("/authorities/%d/certificate", id), url.Values{"certificate_chain": {"no PEM"}}).wantStatus(t,
		400).
		wantText(t, `id="f-certificate_chain-error"`, "no PEM")
	v.post(t, fmt.Sprintf("/authorities/%d/issued", id), url.Values{"certificates": {"no PEM"}}).wantStatus(t,
		400).wantText(t, `id="f-certificates-error"`)
	v.get(t, "/authorities/99").wantStatus(t, 404)
}

func TestAuthoritySignedByAnother(t *testing.T) {
	t.Parallel()
	h := open(t)
	root, id := h.Root(t, notary.ECDSAP256), h.Pending(t)
	v := h.as(t, notary.CertificateManager)
	page := authorityPath(id)
	v.post(t, page+"/sign", url.Values{"certificate_authority_id": {fmt.Sprint(root)}, "profile": {"intermediate"}}).
		wantAt(t, page).wantText(t, "Certificate issued", fmt.Sprintf(`href="/authorities/%d"><bdi>Test Root</bdi></a>`,
		root))
	v.get(t, page).wantText(t, "Renew with a CA in Notary")
}

func TestRolesOnAuthorityPages(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Intermediate(t, root, notary.ECDSAP256)
	pages := []string{"/authorities", authorityPath(id), "/authorities/new", "/authorities/start", "/authorities/import",
		authorityPath(id) + "/revoke", authorityPath(id) + "/delete", authorityPath(id) + "/cross-sign", authorityPath(id) +
			"/roll-over"}
	for role, reach := range map[notary.Role]int{notary.Admin: len(pages), notary.CertificateManager: len(pages),
		notary.ReadOnly: 2, notary.CertificateRequestor: 0} {
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
		for _, action := range []string{"sign", "certificate", "issued", "enabled", "settings", "cross-sign", "cross-upload",
			"use", "roll-over", "revoke", "delete"} {
			v.post(t, fmt.Sprintf("/authorities/%d/%s", id, action), url.Values{"sure": {"yes"},
				"certificate_authority_id": {"1"}, "certificate_id": {"1"}}).wantStatus(t, http.StatusForbidden)
		}
		for path, form := range map[string]url.Values{"/authorities/new": {"common_name": {"X"}, "signed_by": {"self"}},
			"/authorities/start":  {"organization_name": {"X"}},
			"/authorities/import": {"private_key": {"X"}, "certificate_chain": {"X"}}} {
			v.post(t, path, form).wantStatus(t, http.StatusForbidden)
		}
	}
	a := h.as(t, notary.ReadOnly).get(t, pages[1]).wantText(t, "read-only access to CAs", "/download/fullchain.pem")
	if strings.Contains(a.body, "Disable") || strings.Contains(a.body, "/revoke") ||
		strings.Contains(a.body, "/settings") {
		t.Error("a read-only caller sees actions")
	}
}

func TestHostileAuthorityNames(t *testing.T) {
	t.Parallel()
	h := open(t)
	const hostile = `<script>alert("1")</script>'&`
	v := h.as(t, notary.Admin)
	v.post(t, "/authorities/new", url.Values{"common_name": {hostile}, "organization_name": {hostile},
		"locality_name": {hostile}, "signed_by": {"self"}}).wantStatus(t, 200)
	v.post(t, "/authorities/new", url.Values{"common_name": {hostile}, "signed_by": {"1"}}).wantStatus(t, 200)
	for _, path := range []string{"/authorities", "/authorities/new", "/authorities/1", "/authorities/2",
		"/authorities/2/revoke", "/authorities/2/delete"} {
		a := v.get(t, path).wantStatus(t, 200)
		if strings.Contains(a.body, "<script>alert") || !strings.Contains(a.body, "&lt;script&gt;alert") {
			t.Errorf("%s does not escape the name: %.3000s", path, a.body)
		}
	}
	name := v.get(t, "/authorities/1/download/fullchain.pem").Header.Get("Content-Disposition")
	if name != "attachment; filename=script-alert-1-script-fullchain.pem" {
		t.Errorf("Content-Disposition is %s", name)
	}
	v.post(t, "/authorities/start", url.Values{"organization_name": {strings.Repeat(hostile, 3)}}).wantStatus(t,
		400).wantText(t, "&lt;script&gt;alert")
}

// The page of an authority, the confirmation and the response agree on whether it can be revoked.
func TestAuthorityNotRevocable(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	orphan, revoked, pending := h.Intermediate(t, root, notary.ECDSAP256), h.Intermediate(t, root, notary.ECDSAP256),
		h.Pending(t)
	other := h.namedRoot(t, "Other Root")
	good := h.Intermediate(t, other, notary.ECDSAP256)
	testkit.Check(t, h.RevokeAuthority(t.Context(), h.Admin(), revoked, notary.Superseded))
	testkit.Check(t, h.CA.DeleteAuthority(t.Context(), h.Admin(), root, true))
	v := h.as(t, notary.Admin)
	for id, why := range map[int64]string{orphan: "was deleted", revoked: "already revoked",
		pending: "no certificate to revoke", other: "A root cannot revoke itself"} {
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
