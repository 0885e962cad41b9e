// Package rest implements the REST API: each handler decodes a call, calls package ca or auth once, and encodes the
// result. Wire types are in package api, paths and statuses in docs/api.md; the OpenAPI document is generated from this
// code.
//
// To add a call, add its wire types to package api, its use case to package ca, and an [operation] with a short handler
// here.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"notary"
	"notary/api"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/clock"
	"notary/internal/revocation"
)

// Config holds the dependencies of the API.
type Config struct {
	CA         *ca.Service
	Revocation *revocation.Service
	Auth       *auth.Service
	Clock      *clock.Guard
	Version    string
	Log        *slog.Logger

	// Ready returns an error if the database does not respond.
	Ready func(context.Context) error

	// Settings returns the settings in force, without secrets.
	Settings func() []notary.Setting

	// Stopping, if set, is done when the server begins to shut down. Bulk calls then start no further items, and calls
	// stop waiting for approval.
	Stopping context.Context
}

// Probes are the paths of the liveness and readiness checks. They are cheap and exempt from all limits.
var Probes = []string{"/status", "/status/ready"}

// Paths are the API paths outside of /api.
var Paths = append([]string{"/login", "/logout"}, Probes...)

// New returns the handler for /api and [Paths].
func New(c Config) http.Handler {
	configureHuma()
	mux := http.NewServeMux()
	r := &routes{ca: c.CA, revocation: c.Revocation, auth: c.Auth, clock: c.Clock, version: c.Version, log: c.Log,
		ready:    c.Ready,
		settings: c.Settings, imports: make(chan struct{}, maxImports), waiting: make(chan struct{}, maxWaiting),
		huma: humago.New(mux, openAPI(c.Version))}
	if c.Stopping != nil {
		r.stopping = c.Stopping.Done()
	}
	r.huma.UseMiddleware(r.authenticate, r.strict)
	r.certificateRequests()
	r.certificates()
	r.issuing()
	r.certificateAuthorities()
	r.profiles()
	r.rules()
	r.accounts()
	r.groups()
	r.grants()
	r.tokens()
	r.summaries()
	r.events()
	r.serverSettings()
	r.serverClock()
	r.inspections()
	r.overviews()
	r.sessions()
	serveOpenAPI(mux, r.huma.OpenAPI())
	return refuseCrossOrigin(fallback(mux))
}

type routes struct {
	huma       huma.API
	ca         *ca.Service
	revocation *revocation.Service
	auth       *auth.Service
	clock      *clock.Guard
	version    string
	log        *slog.Logger
	crls       encodedCRLs
	imports    chan struct{} // holds one element per import in progress
	waiting    chan struct{} // holds one element per call that waits for approval
	ready      func(context.Context) error

	settings func() []notary.Setting
	stopping <-chan struct{} // nil for never
}

// Inputs and outputs shared by many calls.
type (
	none struct{}
	// ByID is exported because huma reads only exported fields.
	ByID struct {
		ID int64 `path:"id" minimum:"1"`
	}
	answer[T any] struct {
		Body api.Result[T]
	}
	message = answer[api.Message]
	created = answer[api.Created]
)

func result[T any](v T) *answer[T] { return &answer[T]{api.Result[T]{Result: v}} }

func success() *message { return result(api.Message{Message: api.Success}) }

func done(err error) (*message, error) { return success(), err }

func createdID(id int64, err error) (*created, error) {
	return result(api.Created{Message: api.Success, ID: id}), err
}
