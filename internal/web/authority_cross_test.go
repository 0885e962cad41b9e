package web_test

import (
	"crypto/x509/pkix"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestCrossSigningAndKeyRotation(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.namedRoot(t, "Other Root")
	id := h.Intermediate(t, root, notary.ECDSAP256)
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, authorityPath(id))
	b.press(t, "Cross-sign")
	b.look(t, "authority-cross")
	b.fill(t, "CA", "2")
	b.press(t, "Cross-sign")
	b.wantText(t, "Cross-certificate added.", "CA certificates for this key", "CN=Other Root", "Current")
	b.look(t, "authority-crossed")
	b.press(t, "Make current")
	b.wantText(t, "Current certificate changed. New certificates will chain to it.")
	now, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if now.IssuerID() != 2 {
		t.Errorf("the current certificate is from authority %d", now.IssuerID())
	}

	b.press(t, "Rotate CA key")
	b.look(t, "authority-rollover")
	b.tick(t, "Replace "+a.CommonName+" with a new CA")
	b.press(t, "Rotate CA key")
	b.wantHeading(t, a.CommonName)
	b.wantText(t, "CA created with a new key", fmt.Sprintf("CA %d", id), "active")
	b.open(t, authorityPath(id))
	b.wantText(t, "disabled", "Replaced by")
}

func TestCrossSigningFieldErrors(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id, pending := h.Intermediate(t, root, notary.ECDSAP256), h.Pending(t)
	v := h.as(t, notary.Admin)
	v.post(t, authorityPath(id)+"/cross-sign", url.Values{"certificate_authority_id": {"x"}}).wantStatus(t,
		400).wantText(t, `id="f-certificate_authority_id-error"`)
	v.post(t, authorityPath(id)+"/cross-upload", url.Values{"certificate_chain": {"no PEM"}}).wantStatus(t,
		400).wantText(t, `id="f-certificate_chain-error"`, "no PEM")
	v.post(t, authorityPath(pending)+"/cross-sign", url.Values{"certificate_authority_id": {fmt.Sprint(root)},
		"profile": {"intermediate"}}).wantStatus(t, 409)
	v.post(t, authorityPath(id)+"/roll-over", nil).wantStatus(t, 400).wantText(t, `id="f-sure-error"`)
	v.post(t, authorityPath(id)+"/roll-over", url.Values{"sure": {"yes"},
		"not_valid_after": {"2001-01-01"}}).wantStatus(t, 400).wantText(t, `id="f-not_valid_after-error"`)
	v.post(t, authorityPath(id)+"/roll-over", url.Values{"sure": {"yes"}, "key_algorithm": {"dsa"}}).wantStatus(t,
		400).wantText(t, `id="f-key_algorithm-error"`)
	v.post(t, authorityPath(id)+"/use", url.Values{"certificate_id": {"99"}}).wantStatus(t, 404)
}

// After the session has expired, neither the key nor its password is written into the page.
func TestSecretsAreNotKeptAfterTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	h.Clock.Advance(48 * time.Hour)
	a := v.upload(t, "/authorities/import", url.Values{"password": {"a secret word"}, "certificate_chain": {"the chain"}},
		map[string]string{"private_key": "the key itself", "crl": "0\x82\xff"}).wantStatus(t, 401).wantText(t,
		"certificate_chain=the&#43;chain")
	for _, secret := range []string{"a secret word", "secret", "the key itself", "the&#43;key", "crl="} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%q is on the page", secret)
		}
	}
}

// Two roots that have cross-signed each other, and use those certificates, are both in the tree.
func TestTreeOfCrossSignedAuthorities(t *testing.T) {
	t.Parallel()
	h := open(t)
	one, two := h.Root(t, notary.ECDSAP256), h.namedRoot(t, "Other Root")
	crossSign := func(id, issuer int64) int64 {
		certificate, err := h.CA.CrossSign(t.Context(), h.Admin(), id, issuer, notary.IntermediateProfile)
		testkit.Check(t, err)
		return certificate
	}
	ofOne, ofTwo := crossSign(one, two), crossSign(two, one)
	testkit.Check(t, h.CA.UseCertificate(t.Context(), h.Admin(), one, ofOne))
	testkit.Check(t, h.CA.UseCertificate(t.Context(), h.Admin(), two, ofTwo))
	v := h.as(t, notary.Admin)
	for _, id := range []int64{one, two} {
		v.get(t, "/authorities").wantStatus(t, 200).wantText(t, fmt.Sprintf(`href="/authorities/%d"`, id))
		v.get(t, fmt.Sprintf("/authorities/%d", id)).wantStatus(t, 200)
	}
}

func (h *house) namedRoot(t *testing.T, name string) int64 {
	t.Helper()
	id, err := h.CA.CreateAuthority(t.Context(), h.Admin(), ca.AuthorityOptions{SelfSigned: true,
		Subject: pkix.Name{CommonName: name}, PathLen: -1})
	testkit.Check(t, err)
	return id
}
