package rest

import (
	"context"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/internal/server"
)

// Who may make a call without a token.
type access int

const (
	withToken  access = iota // nobody
	tokenIsFit               // anybody, and a token is looked at if there is one
	open                     // anybody: a token is not looked at
)

const bearer = "bearer"

// The largest request body in bytes, and how long it may take to arrive, of calls with a token.
// The server limits all others (see [server.Clients]).
const (
	maxBody       = 1 << 20
	bodyTimeout   = 30 * time.Second
	maxImportBody = 32 << 20 // with the CRL of an authority that has revoked half a million
	importTimeout = 2 * time.Minute
	maxOpenBody   = 16 << 10 // of calls that need no token
)

// BodyLimit returns the limit for the body of a call with a valid token. Imports are read by
// their handlers, which admit few at once.
func BodyLimit(r *http.Request) server.BodyLimit {
	for _, pattern := range importPaths {
		if ok, _ := path.Match(pattern, r.URL.Path); ok && r.Method == http.MethodPost {
			return server.BodyLimit{Bytes: maxImportBody, Time: importTimeout, Stream: true}
		}
	}
	return server.BodyLimit{Bytes: maxBody, Time: bodyTimeout}
}

// operation is one call of the API.
type operation struct {
	method, path string
	status       int // of a success
	summary      string
	access       access
	imports      bool // it takes a body of up to 32 MiB, and only of those who may manage authorities
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
	switch o.access {
	case withToken:
		op.Security = []map[string][]string{{bearer: {}}}
	case tokenIsFit:
		op.Security = []map[string][]string{{bearer: {}}, {}}
	}
	op.MaxBodyBytes = maxBody + 1 // huma refuses a body of just this size
	if o.access != withToken {
		op.MaxBodyBytes = maxOpenBody + 1
	}
	if o.imports {
		op.MaxBodyBytes = maxImportBody + 1
	}
	return op
}

// operationID makes "post-certificate-requests-id-sign" of a method and path.
func operationID(method, path string) string {
	path = strings.TrimPrefix(path, "/api/v1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "_", "-", "{", "", "}", "").Replace(path)
}
