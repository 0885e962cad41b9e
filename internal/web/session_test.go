package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

func TestWhoHasNotSignedInIsLedToTheLoginAndBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.visit(t)
	v.get(t, "/?q=a").wantAt(t, "/sign-in?to=%2F%3Fq%3Da")
	email := h.Caller(notary.ReadOnly).Email
	v.post(t, "/sign-in", url.Values{"email": {email}, "password": {"wrong"}, "to": {"/?q=a"}}).
		wantStatus(t, 401).wantText(t, "The e-mail or the password is wrong.", `value="`+email+`"`, `value="/?q=a"`)
	v.post(t, "/sign-in", url.Values{"email": {email}, "password": {testkit.Password}, "to": {"/?q=a"}}).wantAt(t, "/?q=a")
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	v.post(t, "/sign-out", nil).wantAt(t, "/sign-in").wantText(t, "You are signed out.")
	v.get(t, "/").wantAt(t, "/sign-in?to=%2F")
}

func TestTheLoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, to := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", "evil"} {
		v := h.visit(t)
		v.post(t, "/sign-in", url.Values{"email": {h.Admin().Email}, "password": {testkit.Password}, "to": {to}}).wantAt(t, "/")
	}
}

func TestASessionIsACookieThatOnlyThisHostGets(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.visit(t)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := v.signIn(t, h.Admin().Email).wantStatus(t, http.StatusSeeOther)
	cookies := a.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got %d cookies", len(cookies))
	}
	c := cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %s", c)
	}
}

func TestWhatAnotherSiteSendsIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r, err := http.NewRequest(http.MethodPost, "https://"+h.served.Addr+"/sign-out", nil)
		testkit.Check(t, err)
		r.Header.Set(name, value)
		response, err := v.http.Do(r)
		read(t, response, err).wantStatus(t, http.StatusForbidden)
	}
	v.get(t, "/").wantAt(t, "/")
}

// What a session that has ended sends is kept, and can be sent again.
func TestWhatWasTypedIsNotLostWithTheSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	h.Clock.Advance(48 * time.Hour)
	a := v.post(t, "/accounts/new", url.Values{"email": {"bob@example.com"}, "password": {"not kept at all"}}).
		wantStatus(t, 401).wantText(t, "Your session has ended", `name="kept_action" value="/accounts/new"`, `value="email=bob%40example.com"`)
	if strings.Contains(a.body, "not kept at all") {
		t.Error("the password is on the page")
	}
	v.post(t, "/sign-in", url.Values{"email": {h.Admin().Email}, "password": {testkit.Password}, "kept_action": {"/accounts/new"},
		"kept": {"email=bob%40example.com"}}).wantStatus(t, 200).
		wantText(t, "Welcome back", `action="/accounts/new"`, `name="email" value="bob@example.com"`)
}
