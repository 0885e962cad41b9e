package app

import (
	"net/http"
	"slices"
	"strings"

	"notary/internal/auth"
	"notary/internal/rest"
	"notary/internal/server"
	"notary/internal/web"
)

func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || slices.Contains(rest.Paths, r.URL.Path)
}

func token(r *http.Request) string {
	if isAPI(r) {
		return rest.BearerToken(r)
	}
	return web.SessionToken(r)
}

func knownClients(accounts *auth.Service) server.Clients {
	return server.Clients{
		Known: func(r *http.Request) bool { return accounts.Recognizes(token(r)) },
		Check: func(r *http.Request) bool {
			caller, err := accounts.Caller(r.Context(), token(r), server.ClientAddress(r))
			return err == nil && caller.Known()
		},
		Body: func(r *http.Request) server.BodyLimit {
			if isAPI(r) {
				return rest.BodyLimit(r)
			}
			return web.BodyLimit(r)
		},
	}
}
