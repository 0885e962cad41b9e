package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

// A token is created, shown once, listed, pointed out and revoked.
func TestTokens(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Root(t, notary.ECDSAP256)
	manager := h.as(t, notary.CertificateManager)
	manager.get(t, "/me").wantText(t, `href="/tokens"`)
	manager.get(t, "/tokens").wantStatus(t, 200).wantText(t, "No API tokens yet.", "Only your own tokens are listed.")
	form := url.Values{"name": {"ci-deploy"}, "days": {"90"}, "actions": {"request.create", "request.sign"},
		"names": {"dns:ci.example.com"}, "certificate_authority_ids": {"1"}, "profiles": {"server-client"},
		"address_ranges": {"127.0.0.0/8 ::1"}, "quota_per_hour": {"100"}, "quota_per_day": {"1000"}}
	manager.get(t, "/tokens/new").wantStatus(t, 200).wantText(t, `value="authority.manage"`)
	for field, test := range map[string]struct{ value, want string }{
		"name": {"a\x00b", "cannot be the name"}, "days": {"366", "is too late"}, "actions": {"account.manage", "cannot be granted"},
		"names": {"dns:*", "cannot be listed here"}, "certificate_authority_ids": {"99", "There is no certificate authority 99"},
		"profiles": {"none", "There is no profile none"}, "address_ranges": {"here", "is not an address range"},
		"quota_per_hour": {"-1", "is not a positive number"}, "quota_per_day": {"many", "is not a positive number"},
	} {
		wrong := url.Values{}
		for name, values := range form {
			wrong[name] = values
		}
		wrong.Set(field, test.value)
		manager.post(t, "/tokens/new", wrong).wantStatus(t, 400).wantText(t, test.want, fmt.Sprintf(`id="f-%s-error"`, field))
	}
	created := manager.post(t, "/tokens/new", form).wantStatus(t, 200).wantText(t, "Copy the token now.")
	secret := regexp.MustCompile(`ntry_[0-9A-Za-z]{38}`).FindString(created.body)
	caller, err := h.Auth.Caller(t.Context(), secret, "127.0.0.1")
	testkit.Check(t, err)
	path := fmt.Sprintf("/tokens/%d", caller.Principal.ID)
	list := manager.get(t, "/tokens").wantText(t, "ci-deploy", `href="`+path+`"`, "Active", "request.create request.sign")
	list.wantNoText(t, secret)
	manager.get(t, path).wantText(t, "CA 1", "profile server-client", "dns:ci.example.com", "127.0.0.0/8", "100 per hour",
		"1,000 per day").wantNoText(t, secret, "Take over")

	h.Clock.Advance(91 * 24 * time.Hour)
	admin := h.as(t, notary.Admin)
	admin.get(t, "/tokens").wantText(t, "Expired")
	admin.post(t, path+"/take-over", nil).wantStatus(t, 409)
	h.as(t, notary.ReadOnly).get(t, path).wantStatus(t, 404)
	admin.post(t, path+"/revoke", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
	admin.post(t, path+"/revoke", url.Values{"sure": {"yes"}}).wantStatus(t, 200).wantAt(t, "/tokens").wantText(t,
		"API token revoked.", "Revoked")
}

// A token that nobody uses, and one whose creator is gone, are on the overview.
func TestTokensOnTheOverview(t *testing.T) {
	t.Parallel()
	h := open(t)
	creator := h.NewCaller(t, h.Admin(), notary.CertificateManager)
	id, secret, err := h.Auth.CreateToken(t.Context(), creator, &notary.Token{Name: "nightly",
		ExpiresAt: h.Clock.Now().Add(90 * 24 * time.Hour),
		Grants:    []notary.GrantTerms{{Actions: []string{"request.create"}}}})
	testkit.Check(t, err)
	admin, path := h.as(t, notary.Admin), fmt.Sprintf("/tokens/%d", id)
	admin.get(t, "/").wantNoText(t, "API tokens that need attention")
	h.Clock.Advance(7 * 24 * time.Hour)
	admin = h.as(t, notary.Admin)
	admin.get(t, "/").wantText(t, "API tokens that need attention", `href="`+path+`"`, "has never been used")
	admin.get(t, path).wantText(t, "This token appears unused.", "Take over")
	testkit.Check(t, h.Auth.DeleteAccount(t.Context(), h.Admin(), creator.Principal.ID))
	admin.get(t, "/").wantText(t, "is suspended, because its creator’s account was deleted")
	admin.post(t, path+"/take-over", nil).wantStatus(t, 200).wantAt(t, path).wantText(t, "API token taken over",
		h.Admin().Principal.Name)

	// A token is not a session of a browser.
	v := h.visit(t)
	site, err := url.Parse("https://" + h.served.Addr)
	testkit.Check(t, err)
	v.http.Jar.SetCookies(site, []*http.Cookie{{Name: "__Host-notary-session", Value: secret, Secure: true, Path: "/"}})
	v.get(t, "/").wantText(t, "Sign in to Notary")
}

// Without permission to give, a form says what is missing.
func TestTokenBeyondOnesPermissions(t *testing.T) {
	t.Parallel()
	h := open(t)
	requestor := h.as(t, notary.CertificateRequestor)
	page := requestor.get(t, "/tokens/new").wantStatus(t, 200).wantText(t, `value="request.create"`)
	page.wantNoText(t, `value="authority.manage"`)
	refused := requestor.post(t, "/tokens/new", url.Values{"name": {"mine"}, "days": {"1"}, "actions": {"request.sign"}})
	refused.wantStatus(t, 400).wantText(t, "you do not have permission to sign certificate requests")
	if strings.Contains(refused.body, "ntry_") {
		t.Error("a token is shown")
	}
	testkit.Check(t, h.Auth.RecordRefusals(t.Context()))
	found, err := h.CA.Events(t.Context(), h.Admin(), notary.EventQuery{Action: "call.refused", Limit: 10})
	testkit.Check(t, err)
	if len(found.Items) != 1 || found.Items[0].Principal.Name != h.Caller(notary.CertificateRequestor).Principal.Name {
		t.Errorf("recorded refusals: %+v", found.Items)
	}
}

// Events and requests show that a token acted, and not an account. A caller who may see the token gets a link to it.
func TestTokensInEvents(t *testing.T) {
	t.Parallel()
	h := open(t)
	creator := h.Caller(notary.CertificateRequestor)
	id, secret, err := h.Auth.CreateToken(t.Context(), creator, &notary.Token{Name: "nightly",
		ExpiresAt: h.Clock.Now().Add(24 * time.Hour), Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}})
	testkit.Check(t, err)
	token, err := h.Auth.Caller(t.Context(), secret, "127.0.0.1")
	testkit.Check(t, err)
	request, err := h.CA.Submit(t.Context(), token, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com"))
	testkit.Check(t, err)
	actor := fmt.Sprintf("<bdi>API token %d (nightly)</bdi>", id)
	link := fmt.Sprintf(`<a href="/tokens/%d">`, id)
	admin := h.as(t, notary.Admin)
	for _, path := range []string{"/", "/events?action=request.create", requestURL(request)} {
		admin.get(t, path).wantText(t, link+actor)
	}
	linked := "via " + link + "<bdi>API token nightly</bdi></a>"
	admin.get(t, requestURL(request)).wantText(t, linked)
	h.as(t, notary.CertificateRequestor).get(t, requestURL(request)).wantText(t, linked, actor)
	manager := h.as(t, notary.CertificateManager).get(t, requestURL(request))
	manager.wantText(t, "via <bdi>API token nightly</bdi>", actor).wantNoText(t, link)

	own := h.Request(t, creator)
	admin.get(t, requestURL(own)).wantNoText(t, "via ")
}
