package rest

import (
	"net/http"

	"notary"
)

// refuseCrossOrigin rejects requests that a page of another site makes a browser send, except GET, HEAD and OPTIONS.
// Requests with a bearer token are exempt, because browsers do not add one by themselves.
func refuseCrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bears(r.Header.Get("Authorization")) || protection.Check(r) == nil {
			next.ServeHTTP(w, r)
			return
		}
		refused(http.StatusForbidden, notary.Forbidden,
			"cross-origin call refused: use a bearer token").write(w)
	})
}
