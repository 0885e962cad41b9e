package web_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

// chromium is shared by all tests of the package; each test has its own profile.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

func startChromium() {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // not available to root
		chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	chromium.ctx, chromium.stop = ctx, func() { stop(); stopAllocator() }
	chromium.err = chromedp.Do(ctx)
}

type browser struct {
	house *house
	ctx   context.Context

	mu     sync.Mutex
	faults []string // errors logged by the browser
	sent   []string // URLs of all requests
}

// browse opens a tab in a new profile. When the test ends, the browser must have logged no errors
// and sent requests to no other host.
func (h *house) browse(t *testing.T) *browser {
	t.Helper()
	b := h.browseElsewhere(t)
	t.Cleanup(func() { b.wantNoFault(t) })
	return b
}

// browseElsewhere opens a tab in a new profile for pages of other sites.
func (h *house) browseElsewhere(t *testing.T) *browser {
	t.Helper()
	testkit.Require(t, "chromium")
	chromium.once.Do(startChromium)
	testkit.Check(t, chromium.err)
	tab, cancelTab := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancelTab)
	b := &browser{house: h}
	testkit.Check(t, chromedp.Listen(tab, b.listen))
	ctx, cancel := context.WithTimeout(tab, testkit.Patience)
	b.ctx = ctx
	t.Cleanup(cancel)
	command(t, b, log.Enable, cdp.Empty{})
	command(t, b, network.Enable, network.EnableParams{})
	b.size(t, 1280, 900)
	return b
}

// browseAs opens a tab signed in as the account with that role.
func (h *house) browseAs(t *testing.T, role notary.Role) *browser {
	t.Helper()
	b := h.browse(t)
	b.open(t, "/sign-in")
	b.fill(t, "Email", h.Caller(role).Principal.Name)
	b.fill(t, "Password", testkit.Password)
	b.press(t, "Sign in")
	b.wantHeading(t, "Overview")
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text,
			"the server responded with a status of 4") {
			b.faults = append(b.faults, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.sent = append(b.sent, e.Request.URL)
	}
}

func (b *browser) wantNoFault(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Errorf("the browser logged: %s", fault)
	}
	for _, sent := range b.sent {
		if u, err := url.Parse(sent); err != nil || u.Scheme == "https" && u.Host != b.house.served.Addr ||
			u.Scheme == "http" {
			t.Errorf("a request went to another host: %s", sent)
		}
	}
}

func (b *browser) run(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	b.want(t, chromedp.Do(b.ctx, steps...))
}

// want ends the test on an error and logs the page.
func (b *browser) want(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Text("body"))
		t.Fatalf("%v on this page: %.3000s", err, text)
	}
}

func get[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	got, err := chromedp.Run(b.ctx, action)
	b.want(t, err)
	return got
}

func command[P, R any](t *testing.T, b *browser, name cdp.Command[P, R], params P) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, name, params)
	b.want(t, err)
}

func (b *browser) size(t *testing.T, width, height int64) {
	t.Helper()
	command(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

func (b *browser) scheme(t *testing.T, scheme string) {
	t.Helper()
	command(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

func (b *browser) withoutScript(t *testing.T) {
	t.Helper()
	command(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.run(t, chromedp.Navigate("https://"+b.house.served.Addr+path))
}

func (b *browser) fill(t *testing.T, label, text string) {
	t.Helper()
	b.run(t, chromedp.SetValue(b.labelled(t, label), text))
}

func (b *browser) tick(t *testing.T, label string) {
	t.Helper()
	b.run(t, chromedp.Click(fmt.Sprintf(`//label[normalize-space(.)=%q]//input`, label)))
}

// labelled returns the XPath of the field whose label begins with the text.
func (b *browser) labelled(t *testing.T, label string) string {
	t.Helper()
	return fmt.Sprintf(`//*[@id=//label[starts-with(normalize-space(.), %q)]/@for]`, label)
}

// press clicks the button or link with that text and waits for the next page.
func (b *browser) press(t *testing.T, text string) {
	t.Helper()
	b.click(t, fmt.Sprintf(`//*[self::button or self::a][normalize-space(.)=%q]`, text))
}

// click clicks the element at an XPath and waits for the next page.
func (b *browser) click(t *testing.T, xpath string) {
	t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(xpath)); err != nil {
		b.want(t, fmt.Errorf("click on %s: %w", xpath, err))
	}
}

func (b *browser) text(t *testing.T) string {
	t.Helper()
	return get(t, b, chromedp.Text("body"))
}

func (b *browser) wantHeading(t *testing.T, want string) {
	t.Helper()
	if got := get(t, b, chromedp.Text("h1")); got != want {
		t.Fatalf("the heading is %q, want %q: %.3000s", got, want, b.text(t))
	}
}

func (b *browser) wantText(t *testing.T, texts ...string) {
	t.Helper()
	shown := b.text(t)
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			t.Errorf("no %q on the page: %.3000s", text, shown)
		}
	}
}
