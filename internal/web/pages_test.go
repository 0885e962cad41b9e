package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
	"notary/internal/web"
)

var safe = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
		"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"Cache-Control":              "no-store",
	"X-Content-Type-Options":     "nosniff",
	"X-Frame-Options":            "DENY",
	"Referrer-Policy":            "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin",
}

func (a answer) wantSafe(t *testing.T) answer {
	t.Helper()
	for name, want := range safe {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s has %s: %q, want %q", a.Request.URL, name, got, want)
		}
	}
	return a
}

const maxPage = 100_000

// Every page is served, has safe headers, a limited size and one
// heading, and requires a login.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	_, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "web-team")
	testkit.Check(t, err)
	token, _, err := h.Auth.CreateToken(t.Context(), h.Admin(), &notary.Token{Name: "ci",
		ExpiresAt: h.Clock.Now().Add(time.Hour), Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}})
	testkit.Check(t, err)
	_, err = h.CA.CreateRule(t.Context(), h.Admin(), notary.RuleTerms{Name: "all", Priority: 1,
		Expression: "true", Effect: notary.HoldEffect})
	testkit.Check(t, err)
	admin, stranger := h.as(t, notary.Admin), h.visit(t)
	ids := strings.NewReplacer("/tokens/{id}", fmt.Sprint("/tokens/", token), "{id}", "1", "{$}", "", "{form}", "cert.pem", "{number}", "1")
	for _, pattern := range web.Patterns() {
		path, get := strings.CutPrefix(pattern, "GET ")
		if !get {
			continue
		}
		path = ids.Replace(path)
		a := admin.get(t, path).wantStatus(t, http.StatusOK)
		a.wantSafe(t)
		if a.Header.Get("Content-Type") == "text/html; charset=utf-8" && strings.Count(a.body, "<h1") != 1 {
			t.Errorf("%s does not have exactly one h1", path)
		}
		if len(a.body) > maxPage {
			t.Errorf("%s has %d octets, more than %d", path, len(a.body), maxPage)
		}
		if path != "/start" && path != "/sign-in" {
			stranger.get(t, path).wantText(t, "Sign in to Notary")
		}
	}
}

func TestKeyboardShortcuts(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 3 {
		h.Request(t, h.Admin())
	}
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/requests")
	b.run(t, chromedp.KeyEvent("jxjx"))
	b.wantText(t, "2 selected")
	b.run(t, chromedp.KeyEvent("?"), chromedp.WaitVisible("dialog[open]"))
	b.wantText(t, "Keyboard shortcuts")
	b.run(t, chromedp.Click("dialog button"), chromedp.WaitNotPresent("dialog"))
	b.run(t, chromedp.KeyEvent("/"), chromedp.KeyEvent("jx?")) // typed into the field, not run
	b.wantText(t, "2 selected")
	// The slash is there because the protocol types a key separately from pressing it.
	if typed := get(t, b, chromedp.Value(`input[name=q]`)); strings.TrimPrefix(typed, "/") != "jx?" {
		t.Errorf("the search field has %q", typed)
	}
	b.run(t, chromedp.KeyEvent("\u001b"))
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent("ko")); err != nil {
		t.Fatal(err)
	}
	b.wantText(t, "Outstanding", "History")
}

