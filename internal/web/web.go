// Package web implements the web pages: each is a typed struct and a template, and each action is a form (POST,
// redirect, GET) that works without JavaScript.
//
// To add a page, add a line to routes.go, a handler that fills the page's struct with one call to package ca or auth,
// and a template with its name. The layout is in templates/layout.html, shared parts in templates/parts.html. Package
// page renders them.
package web

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/revocation"
	"notary/internal/web/page"
)

// Config configures the pages.
type Config struct {
	CA         *ca.Service
	Revocation *revocation.Service
	Auth       *auth.Service
	Version    string
	Log        *slog.Logger

	// Settings returns the settings in force, without secrets.
	Settings func() []notary.Setting

	// Stopping, if set, is closed when the server begins to shut down. Bulk actions then start no further requests.
	Stopping <-chan struct{}
}

type site struct {
	ca         *ca.Service
	revocation *revocation.Service
	auth       *auth.Service
	version    string
	log        *slog.Logger
	settings   func() []notary.Setting
	stopping   <-chan struct{}
	pages      page.Templates

	initialized atomic.Bool // whether an account is known to exist
}

// New returns the handler for the pages and their assets. It panics if a template cannot be parsed.
func New(c Config) http.Handler {
	s := &site{ca: c.CA, revocation: c.Revocation, auth: c.Auth, version: c.Version, log: c.Log, settings: c.Settings,
		stopping: c.Stopping}
	s.pages = parsePages(s)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", page.ServeAsset)
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.handler(r))
	}
	mux.Handle("/", s.handler(route{access: open, do: func(c *call) error { return notFound(c, mux) }}))
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(s.handler(route{access: open, do: refuseCrossSite}))
	return protection.Handler(mux)
}

func refuseCrossSite(*call) error {
	return notary.Errorf(notary.Forbidden, "this form was submitted by another site, so nothing was changed: start at the overview")
}
