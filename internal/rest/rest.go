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
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"notary"
	"notary/api"
	"notary/internal/auth"
	"notary/internal/ca"
)

// Config is what the API is made of.
type Config struct {
	CA      *ca.Service
	Auth    *auth.Service
	Version string
	Log     *slog.Logger
}

// The largest request body in bytes, and how long it may take to arrive. What can be sent
// without a token is held shorter.
const (
	maxBody         = 1 << 20
	bodyTimeout     = 30 * time.Second
	maxOpenBody     = 16 << 10
	openBodyTimeout = 5 * time.Second
)

// New gives the handler of everything below /api/v1, and of /status, /login and /logout.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	r := &routes{ca: c.CA, auth: c.Auth, version: c.Version, log: c.Log, huma: humago.New(mux, openAPI(c.Version))}
	r.huma.UseMiddleware(r.authenticate, r.strict)
	r.certificateRequests()
	r.certificates()
	r.certificateAuthorities()
	r.accounts()
	r.sessions()
	serveOpenAPI(mux, r.huma.OpenAPI())
	return fallback(mux)
}

// openAPI describes the API as a whole. The calls add themselves.
func openAPI(version string) huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[api.ID](), reflect.TypeFor[idSchema]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Notary", Version: version, Description: "Certificate requests, certificates and the authorities that sign them."},
			Components: &huma.Components{
				Schemas:         registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: "bearer"}},
			},
		},
		Formats:                      map[string]huma.Format{typeJSON: strictJSON},
		DefaultFormat:                typeJSON,
		RejectUnknownQueryParameters: true,
	}
}

// idSchema describes [api.ID].
type idSchema struct{}

func (idSchema) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, 1e15 // as far as JSON numbers are exact everywhere
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Pattern: `^[1-9][0-9]{0,14}$`, PatternDescription: "a positive integer"},
		{Type: huma.TypeInteger, Minimum: &least, Maximum: &most},
	}}
}

// routes is what the handlers share.
type routes struct {
	huma    huma.API
	ca      *ca.Service
	auth    *auth.Service
	version string
	log     *slog.Logger
	crls    encodedCRLs
}

// Who may make a call without a token.
type access int

const (
	withToken  access = iota // nobody
	tokenIsFit               // anybody, and a token is looked at if there is one
	open                     // anybody: a token is not looked at
)

const bearer = "bearer"

// operation is one call of the API.
type operation struct {
	method, path string
	status       int // of a success
	summary      string
	access       access
}

// handle adds a call. The handler gets the caller and answers what is sent, or an error of
// the vocabulary.
func handle[In, Out any](r *routes, o operation, handler func(context.Context, notary.Caller, *In) (*Out, error)) {
	register(r, o.describe(), handler)
}

func register[In, Out any](r *routes, op huma.Operation, handler func(context.Context, notary.Caller, *In) (*Out, error)) {
	huma.Register(r.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, r.failure(ctx, err)
		}
		return out, nil
	})
}

func (o operation) describe() huma.Operation {
	op := huma.Operation{
		OperationID:   operationID(o.method, o.path),
		Method:        o.method,
		Path:          o.path,
		DefaultStatus: o.status,
		Summary:       o.summary,
		Tags:          []string{strings.Split(strings.TrimPrefix(o.path, "/api/v1/"), "/")[0]},
	}
	if op.Tags[0] == "" {
		op.Tags = []string{"server"}
	}
	limit, patience := int64(maxBody), bodyTimeout
	switch o.access {
	case withToken:
		op.Security = []map[string][]string{{bearer: {}}}
	case tokenIsFit:
		op.Security = []map[string][]string{{bearer: {}}, {}}
		limit, patience = maxOpenBody, openBodyTimeout
	case open:
		limit, patience = maxOpenBody, openBodyTimeout
	}
	op.MaxBodyBytes = limit + 1 // huma refuses a body of just this size
	op.BodyReadTimeout = patience
	return op
}

// operationID makes "post-certificate-requests-id-sign" of a method and path.
func operationID(method, path string) string {
	path = strings.TrimPrefix(path, "/api/v1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "_", "-", "{", "", "}", "").Replace(path)
}

type callerKey struct{}

func callerOf(ctx context.Context) notary.Caller {
	caller, _ := ctx.Value(callerKey{}).(notary.Caller)
	return caller
}

// authenticate finds out who is calling.
func (r *routes) authenticate(ctx huma.Context, next func(huma.Context)) {
	security := ctx.Operation().Security
	address, _, _ := net.SplitHostPort(ctx.RemoteAddr())
	caller := notary.Caller{Address: address}
	if len(security) > 0 {
		var err error
		if caller, err = r.auth.Caller(ctx.Context(), bearerToken(ctx.Header("Authorization")), address); err != nil {
			r.writeFailure(ctx, err)
			return
		}
		if !caller.Known() && len(security) == 1 {
			r.writeFailure(ctx, notary.Errorf(notary.Unauthenticated, "log in first: this call needs a token"))
			return
		}
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// bearerToken takes the token out of an Authorization header (RFC 6750, 2.1). What is there
// in another form is a token that nobody has.
func bearerToken(header string) string {
	if header == "" {
		return ""
	}
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return "no bearer token"
	}
	return token
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
