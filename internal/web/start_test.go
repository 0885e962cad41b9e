package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/auth"
	"notary/internal/rest"
	"notary/internal/testkit"
	"notary/internal/web"
)

func TestFirstAccountInTheBrowser(t *testing.T) {
	t.Parallel()
	b := empty(t).browse(t)
	b.open(t, "/")
	b.wantHeading(t, "Welcome to Notary")
	b.fill(t, "Email", "ada@example.com")
	for _, label := range []string{"Password", "Confirm password"} {
		b.fill(t, label, testkit.Password)
	}
	b.fill(t, "Setup code", "AAAAA-BBBBB-CCCCC-XXXXX")
	b.press(t, "Create account")
	b.look(t, "start-code")
	b.wantText(t, "The setup code is incorrect: the server prints it at startup", "notary setup-code")

	b.fill(t, "Setup code", testkit.SetupCode)
	for _, label := range []string{"Password", "Confirm password"} {
		b.fill(t, label, "password1234")
	}
	b.press(t, "Create account")
	b.look(t, "start")
	b.wantText(t, "This password is easy to guess")

	// The setup code and the email address are still there.
	for _, label := range []string{"Password", "Confirm password"} {
		b.fill(t, label, testkit.Password)
	}
	b.press(t, "Create account")
	b.wantHeading(t, "Overview")
	b.wantText(t, "ada@example.com", "Account created. Password strength: very strong.")
	b.look(t, "overview-empty")
}

// The link that the server prints fills in the setup code, which is removed from the URL and sent only with the
// form.
func TestSetupCodeInTheLink(t *testing.T) {
	t.Parallel()
	b := empty(t).browse(t)
	b.open(t, "/start#setup="+testkit.SetupCode)
	b.wantHeading(t, "Welcome to Notary")
	if code := get(t, b, chromedp.Value("#f-setup_code")); code != testkit.SetupCode {
		t.Errorf("the field has %q", code)
	}
	if at := get(t, b, chromedp.Location()); !strings.HasSuffix(at, "/start") {
		t.Errorf("the address is %s", at)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, sent := range b.sent {
		if strings.Contains(sent, testkit.SetupCode) {
			t.Errorf("%s was requested", sent)
		}
	}
}

// A page of another site cannot create the first account, even if no code is needed: a Blob without a type is sent
// without a Content-Type or a preflight.
func TestAnotherSiteCannotCreateTheFirstAccount(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	w.Auth = auth.New(w.Store, auth.Options{NoSetupCode: true, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	log := slog.New(slog.DiscardHandler)
	api := rest.New(rest.Config{CA: w.CA, Revocation: w.Revocation, Auth: w.Auth, Log: log})
	pages := web.New(web.Config{CA: w.CA, Revocation: w.Revocation, Auth: w.Auth, Log: log})
	statuses := make(chan int, 1)
	h := &house{w, testkit.Serve(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			pages.ServeHTTP(rw, r)
			return
		}
		if r.Header.Get("Content-Type") != "" {
			t.Errorf("Content-Type %q was sent", r.Header.Get("Content-Type"))
		}
		recorded := httptest.NewRecorder()
		api.ServeHTTP(recorded, r)
		statuses <- recorded.Code
	}))}
	other := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(rw, `<!DOCTYPE html><title>Cats</title><p>Cats</p><script>
			fetch("https://%s/api/v1/accounts", {method: "POST", mode: "no-cors",
				body: new Blob([JSON.stringify({email: "cat@example.com", password: %q})])})</script>`, h.served.Addr,
			testkit.Password)
	}))
	t.Cleanup(other.Close)
	b := h.browseElsewhere(t)
	b.run(t, chromedp.Navigate(other.URL))
	if status := <-statuses; status != http.StatusForbidden {
		t.Errorf("the page of another site got status %d", status)
	}
	if some, err := w.Auth.HasAccounts(t.Context()); some || err != nil {
		t.Fatalf("a page of another site created an account (%v)", err)
	}
}

func TestSetupCodeSwitchedOff(t *testing.T) {
	t.Parallel()
	w := testkit.Empty(t)
	w.Auth = auth.New(w.Store, auth.Options{NoSetupCode: true, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	v := serve(t, w).visit(t)
	v.get(t, "/start").wantText(t, "Welcome to Notary").wantNoText(t, "setup_code")
	v.post(t, "/start", url.Values{"email": {"a@example.com"}, "password": {testkit.Password},
		"password_again": {testkit.Password}}).
		wantAt(t, "/")
}

func TestSignInWithoutScript(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/accounts")
	b.wantHeading(t, "Sign in to Notary")
	b.fill(t, "Email", h.Caller(notary.Admin).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "Accounts")
}
