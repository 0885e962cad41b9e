package rest

import (
	"net/http"

	"notary"
)

// refuseCrossOrigin refuses requests that a page of another site has a browser send, unless they carry a bearer
// token, which no browser adds by itself.
func refuseCrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bears(r.Header.Get("Authorization")) || protection.Check(r) == nil {
			next.ServeHTTP(w, r)
			return
		}
		refused(http.StatusForbidden, notary.Forbidden,
			"a page of another site sent this call, so nothing was done: calls from other origins need a bearer token").write(w)
	})
}
