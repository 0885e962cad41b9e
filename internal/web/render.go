package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"notary"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates by the names of their files.
type pages map[string]*template.Template

// parsePages parses every page together with what is around and shared by all.
func parsePages(s *site) pages {
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	shared := template.Must(template.New("").Funcs(s.functions()).ParseFS(files, "layout.html", "parts*.html"))
	names, _ := fs.Glob(files, "*.html")
	all := pages{}
	for _, name := range names {
		if name != "layout.html" && !strings.HasPrefix(name, "parts") {
			all[strings.TrimSuffix(name, path.Ext(name))] = template.Must(template.Must(shared.Clone()).ParseFS(files, name))
		}
	}
	return all
}

// view is what a template sees: the page's own struct, and what is around it.
type view struct {
	Title  string
	Wrong  bool   // whether the form that was sent is shown again, with what is wrong with it
	Path   string // of the page, by which the navigation shows where one is
	Caller notary.Caller
	Flash  string // what was done a moment ago
	Search string // what is looked for
	Page   any
}

// permissions are those that templates ask for by name.
var permissions = map[string]notary.Permission{
	"create":             notary.CreateRequests,
	"decide":             notary.DecideRequests,
	"read_requests":      notary.ReadRequests,
	"read_authorities":   notary.ReadAuthorities,
	"manage_authorities": notary.ManageAuthorities,
	"revoke":             notary.RevokeCertificates,
	"accounts":           notary.ManageAccounts,
	"read_profiles":      notary.ReadProfiles,
	"manage_profiles":    notary.ManageProfiles,
	"read_events":        notary.ReadEvents,
	"read_settings":      notary.ReadSettings,
	"certify_outside":    notary.CertifyOutsideKeys,
}

// May says whether who looks at the page may do that.
func (v view) May(permission string) (bool, error) {
	p, ok := permissions[permission]
	if !ok {
		return false, fmt.Errorf("there is no permission %q", permission)
	}
	return v.Caller.May(p), nil
}

// In says whether the page is in that part of the site.
func (v view) In(part string) bool {
	return v.Path == part || part != "/" && strings.HasPrefix(v.Path, part+"/")
}

// show answers with a page. Nothing is sent before the whole of it is made.
func (c *call) show(name, title string, content any) error {
	var out bytes.Buffer
	v := c.view(title, content) // which may set a cookie
	if err := c.render(&out, name, v); err != nil {
		return err
	}
	if c.wrong != nil && c.wrong.atField { // only now it is known that the message leaves the focus to the field
		out.Reset()
		if err := c.render(&out, name, v); err != nil {
			return err
		}
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	c.begin()
	_, _ = out.WriteTo(c.w) // the browser may be gone
	return nil
}

// stream answers with a page that is sent while it is made. What goes wrong in the middle breaks
// the connection off, so that nobody takes half a page for the whole.
func (c *call) stream(name, title string, content any) error {
	v := c.view(title, content) // which may set a cookie
	c.begin()
	if err := c.render(c.w, name, v); err != nil {
		if c.r.Context().Err() == nil { // somebody still looks at it
			c.explain(err) // for the log
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// flush sends what there is of a page.
func (c *call) flush() { _ = http.NewResponseController(c.w).Flush() } // the browser may be gone

func (c *call) view(title string, content any) view {
	return view{Title: title, Wrong: c.wrong != nil, Path: c.r.URL.Path, Caller: c.caller, Flash: c.takeFlash(), Search: c.r.URL.Query().Get("q"), Page: content}
}

func (c *call) render(to io.Writer, name string, v view) error {
	if err := c.site.pages[name].ExecuteTemplate(to, "layout", v); err != nil {
		return notary.InternalError("make the page "+name, err)
	}
	return nil
}

// begin sends the head of a page.
func (c *call) begin() {
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if c.status == 0 {
		c.status = http.StatusOK
	}
	c.w.WriteHeader(c.status)
}

// functions are what templates can call.
func (s *site) functions() template.FuncMap {
	return template.FuncMap{
		"asset":   s.assets.url,
		"version": func() string { return s.version },
		"when":    func(t time.Time) when { return when{t, s.ca.Now()} },
		"until":   func(days int) when { return when{s.ca.Now().AddDate(0, 0, days), s.ca.Now()} },
		"count":   func(n any) string { return count(whole(n)) },
		"plural":  func(n any, noun string) string { return plural(whole(n), noun) },
		"hex":     hexPairs,
		"rule":    ruleText,
		"object":  objectOf,
		"deed":    deed,
	}
}

// when is a moment as people read it, beside the exact one.
type when struct{ at, now time.Time }

func (w when) Known() bool     { return !w.at.IsZero() }
func (w when) Machine() string { return w.at.UTC().Format(time.RFC3339) }
func (w when) Exact() string   { return w.at.UTC().Format("2006-01-02 15:04:05 UTC") }
func (w when) Day() string     { return w.at.UTC().Format("2006-01-02") }
func (w when) Past() bool      { return w.at.Before(w.now) }

// Soon says whether it lies within the next 30 days, or is past.
func (w when) Soon() bool { return w.at.Before(w.now.AddDate(0, 0, 30)) }

// Relative is the distance from now in its largest unit, such as "in 3 days".
func (w when) Relative() string {
	d := w.at.Sub(w.now)
	past := d <= 0
	d = d.Abs()
	const day = 24 * time.Hour
	var text string
	switch {
	case d < time.Minute && past:
		return "just now"
	case d < time.Minute:
		text = "less than a minute"
	case d < time.Hour:
		text = plural(int64(d/time.Minute), "minute")
	case d < 2*day:
		text = plural(int64(d/time.Hour), "hour")
	case d < 60*day:
		text = plural(int64(d/day), "day")
	case d < 730*day:
		text = plural(int64(d/(30*day)), "month")
	default:
		text = plural(int64(d/(365*day)), "year")
	}
	if past {
		return text + " ago"
	}
	return "in " + text
}

// whole is a whole number of either type that templates meet.
func whole(n any) int64 {
	if n, ok := n.(int); ok {
		return int64(n)
	}
	return n.(int64)
}

// plural is a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if before, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(before, "a") { // a day is none
		noun = before + "ies"
	} else {
		noun += "s"
	}
	return count(n) + " " + noun
}

// count writes a number in groups of three digits.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// hexPairs writes hexadecimal in pairs with colons, as other programs show it.
func hexPairs(digits string) string {
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}

// ruleTexts are the words of verdicts, as people read them.
var ruleTexts = map[string]string{
	"key": "the kind of key", "key_usage": "what the key can do", "subject": "the subject", "names": "that there is a name",
	"dns_names": "DNS names", "wildcards": "wildcards", "ip_addresses": "IP addresses", "email_addresses": "e-mail addresses", "uris": "URIs",
	"common_name": "a common name that looks like a host", "server_name": "that a server has a host name",
	"underscores": "underscores", "user_principal_names": "user principal names", "max_names": "number of names", "request_signature": "signature of the request",
	"validity": "the validity", "compromised_key": "that nobody has reported the key as compromised",
	"blocked_key": "that the key is not blocked", "authority_key": "that no authority has the key",
}

func ruleText(rule string) string {
	if text, ok := ruleTexts[rule]; ok {
		return text
	}
	return strings.ReplaceAll(rule, "_", " ")
}
