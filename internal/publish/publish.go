// Package publish serves the data that relying parties need, over plain HTTP and without login: CRLs (RFC 5280, section
// 5), CA certificates and OCSP responses. All of it is signed, so plain HTTP is safe.
package publish

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/issuers"
	"notary/internal/revocation"
	"notary/internal/server"
)

// Config holds the dependencies of the handler.
type Config struct {
	Issuers    *issuers.Issuers
	Revocation *revocation.Service
	Log        *slog.Logger
}

// New returns a handler that serves /crl/, /ca/ and /ocsp/, and responds with 404 to all other paths.
func New(c Config) http.Handler {
	p := &publisher{issuers: c.Issuers, revocation: c.Revocation, log: c.Log}
	p.routes = []route{
		{"/crl/", "/crl/{name}", readMethods, p.crl},
		{"/ca/", "/ca/{name}", readMethods, p.certificate},
		{"/ocsp/", "/ocsp/{id}", ocspMethods, p.ocsp},
	}
	return p
}

type publisher struct {
	issuers    *issuers.Issuers
	revocation *revocation.Service
	log        *slog.Logger
	routes     []route
}

var readMethods = []string{http.MethodGet, http.MethodHead}

// route is the handler for paths with a prefix. An [http.ServeMux] would collapse double slashes, which the base64 text
// of an OCSP GET request may contain.
type route struct {
	prefix  string
	pattern string   // label of the metrics
	methods []string // others are rejected
	// serve gets the rest of the path, still percent-encoded.
	serve func(w http.ResponseWriter, r *http.Request, rest string) error
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	for _, to := range p.routes {
		rest, ok := strings.CutPrefix(path, to.prefix)
		if !ok {
			continue
		}
		r.Pattern = to.pattern
		if !slices.Contains(to.methods, r.Method) {
			w.Header().Set("Allow", strings.Join(to.methods, ", "))
			refuse(w, http.StatusMethodNotAllowed, "method not allowed: use "+strings.Join(to.methods, " or "))
			return
		}
		if r.ContentLength != 0 && slices.Contains(readMethods, r.Method) {
			w.Header().Set("Connection", "close") // instead of reading the body
			refuse(w, http.StatusBadRequest, "GET and HEAD requests must not have a body")
			return
		}
		if err := to.serve(w, r, rest); err != nil {
			p.failure(w, r, err)
		}
		return
	}
	refuse(w, http.StatusNotFound, notFoundText)
}

const notFoundText = "not found: no CRL, certificate or OCSP responder has this URL"

var errNotFound = notary.Errorf(notary.NotFound, notFoundText)

// failure responds with an error in plain text, and logs details that the client must not see.
func (p *publisher) failure(w http.ResponseWriter, r *http.Request, err error) {
	e := server.Failure(r.Context(), p.log, err)
	status, text := server.Status(e.Kind), e.Message
	switch e.Kind {
	case notary.Conflict: // a pending authority has published nothing yet
		status = http.StatusNotFound
	case notary.Unavailable, notary.OutcomeUnknown:
		e.RetryAfter = max(e.RetryAfter, time.Second)
		text = "temporarily unavailable: try again in a moment"
	case notary.Internal:
		text += " " + server.RequestID(r.Context())
	}
	server.SetRetryAfter(w.Header(), e)
	refuse(w, status, text)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the client may be gone
}

// authorityID parses an ID in a URL: digits without a sign or leading zeros.
func authorityID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}
