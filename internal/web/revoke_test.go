package web_test

import (
	"crypto/x509/pkix"
	"fmt"
	"net/url"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A request's page names the older certificates that a revocation includes or has included. On a revoked request only
// the reason can be corrected.
func TestRevocationNamesItsCertificates(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Signed(t, h.Admin(), root)
	older := h.certificateOf(t, id).ID
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{}))
	current := h.certificateOf(t, id).ID
	v := h.as(t, notary.CertificateManager)
	v.get(t, requestURL(id)).wantText(t, "This includes older certificates that are still valid",
		fmt.Sprintf(">certificate %d</a>", older),
		`name="only_current"`)
	v.post(t, requestURL(id)+"/revoke", url.Values{"sure": {"yes"}, "reason": {"superseded"}}).
		wantText(t, fmt.Sprintf("Revoked: certificates %d and %d.", older, current), "Report key compromise")
	v.post(t, requestURL(id)+"/revoke", url.Values{"sure": {"yes"}, "reason": {"superseded"}}).wantStatus(t, 409)

	// On the certificate's page, for both at once, because they have the same key.
	page := certificatePath(older)
	v.get(t, page).wantText(t, "Already revoked.", "Correct reason", `value="keyCompromise"`).wantNoText(t,
		`value="unspecified"`)
	v.post(t, page+"/revoke", url.Values{"sure": {"yes"}, "reason": {"keyCompromise"}}).
		wantText(t, fmt.Sprintf("Reason corrected: certificates %d and %d.", older, current), "Already revoked.").
		wantNoText(t, "Correct reason")
	v.get(t, requestURL(id)).wantText(t, "corrected the revocation reason of").wantNoText(t, "Report key compromise")
}

func TestRevokeOnlyTheCurrentCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	older := h.certificateOf(t, id).ID
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{}))
	current := h.certificateOf(t, id).ID
	h.as(t, notary.Admin).post(t, requestURL(id)+"/revoke", url.Values{"sure": {"yes"}, "reason": {"superseded"},
		"only_current": {"yes"}}).
		wantText(t, "Certificate revoked.")
	for id, revoked := range map[int64]bool{older: false, current: true} {
		c, err := h.CA.Certificate(t.Context(), h.Admin(), id)
		testkit.Check(t, err)
		if (c.Revocation != nil) != revoked {
			t.Errorf("certificate %d is revoked: %t", id, !revoked)
		}
	}
}

// No other authority is preselected if the former one cannot sign, and bulk signing groups the requests by former
// authority and profile.
func TestRenewalKeepsTheAuthority(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.namedRoot(t, "Other Root")
	short, err := h.CA.CreateAuthority(t.Context(), h.Admin(), ca.AuthorityOptions{SelfSigned: true,
		Subject: pkix.Name{CommonName: "Short Root"},
		PathLen: -1, NotAfter: h.Clock.Now().Add(48 * time.Hour)})
	testkit.Check(t, err)
	id, lasting := h.Request(t, h.Admin()), h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: short, Profile: "server"}))
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), lasting, ca.SignOptions{AuthorityID: other, Profile: "client"}))
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), h.Admin(), short, false))
	v := h.as(t, notary.Admin)
	form := formOf(t, v.get(t, requestURL(id)).wantText(t, "Can’t be renewed unchanged", "Short Root").body)
	if got := form.Get("certificate_authority_id"); got != "" {
		t.Errorf("the form has the authority %q", got)
	}
	v.post(t, requestURL(id)+"/sign", url.Values{"certificate_authority_id": {""}, "profile": {"server"}}).wantStatus(t,
		400)
	fresh := h.Request(t, h.Admin())
	chosen := url.Values{"do": {"sign"}, "ids": {fmt.Sprint(id), fmt.Sprint(lasting), fmt.Sprint(fresh)}}
	v.post(t, "/requests/many", chosen).wantText(t,
		"1 request with profile client from <bdi>Other Root</bdi>, as before (renewal)",
		"1 request with profile server from <bdi>Short Root</bdi>, as before", "is disabled",
		"1 request without an earlier certificate")
	chosen.Set("certificate_authority_id", fmt.Sprint(other))
	chosen.Set("profile", "server-client")
	chosen.Set("renew", "yes")
	v.post(t, "/requests/many/run", chosen).wantText(t, "2 of 3 requests signed.", "is disabled")
	if c := h.certificateOf(t, lasting); c.Profile != "client" || c.AuthorityID != other {
		t.Errorf("renewed by authority %d, profile %s", c.AuthorityID, c.Profile)
	}
}
