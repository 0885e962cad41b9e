// Package web is the pages: each is a typed struct and a template, and each thing that is done
// on one is a form (POST, redirect, GET) that works without JavaScript.
//
// [New] gives the handler of everything that is not the API's. To add a page: one line in
// [site.routes], a handler that fills the page's struct by one call into package ca or auth,
// and a template of its name. What people see around every page is in templates/layout.html,
// the parts that pages share in templates/parts.html.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
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
	pages    pages
	assets   *assets

	initialized atomic.Bool // that there is an account was seen once
}

// New gives the handler of the pages. It panics where a template cannot be parsed, which no
// input can bring about.
func New(c Config) http.Handler {
	s := &site{ca: c.CA, auth: c.Auth, version: c.Version, log: c.Log, settings: c.Settings, stopping: c.Stopping, assets: loadAssets()}
	s.pages = parsePages(s)
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name}", s.assets)
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
		{"GET /start", open, page(s.startPage)},
		{"POST /start", open, s.start},
		{"GET /sign-in", open, page(s.signInPage, fieldTo)},
		{"POST /sign-in", open, s.signIn},
		{"POST /sign-out", open, s.signOut},

		{"GET /{$}", loggedIn, s.overview},

		{"GET /requests", loggedIn, s.requests},
		{"GET /requests/new", loggedIn, page(s.newRequestPage, "names")},
		{"POST /requests/new/check", loggedIn, s.checkRequest},
		{"POST /requests/new", loggedIn, s.submitRequest},
		{"GET /requests/many", loggedIn, redirectTo("/requests")}, // from the address line: nothing is chosen
		{"POST /requests/many", loggedIn, s.manyRequests},
		{"POST /requests/many/run", loggedIn, s.runMany},
		{"GET /requests/{id}", loggedIn, page(s.requestPage, "profile")},
		{"GET /requests/{id}/download/{form}", loggedIn, s.downloadRequest},
		{"POST /requests/{id}/sign", loggedIn, s.onRequest("The request is signed. The certificate can be downloaded here.", s.signRequest)},
		{"POST /requests/{id}/reject", loggedIn, s.onRequest("The request is rejected.", s.rejectRequest)},
		{"POST /requests/{id}/revoke", loggedIn, s.revokeRequest},
		{"POST /requests/{id}/reopen", loggedIn, s.onRequest("The request is Outstanding again.", s.reopenRequest)},
		{"POST /requests/{id}/upload", loggedIn, s.onRequest("The certificate is uploaded.", s.uploadCertificate)},
		{"POST /requests/{id}/remove", loggedIn, s.onRequest("The certificate is removed: the request is Outstanding again.", s.removeCertificate)},
		{"POST /requests/{id}/delete", loggedIn, s.deleteRequest},

		{"GET /me", loggedIn, page(s.mePage)},
		{"POST /me/password", loggedIn, s.changeMyPassword},
		{"POST /me/sessions/end", loggedIn, s.endOtherSessions},
		{"POST /me/sessions/{id}/end", loggedIn, s.endSession},

		{"GET /settings", loggedIn, s.settingsPage},
		{"GET /events", loggedIn, page(s.events, "kind", "email", "from", "until", "object_id")},

		{"GET /certificates", loggedIn, s.certificates},
		{"GET /certificates/{id}", loggedIn, page(s.certificatePage)},
		{"GET /certificates/{id}/download/{form}", loggedIn, s.downloadCertificate},
		{"GET /certificates/{id}/chains/{number}", loggedIn, s.downloadChain},
		{"POST /certificates/{id}/revoke", loggedIn, s.revokeCertificate},

		{"GET /authorities", loggedIn, s.authorities},
		{"GET /authorities/start", loggedIn, page(s.twoTierPage)},
		{"POST /authorities/start", loggedIn, s.startTwoTier},
		{"GET /authorities/new", loggedIn, page(s.newAuthorityPage)},
		{"POST /authorities/new", loggedIn, s.newAuthority},
		{"GET /authorities/import", loggedIn, page(s.importAuthorityPage)},
		{"POST /authorities/import", loggedIn, s.importAuthority},
		{"GET /authorities/{id}", loggedIn, page(s.authorityPage)},
		{"GET /authorities/{id}/download/{form}", loggedIn, s.downloadAuthority},
		{"POST /authorities/{id}/sign", loggedIn, s.signAuthority},
		{"POST /authorities/{id}/certificate", loggedIn, s.uploadAuthority},
		{"POST /authorities/{id}/issued", loggedIn, s.recordIssued},
		{"GET /authorities/{id}/disable", loggedIn, page(s.disableAuthorityPage)},
		{"POST /authorities/{id}/enabled", loggedIn, s.enableAuthority},
		{"POST /authorities/{id}/settings", loggedIn, s.changeAuthority},
		{"GET /authorities/{id}/cross-sign", loggedIn, page(s.crossPage)},
		{"POST /authorities/{id}/cross-sign", loggedIn, s.crossSign},
		{"POST /authorities/{id}/cross-upload", loggedIn, s.uploadCross},
		{"POST /authorities/{id}/use", loggedIn, s.useCertificate},
		{"GET /authorities/{id}/roll-over", loggedIn, page(s.rollOverPage)},
		{"POST /authorities/{id}/roll-over", loggedIn, s.rollOver},
		{"GET /authorities/{id}/revoke", loggedIn, page(s.revokeAuthorityPage)},
		{"POST /authorities/{id}/revoke", loggedIn, s.revokeAuthority},
		{"GET /authorities/{id}/delete", loggedIn, page(s.deleteAuthorityPage)},
		{"POST /authorities/{id}/delete", loggedIn, s.deleteAuthority},

		{"GET /profiles", loggedIn, s.profiles},
		{"GET /profiles/new", loggedIn, page(s.newProfilePage)},
		{"POST /profiles/new", loggedIn, s.newProfile},
		{"GET /profiles/{id}", loggedIn, page(s.profilePage)},
		{"GET /profiles/{id}/edit", loggedIn, page(s.editProfilePage)},
		{"POST /profiles/{id}/edit", loggedIn, s.editProfile},
		{"POST /profiles/{id}/delete", loggedIn, s.deleteProfile},

		{"GET /accounts", loggedIn, s.accounts},
		{"GET /accounts/new", loggedIn, page(s.newAccountPage)},
		{"POST /accounts/new", loggedIn, s.newAccount},
		{"GET /accounts/{id}", loggedIn, page(s.accountPage)},
		{"POST /accounts/{id}/role", loggedIn, s.changeRole},
		{"POST /accounts/{id}/password", loggedIn, s.changePassword},
		{"POST /accounts/{id}/delete", loggedIn, s.deleteAccount},
	}
}

// page makes a handler of a page that can hold a form, at first an empty one. Of what the query
// says only those fields are taken: a link that somebody else made must not fill in a form.
func page(show func(*call, form) error, fields ...string) func(*call) error {
	return func(c *call) error {
		query, values := c.r.URL.Query(), url.Values{}
		for _, name := range fields {
			if query.Has(name) {
				values[name] = query[name]
			}
		}
		return show(c, form{values: values})
	}
}
