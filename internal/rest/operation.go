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

// access is what a call requires in the Authorization header.
type access int

const (
	tokenRequired access = iota // a valid token
	tokenOptional               // no token or a valid one
	open                        // nothing: a token is ignored
)

const bearer = "bearer"

// Limits on the request bodies of calls with a valid token, and on the time to receive them. For other calls see
// UnknownBody in [server.Config].
const (
	maxBody       = 1 << 20
	bodyTimeout   = 30 * time.Second
	maxImportBody = 32 << 20 // enough for a CRL with half a million entries
	importTimeout = 2 * time.Minute
	maxOpenBody   = 16 << 10 // for calls that need no token
)

// BodyLimit returns the limit for the body of a call with a valid token. The bodies of imports are streamed to their
// handlers.
func BodyLimit(r *http.Request) server.BodyLimit {
	for _, pattern := range importPaths {
		if ok, _ := path.Match(pattern, r.URL.Path); ok && r.Method == http.MethodPost {
			return server.BodyLimit{Bytes: maxImportBody, Time: importTimeout, Stream: true}
		}
	}
	return server.BodyLimit{Bytes: maxBody, Time: bodyTimeout}
}

type operation struct {
	id           string // operationId, from which generated clients derive method names
	method, path string
	status       int // on success
	summary, doc string
	needs        notary.Permission // enforced by the use case; documented here
	errors       []int             // statuses that [failureStatuses] does not add by itself
	access       access
	imports      bool // accepts a body of up to 32 MiB, after authorization
}

const (
	ownOnly         = "Certificate Requestors see only what they or their groups own or grants of `request.view` cover."
	wholeOrPage     = "Without parameters the response is the whole list, streamed; with any parameter it is a page. "
	byAccept        = "`Accept` selects JSON, PEM (chain), DER (only the certificate) or PKCS #7 (chain). "
	eachCertificate = "Select the certificates by `ids`, or by `filter` and `selection` (or `expected`). The response has the outcome for each."
	eachOutcome     = "Select the requests by `ids`, or by `filter` and `selection` (or `expected`). The response has the outcome for each " +
		"and is streamed. A failure does not stop the others."
)

// handle registers a call. The handler returns the response or a [notary.Error].
func handle[In, Out any](r *routes, o operation, handler func(context.Context, notary.Caller, *In) (*Out, error)) {
	register(r, o.describe(), handler)
}

func register[In, Out any](r *routes, op huma.Operation, handler func(context.Context, notary.Caller,
	*In) (*Out, error)) {
	huma.Register(r.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, callerOf(ctx), in)
		if err != nil {
			if op.OperationID != loginOperation { // package auth records failed logins
				r.auth.Refused(callerOf(ctx), op.OperationID, err)
			}
			return nil, r.failure(ctx, err)
		}
		return out, nil
	})
}

func (o operation) describe() huma.Operation {
	op := huma.Operation{
		OperationID:   o.id,
		Method:        o.method,
		Path:          o.path,
		DefaultStatus: o.status,
		Summary:       o.summary,
		Description:   o.doc,
		Tags:          []string{tagOf(o.path)},
		Security:      []map[string][]string{},
		Metadata:      map[string]any{operationKey: o},
	}
	switch o.access {
	case tokenRequired:
		op.Security = []map[string][]string{{bearer: {}}}
	case tokenOptional:
		op.Security = []map[string][]string{{bearer: {}}, {}}
	}
	if o.access != open {
		roles := roleNames(o.needs)
		op.Description += " Required role: " + strings.Join(roles, ", ") + "."
		op.Extensions = map[string]any{"x-required-roles": roles}
	}
	op.MaxBodyBytes = maxBody + 1 // huma rejects a body of exactly this size
	if o.access != tokenRequired {
		op.MaxBodyBytes = maxOpenBody + 1
	}
	if o.imports {
		op.MaxBodyBytes = maxImportBody + 1
	}
	return op
}

func roleNames(p notary.Permission) (names []string) {
	for _, role := range notary.RolesWith(p) {
		names = append(names, role.String())
	}
	return names
}
