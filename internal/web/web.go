// Package web is the pages: each is a typed struct and a template, and each thing that is done
// on one is a form (POST, redirect, GET) that works without JavaScript.
//
// [New] gives the handler of everything that is not the API's. To add a page: one line in
// [site.routes], a handler that fills the page's struct by one call into package ca or auth,
// and a template of its name. What people see around every page is in templates/layout.html,
// the parts that pages share in templates/parts.html. Package page renders them.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// Config is what the pages are made of.
type Config struct {
	CA      *ca.Service
	Auth    *auth.Service
	Version string
	Log     *slog.Logger

	// Settings returns the settings in force for display, without secrets.
	Settings func() []notary.Setting

	// Stopping, where it is set, is closed when the server begins to stop: work on many
	// requests then begins no more of them.
	Stopping <-chan struct{}
}

// site is what the handlers share.
type site struct {
	ca       *ca.Service
	auth     *auth.Service
	version  string
	log      *slog.Logger
	settings func() []notary.Setting
	stopping <-chan struct{}
	pages    page.Templates

	initialized atomic.Bool // that there is an account was seen once
}

// New gives the handler of the pages. It panics where a template cannot be parsed, which no
// input can bring about.
func New(c Config) http.Handler {
	s := &site{ca: c.CA, auth: c.Auth, version: c.Version, log: c.Log, settings: c.Settings, stopping: c.Stopping}
	s.pages = parsePages(s)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", page.ServeAsset)
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.handler(r))
	}
	mux.Handle("/", s.handler(route{access: open, do: func(c *call) error { return nothingHere(c, mux) }}))
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.handler(route{access: open, do: fromElsewhere}))
	return protection.Handler(mux)
}

// fromElsewhere refuses a form that a page of another site has sent.
func fromElsewhere(*call) error {
	return notary.Errorf(notary.Forbidden, "a page of another site sent this, so nothing was done: begin at the overview")
}

// access says who reaches a page.
type access int

const (
	loggedIn access = iota // whoever has logged in; what a role may do there, package ca decides
	open                   // anybody
)

// route is a page, or what a form on one does.
type route struct {
	pattern string
	access  access
	do      func(*call) error
}

