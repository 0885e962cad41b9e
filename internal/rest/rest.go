// Package rest is the REST API: it decodes a call, makes one call into package ca or auth,
// and encodes the answer. The paths and shapes are in package api and docs/api.md; the
// OpenAPI document is made from this code.
//
// [New] gives the handler. To add a call: its wire types go into package api, its use case
// into package ca, and here one [operation] with a handler of a few lines.
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

// Config is what the API is made of.
type Config struct {
	CA         *ca.Service
	Revocation *revocation.Service
	Auth       *auth.Service
	Clock      *clock.Guard
	Version    string
	Log        *slog.Logger

	// Ready returns an error if the database does not answer.
	Ready func(context.Context) error

	// Settings returns the settings in force for display, without secrets.
	Settings func() []notary.Setting

	// Stopping, where it is set, ends when the server begins to stop: calls on many requests
	// then begin no more of them.
	Stopping context.Context
}

// Probes are the paths of health checks: whether the server runs, and whether its database
// answers. They are cheap and exempt from all limits.
var Probes = []string{"/status", "/status/ready"}

// Paths are those of the API outside of /api.
var Paths = append([]string{"/login", "/logout"}, Probes...)

// New gives the handler of everything below /api, and of [Paths].
func New(c Config) http.Handler {
	configureHuma()
	mux := http.NewServeMux()
	r := &routes{ca: c.CA, revocation: c.Revocation, auth: c.Auth, clock: c.Clock, version: c.Version, log: c.Log, ready: c.Ready,
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
	r.accounts()
	r.groups()
	r.grants()
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

// routes is what the handlers share.
type routes struct {
	huma       huma.API
	ca         *ca.Service
	revocation *revocation.Service
	auth       *auth.Service
	clock      *clock.Guard
	version    string
	log        *slog.Logger
	crls       encodedCRLs
	imports    chan struct{} // one for each import under way
	waiting    chan struct{} // one for each call that waits for a decision
	ready      func(context.Context) error

	settings func() []notary.Setting
	stopping <-chan struct{} // nil for never
}

// Shapes that many calls share.
type (
	none struct{}
	// ByID is exported because huma only looks into exported fields.
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

// done answers an action.
func done(err error) (*message, error) { return success(), err }

// createdID answers a create.
func createdID(id int64, err error) (*created, error) {
	return result(api.Created{Message: api.Success, ID: id}), err
}
