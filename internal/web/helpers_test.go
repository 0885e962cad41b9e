package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"notary"
	"notary/internal/testkit"
	"notary/internal/web"
)

type house struct {
	*testkit.World
	served *testkit.Served
}

func open(t *testing.T) *house { t.Helper(); return serve(t, testkit.New(t)) }

func empty(t *testing.T) *house { t.Helper(); return serve(t, testkit.Empty(t)) }

// serve serves a World. The edits change the configuration.
func serve(t *testing.T, w *testkit.World, edits ...func(*web.Config)) *house {
	t.Helper()
	config := web.Config{CA: w.CA, Revocation: w.Revocation, Auth: w.Auth, Version: "v1.2.3",
		Log:      slog.New(slog.DiscardHandler),
		Settings: func() []notary.Setting { return nil }}
	for _, edit := range edits {
		edit(&config)
	}
	return &house{w, testkit.Serve(t, w, web.New(config))}
}

// visitor is a browser without JavaScript: it keeps cookies and follows redirects.
type visitor struct {
	house *house
	http  *http.Client
}

type answer struct {
	*http.Response
	body string
}

func (h *house) visit(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	testkit.Check(t, err)
	transport := &http.Transport{TLSClientConfig: h.served.TLS}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{h, &http.Client{Jar: jar, Transport: transport}}
}

func (h *house) as(t *testing.T, role notary.Role) *visitor {
	t.Helper()
	v := h.visit(t)
	v.signIn(t, h.Caller(role).Principal.Name).wantStatus(t, 200)
	return v
}

func (v *visitor) signIn(t *testing.T, email string) answer {
	t.Helper()
	return v.post(t, "/sign-in", url.Values{"email": {email}, "password": {testkit.Password}})
}

func (v *visitor) get(t *testing.T, path string) answer {
	t.Helper()
	response, err := v.http.Get("https://" + v.house.served.Addr + path)
	return read(t, response, err)
}

func (v *visitor) post(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	response, err := v.http.PostForm("https://"+v.house.served.Addr+path, form)
	return read(t, response, err)
}

func read(t *testing.T, response *http.Response, err error) answer {
	t.Helper()
	testkit.Check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	a := answer{response, string(body)}
	a.wantFocus(t)
	return a
}

// wantFocus checks that a form with an error sets the focus exactly once, and any other page never.
func (a answer) wantFocus(t *testing.T) {
	t.Helper()
	failed := strings.Contains(a.body, "<title>Error: ")
	if n := strings.Count(a.body, " autofocus"); failed && n != 1 || !failed && n != 0 {
		t.Errorf("%s %s: %d elements have autofocus: %.4000s", a.Request.Method, a.Request.URL, n, a.body)
	}
}

func (a answer) wantStatus(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: got status %d, want %d: %.2000s", a.Request.Method, a.Request.URL, a.StatusCode, status, a.body)
	}
	return a
}

func (a answer) wantText(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s: no %q on the page: %.4000s", a.Request.Method, a.Request.URL, text, a.body)
		}
	}
	return a
}

func (a answer) wantNoText(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%s %s: %q is on the page", a.Request.Method, a.Request.URL, text)
		}
	}
}

func (a answer) wantAt(t *testing.T, path string) answer {
	t.Helper()
	if got := a.Request.URL.RequestURI(); got != path {
		t.Fatalf("redirected to %s, want %s: %.2000s", got, path, a.body)
	}
	return a
}