// routes are all pages, in the order in which people meet them.
func (s *site) routes() []route {
	return []route{
		{"GET /start", open, formPage(s.startPage)},
		{"POST /start", open, s.start},
		{"GET /sign-in", open, formPage(s.signInPage, fieldTo)},
		{"POST /sign-in", open, s.signIn},
		{"POST /sign-out", open, s.signOut},

		{"GET /{$}", loggedIn, s.overview},

		{"GET /requests", loggedIn, s.requests},
		{"GET /requests/new", loggedIn, formPage(s.newRequestPage, "names")},
		{"POST /requests/new/check", loggedIn, s.checkRequest},
		{"POST /requests/new", loggedIn, s.submitRequest},
		{"GET /requests/many", loggedIn, redirectTo("/requests")}, // from the address line: nothing is chosen
		{"POST /requests/many", loggedIn, s.manyRequests},
		{"POST /requests/many/run", loggedIn, s.runMany},
		{"GET /requests/{id}", loggedIn, formPage(s.requestPage, "profile")},
		{"GET /requests/{id}/download/{form}", loggedIn, s.downloadRequest},
		{"POST /requests/{id}/sign", loggedIn, s.onRequest("The request is signed. The certificate can be downloaded here.", s.signRequest)},
		{"POST /requests/{id}/reject", loggedIn, s.onRequest("The request is rejected.", s.rejectRequest)},
		{"POST /requests/{id}/revoke", loggedIn, s.revokeRequest},
		{"POST /requests/{id}/reopen", loggedIn, s.onRequest("The request is Outstanding again.", s.reopenRequest)},
		{"POST /requests/{id}/upload", loggedIn, s.onRequest("The certificate is uploaded.", s.uploadCertificate)},
		{"POST /requests/{id}/remove", loggedIn, s.onRequest("The certificate is removed: the request is Outstanding again.", s.removeCertificate)},
		{"POST /requests/{id}/delete", loggedIn, s.deleteRequest},

		{"GET /me", loggedIn, formPage(s.mePage)},
		{"POST /me/password", loggedIn, s.changeMyPassword},
		{"POST /me/sessions/end", loggedIn, s.endOtherSessions},
		{"POST /me/sessions/{id}/end", loggedIn, s.endSession},

		{"GET /settings", loggedIn, s.settingsPage},
		{"GET /events", loggedIn, formPage(s.events, "kind", "email", "from", "until", "object_id")},

		{"GET /certificates", loggedIn, s.certificates},
		{"GET /certificates/{id}", loggedIn, formPage(s.certificatePage)},
		{"GET /certificates/{id}/download/{form}", loggedIn, s.downloadCertificate},
		{"GET /certificates/{id}/chains/{number}", loggedIn, s.downloadChain},
		{"POST /certificates/{id}/revoke", loggedIn, s.revokeCertificate},

		{"GET /authorities", loggedIn, s.authorities},
		{"GET /authorities/start", loggedIn, formPage(s.twoTierPage)},
		{"POST /authorities/start", loggedIn, s.startTwoTier},
		{"GET /authorities/new", loggedIn, formPage(s.newAuthorityPage)},
		{"POST /authorities/new", loggedIn, s.newAuthority},
		{"GET /authorities/import", loggedIn, formPage(s.importAuthorityPage)},
		{"POST /authorities/import", loggedIn, s.importAuthority},
		{"GET /authorities/{id}", loggedIn, formPage(s.authorityPage)},
		{"GET /authorities/{id}/download/{form}", loggedIn, s.downloadAuthority},
		{"POST /authorities/{id}/sign", loggedIn, s.signAuthority},
		{"POST /authorities/{id}/certificate", loggedIn, s.uploadAuthority},
		{"POST /authorities/{id}/issued", loggedIn, s.recordIssued},
		{"GET /authorities/{id}/disable", loggedIn, formPage(s.disableAuthorityPage)},
		{"POST /authorities/{id}/enabled", loggedIn, s.enableAuthority},
		{"POST /authorities/{id}/settings", loggedIn, s.changeAuthority},
		{"GET /authorities/{id}/cross-sign", loggedIn, formPage(s.crossPage)},
		{"POST /authorities/{id}/cross-sign", loggedIn, s.crossSign},
		{"POST /authorities/{id}/cross-upload", loggedIn, s.uploadCross},
		{"POST /authorities/{id}/use", loggedIn, s.useCertificate},
		{"GET /authorities/{id}/roll-over", loggedIn, formPage(s.rollOverPage)},
		{"POST /authorities/{id}/roll-over", loggedIn, s.rollOver},
		{"GET /authorities/{id}/revoke", loggedIn, formPage(s.revokeAuthorityPage)},
		{"POST /authorities/{id}/revoke", loggedIn, s.revokeAuthority},
		{"GET /authorities/{id}/delete", loggedIn, formPage(s.deleteAuthorityPage)},
		{"POST /authorities/{id}/delete", loggedIn, s.deleteAuthority},

		{"GET /profiles", loggedIn, s.profiles},
		{"GET /profiles/new", loggedIn, formPage(s.newProfilePage)},
		{"POST /profiles/new", loggedIn, s.newProfile},
		{"GET /profiles/{id}", loggedIn, formPage(s.profilePage)},
		{"GET /profiles/{id}/edit", loggedIn, formPage(s.editProfilePage)},
		{"POST /profiles/{id}/edit", loggedIn, s.editProfile},
		{"POST /profiles/{id}/delete", loggedIn, s.deleteProfile},

		{"GET /accounts", loggedIn, s.accounts},
		{"GET /accounts/new", loggedIn, formPage(s.newAccountPage)},
		{"POST /accounts/new", loggedIn, s.newAccount},
		{"GET /accounts/{id}", loggedIn, formPage(s.accountPage)},
		{"POST /accounts/{id}/role", loggedIn, s.changeRole},
		{"POST /accounts/{id}/password", loggedIn, s.changePassword},
		{"POST /accounts/{id}/delete", loggedIn, s.deleteAccount},
	}
}

// formPage returns a handler for a page with a form. The query can only fill in these fields: a link on another site
// must not fill in a form.
func formPage(show func(*call, page.Form) error, fields ...string) func(*call) error {
	return func(c *call) error {
		query, values := c.r.URL.Query(), url.Values{}
		for _, name := range fields {
			if query.Has(name) {
				values[name] = query[name]
			}
		}
		return show(c, page.NewForm(values))
	}
}