// The keys act on the row with the focus, however the focus got there, and Enter opens it.
func TestShortcutsActOnTheFocusedRow(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 3 {
		h.Request(t, h.Admin())
	}
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/requests")
	box := func(row int) string { return fmt.Sprintf("tbody tr:nth-child(%d) input", row) }
	ticked := func(row int) bool {
		return get(t, b, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q).checked", box(row))))
	}
	b.run(t, chromedp.KeyEvent("j"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("x")) // from link to checkbox
	if ticked(1) || !ticked(2) {
		t.Error("x has not ticked the focused row")
	}
	b.run(t, chromedp.Click(box(3)), chromedp.KeyEvent("x"))
	if ticked(3) {
		t.Error("x has not unticked the clicked row")
	}
	b.run(t, chromedp.Click("tbody tr:nth-child(1) td:last-child"), chromedp.KeyEvent("x"))
	if !ticked(1) {
		t.Error("x has not ticked the clicked row")
	}
	id := get(t, b, chromedp.Evaluate[string](`document.querySelector("tbody tr:nth-child(2) input").value`))
	b.run(t, chromedp.KeyEvent("j"))
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	if at := get(t, b, chromedp.Evaluate[string]("location.pathname")); at != "/requests/"+id {
		t.Errorf("Enter opens %s, want /requests/%s", at, id)
	}
}

// The label of a checkbox names the request that it selects.
func TestCheckboxLabels(t *testing.T) {
	t.Parallel()
	h := open(t)
	r, err := h.CA.Request(t.Context(), h.Admin(), h.Request(t, h.Admin()))
	testkit.Check(t, err)
	h.as(t, notary.Admin).get(t, "/requests").wantText(t, fmt.Sprintf(`aria-label="Select %s, request %d"`, r.CommonName,
		r.ID))
}

// A form with an error says so in the title. The focus is on the invalid field, or else on the
// message.
func TestFocusOfAFailedForm(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := h.as(t, notary.Admin)
	atMessage := `<p class="failure" role="alert" tabindex="-1" autofocus>`
	v.get(t, "/requests?status=nothing").wantStatus(t, 400).wantText(t, "<title>Error: Requests · Notary</title>",
		atMessage)
	h.visit(t).signIn(t, "nobody@example.com").wantStatus(t, 401).wantText(t, "<title>Error: Sign in · Notary</title>",
		atMessage)
	v.get(t, "/requests").wantText(t, "<title>Requests · Notary</title>")
	v.get(t, "/requests?expires_before=never").wantText(t, "<title>Error: ",
		`autofocus aria-invalid="true" aria-describedby="f-expires_before-error"`)
	v.post(t, "/accounts/2/delete", nil).wantText(t, `name="sure" value="yes" required autofocus`)

	b := h.browse(t)
	b.withoutScript(t)
	b.open(t, "/sign-in")
	b.fill(t, "Email", "nobody@example.com")
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.run(t, chromedp.WaitVisible(".failure"))
	if at := get(t, b, chromedp.Evaluate[string]("document.activeElement.className")); at != "failure" {
		t.Errorf("without JavaScript the focus is on %q", at)
	}
}

// Single-key shortcuts can be switched off and on in their help dialog. The setting is kept across
// logins.
func TestShortcutsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Request(t, h.Admin())
	b := h.browseAs(t, notary.Admin)
	b.open(t, "/requests")
	b.run(t, chromedp.KeyEvent("?"), chromedp.WaitVisible("dialog[open]"))
	b.look(t, "keyboard")
	b.tick(t, "Single-key shortcuts")
	b.run(t, chromedp.Click("dialog button"), chromedp.WaitNotPresent("dialog"), chromedp.KeyEvent("jx"))
	b.wantText(t, "0 selected")
	b.press(t, "Sign out")
	b.fill(t, "Email", h.Admin().Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.open(t, "/requests")
	b.run(t, chromedp.KeyEvent("jx?"))
	b.wantText(t, "0 selected")
	b.run(t, chromedp.Click("[data-help]"), chromedp.WaitVisible("dialog[open]"))
	b.tick(t, "Single-key shortcuts")
	b.run(t, chromedp.Click("dialog button"), chromedp.WaitNotPresent("dialog"), chromedp.KeyEvent("jx"))
	b.wantText(t, "1 selected")
}

// A double click submits a form once; later it can be submitted again.
func TestDoubleSubmission(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.ReadOnly)
	b.open(t, "/me")
	sent := get(t, b, chromedp.Evaluate[[]bool](`[0, 200, 5000].map((later) => {
		const event = new Event("submit", { bubbles: true, cancelable: true });
		Object.defineProperty(event, "timeStamp", { value: 1000 + later });
		return document.querySelector("main form").dispatchEvent(event);
	})`))
	if want := []bool{true, false, true}; !slices.Equal(sent, want) {
		t.Errorf("sent: %t, want %t", sent, want)
	}
}

func TestCopyButtonLabel(t *testing.T) {
	t.Parallel()
	b := open(t).browseAs(t, notary.CertificateRequestor)
	b.open(t, "/requests/new")
	name := get(t, b, chromedp.Evaluate[string](`(async () => {
		navigator.clipboard.writeText = async () => {};
		const timers = new Map();
		window.setTimeout = (act) => timers.set(timers.size + 1, act).size;
		window.clearTimeout = (timer) => timers.delete(timer);
		const button = document.querySelector("[data-copy]");
		for (let clicks = 0; clicks < 2; clicks++) {
			button.click();
			await Promise.resolve();
		}
		if (button.textContent !== "Copied") return "not copied";
		for (const act of timers.values()) act();
		return button.textContent;
	})()`, chromedp.EvalAwaitPromise))
	if name != "Copy command" {
		t.Errorf("after two clicks the button has the label %q", name)
	}
}
