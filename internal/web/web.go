// Package web is the pages: each is a typed struct and a template, and each thing that is done
// on one is a form (POST, redirect, GET) that works without JavaScript.
//
// [New] gives the handler of everything that is not the API's. To add a page: one line in
// routes.go, a handler that fills the page's struct by one call into package ca or auth,
// and a template of its name. What people see around every page is in templates/layout.html,
// the parts that pages share in templates/parts.html. Package page renders them.
package web

import (
	"log/slog"
	"net/http"
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
