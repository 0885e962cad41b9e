package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"notary"
	"notary/internal/web/page"
)

//go:embed templates
var templateFiles embed.FS

func parsePages(s *site) page.Templates {
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	return page.Parse(files, s.ca.Now, template.FuncMap{
		"version": func() string { return s.version },
		"rule":    ruleText,
		"object":  objectOf,
		"refs":    refsOf,
		"action":  notary.ActionLabel,
	})
}

// view is the data of a template: the page's struct and the data of the layout.
type view struct {
	Title  string
	Wrong  bool   // whether the page shows a form with an error
	Path   string // of the page
	Caller notary.Caller
	Flash  string // the message of the previous form
	Search string // the search text
	Page   any
}

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
	"read_rules":         notary.ReadRules,
	"manage_rules":       notary.ManageRules,
	"read_events":        notary.ReadEvents,
	"read_settings":      notary.ReadSettings,
	"certify_outside":    notary.CertifyOutsideKeys,
}

// May reports whether the caller has a permission.
func (v view) May(permission string) (bool, error) {
	p, ok := permissions[permission]
	if !ok {
		return false, fmt.Errorf("unknown permission %q", permission)
	}
	return v.Caller.May(p), nil
}

// Actor returns the mention of an event's principal.
func (v view) Actor(principal notary.Ref) mention { return actorOf(v.Caller, principal) }

func (v view) In(part string) bool {
	return v.Path == part || part != "/" && strings.HasPrefix(v.Path, part+"/")
}

func (c *call) show(name, title string, content any) error {
	return c.site.pages.Write(c.w, c.pageStatus(), name, c.view(title, content))
}

// stream sends a page while rendering it. On error it aborts the connection, so that the page does not appear complete.
func (c *call) stream(name, title string, content any) error {
	if err := c.site.pages.Stream(c.w, c.pageStatus(), name, c.view(title, content)); err != nil {
		if c.r.Context().Err() == nil { // the browser is still there
			c.explain(err) // for the log
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (c *call) flush() { _ = http.NewResponseController(c.w).Flush() } // the browser may be gone

// view returns the data of a template. It takes the flash message and deletes its cookie.
func (c *call) view(title string, content any) view {
	return view{Title: title, Wrong: c.failing, Path: c.r.URL.Path, Caller: c.caller, Flash: c.takeFlash(),
		Search: c.r.URL.Query().Get("q"), Page: content}
}

func (c *call) pageStatus() int {
	if c.status == 0 {
		return http.StatusOK
	}
	return c.status
}

var ruleTexts = map[string]string{
	"key": "Key type", "key_usage": "Key usage", "subject": "Subject", "names": "At least one name",
	"dns_names": "DNS names", "wildcards": "Wildcards", "ip_addresses": "IP addresses",
	"email_addresses": "Email addresses", "uris": "URIs", "common_name": "Common name",
	"server_name": "Server host name", "underscores": "Underscores", "user_principal_names": "User principal names",
	"max_names": "Number of names", "request_signature": "CSR signature", "validity": "Validity",
	"compromised_key": "Key not reported compromised", "blocked_key": "Key not blocked",
	"authority_key": "Key not used by a CA",
}

func ruleText(rule string) string {
	if text, ok := ruleTexts[rule]; ok {
		return text
	}
	return page.Capital(strings.ReplaceAll(rule, "_", " "))
}
