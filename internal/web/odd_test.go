package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
)

func TestTruncatedForm(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	v.post(t, "/accounts/new", url.Values{"email": {strings.Repeat("a", 3<<20)}}).wantStatus(t, 413).wantText(t,
		"exceeds the limit of 2 MiB", "Sign out")
	response, err := v.http.Post("https://"+v.house.served.Addr+"/accounts/new", "application/x-www-form-urlencoded",
		strings.NewReader("email=%zz&role_id=2"))
	read(t, response, err).wantStatus(t, 400).wantText(t, "form is incomplete")
}

func TestLinksDoNotFillInForms(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	v := h.as(t, notary.Admin)
	v.get(t, "/authorities/1/delete?force=yes&sure=yes").wantStatus(t, 200).wantNoText(t, "checked")
	v.get(t, "/profiles/1/edit?version=1&validity=9000d").wantStatus(t, 200).wantNoText(t, "9000")
	v.post(t, "/authorities/1/delete?sure=yes", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
}

func TestUnsupportedFilter(t *testing.T) {
	t.Parallel()
	v := open(t).as(t, notary.Admin)
	v.get(t, "/requests?revoked=true").wantStatus(t, 400).wantText(t, "filter requests by status")
	v.get(t, "/certificates?status=Active").wantStatus(t, 400).wantText(t, "certificates by revoked")
	v.get(t, "/certificates?revoked=perhaps").wantStatus(t, 400).wantText(t, "true or false")
}

// The URL of a form's action, opened as a page, redirects to the page of the form.
func TestFormActionURLsRedirect(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	v := h.as(t, notary.Admin)
	for path, want := range map[string]string{
		"/requests/1/sign": "/requests/1", "/requests/many/run": "/requests", "/requests/many": "/requests",
		"/requests/new/check": "/requests/new",
		"/me/sessions/1/end":  "/me", "/sign-out": "/", "/requests/": "/requests", "/requests/?q=a": "/requests?q=a",
		"/%2Fevil.example/": "/%2Fevil.example/",
	} {
		if a := v.get(t, path); a.Request.URL.Host != h.served.Addr || a.StatusCode == http.StatusOK &&
			a.Request.URL.RequestURI() != want {
			t.Errorf("%s redirects to %s with %d, want %s", path, a.Request.URL, a.StatusCode, want)
		}
	}
	v.get(t, "/nothing/").wantStatus(t, 404)
	v.post(t, "/nothing", nil).wantStatus(t, 404)
	a := v.post(t, "/requests", nil).wantStatus(t, 405).wantText(t, "does not support this method")
	if got := a.Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow is %q", got)
	}
	r, err := http.NewRequest(http.MethodDelete, "https://"+h.served.Addr+"/requests/new", nil)
	testkit.Check(t, err)
	response, err := v.http.Do(r)
	if got := read(t, response, err).wantStatus(t, 405).Header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got)
	}
}
