package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

func TestRedirectToLoginAndBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.visit(t)
	v.get(t, "/?q=a").wantAt(t, "/sign-in?to=%2F%3Fq%3Da")
	email := h.Caller(notary.ReadOnly).Principal.Name
	v.post(t, "/sign-in", url.Values{"email": {email}, "password": {"wrong"}, "to": {"/?q=a"}}).
		wantStatus(t, 401).wantText(t, "Incorrect email or password.", `value="`+email+`"`, `value="/?q=a"`)
	v.post(t, "/sign-in", url.Values{"email": {email}, "password": {testkit.Password}, "to": {"/?q=a"}}).wantAt(t, "/?q=a")
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	v.post(t, "/sign-out", nil).wantAt(t, "/sign-in").wantText(t, "Signed out.")
	v.get(t, "/").wantAt(t, "/sign-in?to=%2F")
}

func TestLoginRedirectsOnlyToThisSite(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, to := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)",
		"/\t/evil.example", "evil"} {
		v := h.visit(t)
		v.post(t, "/sign-in", url.Values{"email": {h.Admin().Principal.Name}, "password": {testkit.Password},
			"to": {to}}).wantAt(t, "/")
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.visit(t)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := v.signIn(t, h.Admin().Principal.Name).wantStatus(t, http.StatusSeeOther)
	cookies := a.Cookies()
	lives := map[string]int{}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
			c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie is %s", c)
		}
		lives[c.Name] = c.MaxAge
	}
	// The session cookie ends with the browser; the device cookie persists.
	if diff := cmp.Diff(map[string]int{"__Host-notary-session": 0,
		"__Host-notary-device": int(auth.DeviceLife.Seconds())}, lives); diff != "" {
		t.Errorf("the cookies (-want +got):\n%s", diff)
	}
}

func TestCrossSiteFormsAreRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r, err := http.NewRequest(http.MethodPost, "https://"+h.served.Addr+"/sign-out", nil)
		testkit.Check(t, err)
		r.Header.Set(name, value)
		response, err := v.http.Do(r)
		read(t, response, err).wantStatus(t, http.StatusForbidden).wantText(t, "<h1>Permission denied</h1>",
			"This form was submitted by another site").wantSafe(t)
	}
	v.get(t, "/").wantAt(t, "/")
}

// A form submitted after the session has expired is kept and can be resubmitted.
func TestFormIsKeptAfterTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	h.Clock.Advance(48 * time.Hour)
	a := v.post(t, "/accounts/new", url.Values{"email": {"bob@example.com"}, "password": {"not kept at all"}}).
		wantStatus(t, 401).wantText(t, "Your session expired", `name="kept_action" value="/accounts/new"`,
		`value="email=bob%40example.com"`,
		"your changes have been kept except: password.")
	if strings.Contains(a.body, "not kept at all") {
		t.Error("the password is on the page")
	}
	v.post(t, "/sign-in", url.Values{"email": {h.Admin().Principal.Name}, "password": {testkit.Password},
		"kept_action": {"/accounts/new"},
		"kept":        {"email=bob%40example.com"}}).wantStatus(t, 200).
		wantText(t, "Welcome back", `action="/accounts/new"`, `name="email" value="bob@example.com"`)
}

// A form is kept if it fits into the login form, which is limited to 16 KiB without a session;
// otherwise the page says that it was not kept.
func TestLongFormIsKeptAfterTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	v := h.as(t, notary.Admin)
	h.Clock.Advance(48 * time.Hour)
	path := fmt.Sprintf("/authorities/%d/issued", root)
	a := v.post(t, path, url.Values{"certificates": {strings.Repeat("long ", 1_000)}}).
		wantStatus(t, 401).wantText(t, "your changes have been kept.")
	kept := url.Values{"email": {h.Admin().Principal.Name}, "password": {testkit.Password}}
	for _, field := range []string{"kept", "kept_action"} {
		_, value, _ := strings.Cut(a.body, `name="`+field+`" value="`)
		value, _, _ = strings.Cut(value, `"`)
		kept.Set(field, html.UnescapeString(value))
	}
	h.visit(t).post(t, "/sign-in", kept).wantStatus(t, 200).wantText(t, "Welcome back", "long long long")

	for _, text := range []string{strings.Repeat("\n", 4_000), strings.Repeat("a", 1<<20)} {
		v.post(t, path, url.Values{"certificates": {text}}).
			wantStatus(t, 401).wantText(t, "too large to keep").wantNoText(t, "have been kept", "kept_action")
	}
}

