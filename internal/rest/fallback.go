package rest

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"notary"
)

// fallback passes calls that match a route to mux. To all others it responds with an error in the API's envelope.
func fallback(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Without this check, the mux would redirect a path with "//" or "/../".
		escaped := r.URL.EscapedPath()
		clean := escaped == path.Clean(escaped)
		if _, pattern := mux.Handler(r); clean && pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		out := refused(http.StatusNotFound, notary.NotFound, fmt.Sprintf("no API call has the path %.100q: check the path",
			r.URL.Path))
		if allowed := methods(mux, r); clean && len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			out = refused(http.StatusMethodNotAllowed, "method_not_allowed",
				fmt.Sprintf("this path does not support %.20s: use %s", r.Method, strings.Join(allowed, " or ")))
		}
		out.write(w)
	})
}

func methods(mux *http.ServeMux, r *http.Request) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}
