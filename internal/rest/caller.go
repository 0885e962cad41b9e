package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"notary"
	"notary/internal/server"
)

type callerKey struct{}

func callerOf(ctx context.Context) notary.Caller {
	caller, _ := ctx.Value(callerKey{}).(notary.Caller)
	return caller
}

// authenticate stores the caller in the context. It rejects the call if its token is invalid or a required token is
// missing.
func (r *routes) authenticate(ctx huma.Context, next func(huma.Context)) {
	security := ctx.Operation().Security
	request, _ := humago.Unwrap(ctx)
	address := server.ClientAddress(request)
	caller := notary.Caller{Address: address, RequestID: server.RequestID(ctx.Context())}
	if len(security) > 0 {
		var err error
		if caller, err = r.auth.Caller(ctx.Context(), bearerToken(ctx.Header("Authorization")), address); err != nil {
			if !caller.Known() { // package auth records the refusal of an API token that exists
				r.auth.Refused(notary.Caller{Address: address}, ctx.Operation().OperationID, err)
			}
			r.writeFailure(ctx, err)
			return
		}
		caller.RequestID, caller.Protocol = server.RequestID(ctx.Context()), notary.APIProtocol
		if !caller.Known() && len(security) == 1 {
			err := notary.Errorf(notary.Unauthenticated, "this call requires a token: log in first")
			r.auth.Refused(caller, ctx.Operation().OperationID, err)
			r.writeFailure(ctx, err)
			return
		}
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// BearerToken returns the bearer token of a call, "" if it has no Authorization header, or an invalid token if the
// header has no bearer token.
func BearerToken(r *http.Request) string { return bearerToken(r.Header.Get("Authorization")) }

// bearerToken returns the token in an Authorization header (RFC 6750, section 2.1), "" for an empty header, or
// noBearerToken for any other header.
func bearerToken(header string) string {
	if header == "" {
		return ""
	}
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return noBearerToken
	}
	return token
}

// noBearerToken is a value that is never a valid token.
const noBearerToken = "no bearer token"

// bears reports whether an Authorization header contains a bearer token, valid or not.
func bears(header string) bool {
	token := bearerToken(header)
	return token != "" && token != noBearerToken
}