// A link from another site cannot fill in the kept form.
func TestLoginLinkCarriesNoForm(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.visit(t).get(t, "/sign-in?kept_action=%2Faccounts%2F2%2Frole&kept=role_id%3D0").wantStatus(t, 200).wantNoText(t,
		"kept", "role_id")
}

// A kept form names the account that would submit it, which may be another user's.
func TestKeptFormNamesTheAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	email := h.Caller(notary.CertificateManager).Principal.Name
	h.visit(t).post(t, "/sign-in", url.Values{"email": {email}, "password": {testkit.Password},
		"kept_action": {"/requests/new"}, "kept": {"csr=a"}}).
		wantStatus(t, 200).wantText(t, "You are signed in as <strong>"+email+"</strong>")
}

func TestSigningOutClearsOnlyTheCache(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := v.post(t, "/sign-out", nil)
	if got := a.Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data is %s, which must not clear cookies or storage", got)
	}
}

// Signing out after the session has expired is not kept as a form.
func TestSigningOutTwice(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	h.Clock.Advance(48 * time.Hour)
	v.post(t, "/sign-out", nil).wantAt(t, "/sign-in").wantText(t, "Signed out.")
}

func TestSigningInAgainEndsThePreviousSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v, former := h.as(t, notary.Admin), h.visit(t)
	former.http.Jar.SetCookies(v.get(t, "/").Request.URL, v.http.Jar.Cookies(v.get(t, "/").Request.URL))
	v.get(t, "/sign-in?to=%2Fme").wantAt(t, "/me") // already signed in
	v.signIn(t, h.Caller(notary.ReadOnly).Principal.Name).wantAt(t, "/").wantText(t,
		h.Caller(notary.ReadOnly).Principal.Name)
	former.get(t, "/me").wantAt(t, "/sign-in?to=%2Fme")
}

// browseUntilTheSessionEnds returns a tab in which a CSR was submitted after the session had expired.
func (h *house) browseUntilTheSessionEnds(t *testing.T) *browser {
	t.Helper()
	b := h.browseAs(t, notary.CertificateManager)
	b.open(t, "/requests/new")
	b.fill(t, "Certificate signing request (CSR)", testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com"))
	h.Clock.Advance(48 * time.Hour)
	b.press(t, "Review request")
	b.wantText(t, "Your session expired")
	return b
}

func (b *browser) signInAgain(t *testing.T) {
	t.Helper()
	b.fill(t, "Email", b.house.Caller(notary.CertificateManager).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "Welcome back")
}

func TestSessionExpiresDuringANewRequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browseUntilTheSessionEnds(t)
	b.signInAgain(t)
	b.press(t, "Submit")
	b.wantHeading(t, "Review request")
	b.press(t, "Submit request")
	b.wantText(t, "Request submitted.", "www.example.com")
}

func TestKeptFormLabels(t *testing.T) {
	t.Parallel()
	h := open(t)
	form := url.Values{"do": {"revoke"}, "ids": {"7"}, "reason": {"superseded"}, "sure": {"yes"}, "expected": {"1"}}
	h.visit(t).post(t, "/sign-in", url.Values{"email": {h.Admin().Principal.Name}, "password": {testkit.Password},
		"kept_action": {"/requests/many/run"}, "kept": {form.Encode()}}).
		wantStatus(t, 200).wantText(t, "<dt>Action</dt><dd><pre dir=\"auto\">revoke", "<dt>Request</dt>", "<dt>Reason</dt>",
		`name="sure" value="yes"`).
		wantNoText(t, "<dt>Sure", "<dt>Expected")
}
