package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"notary"
	"notary/api"
)

// handler is what surrounds every request: id, limits, headers, panic recovery, log and
// metrics.
type handler struct {
	next         http.Handler
	metrics      *Metrics
	log          *slog.Logger
	writeTimeout time.Duration
	proxies      *TrustedProxies
	inFlight     *inFlight
	unlimited    []string
}

func newHandler(c Config) *handler {
	return &handler{
		next:         c.Handler,
		metrics:      c.Metrics,
		log:          c.Log,
		writeTimeout: c.WriteTimeout,
		proxies:      c.Proxies,
		inFlight:     &inFlight{of: map[string]int{}},
		unlimited:    c.Unlimited,
	}
}

func (h *handler) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id, client := rand.Text(), clientAddress(r, h.proxies)
	// The mux sets the pattern on the request that it is given, so r is not copied again.
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange{id, client}))
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(rw, r.Body, maxBodyBytes)
	}
	w := &response{ResponseWriter: rw, control: http.NewResponseController(rw), timeout: h.writeTimeout}
	setHeaders(w.Header(), id)

	h.metrics.inFlight.Inc()
	defer func() {
		h.metrics.inFlight.Dec()
		h.observe(w, r, id, time.Since(start))
	}()
	defer h.recover(w, r, id)

	network := notary.ClientNetwork(client)
	if slices.Contains(h.unlimited, r.URL.Path) {
		h.next.ServeHTTP(w, r)
		w.finish()
	} else if h.inFlight.enter(network) {
		defer h.inFlight.leave(network)
		h.next.ServeHTTP(w, r)
		w.finish()
	} else {
		w.Header().Set("Retry-After", "1")
		if r.ProtoMajor == 1 { // otherwise net/http reads the body, however slowly it comes, before it answers
			w.Header().Set("Connection", "close")
		}
		w.writeError(http.StatusServiceUnavailable, api.Error{
			Error: "the server has too many requests to answer at present; try again in a moment",
			Code:  string(notary.Unavailable)})
	}
}

// setHeaders sets the headers of every response. They fit an API; pages set their own
// content policy, and what is published its own caching. There is no
// Strict-Transport-Security: with it a browser would insist on HTTPS for all else on the same
// host, which with the default configuration is localhost, and for what is published.
func setHeaders(header http.Header, requestID string) {
	header.Set("X-Request-Id", requestID)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
}

// recover turns a panic into an answer and a line in the log. It must be deferred itself.
func (h *handler) recover(w *response, r *http.Request, id string) {
	cause := recover()
	switch {
	case cause == nil:
		return
	case cause == http.ErrAbortHandler: // how a handler asks for the connection to be cut
		w.aborted = true
		panic(cause)
	}
	h.log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.Any("cause", cause), slog.String("request_id", id), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		// Part of the answer is on its way: cut the connection, so that the client does
		// not take it for the whole.
		w.aborted = true
		panic(http.ErrAbortHandler)
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Set-Cookie"} {
		w.Header().Del(name) // they were meant for the answer that did not come
	}
	w.writeError(http.StatusInternalServerError, api.Error{
		Error:     "internal error; the server's log says more under this request id",
		Code:      string(notary.Internal),
		RequestID: id})
}

// observe logs the request and counts it. Queries, headers and bodies are left out: they
// can hold secrets.
func (h *handler) observe(w *response, r *http.Request, id string, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK // what net/http sends when a handler says nothing
	}
	h.metrics.observe(r, status, took)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("method", clip(r.Method, 20)),
		slog.String("path", clip(r.URL.Path, 200)),
		slog.Int("status", status),
		slog.Int64("bytes", w.bytes),
		slog.Float64("ms", math.Round(took.Seconds()*1e6)/1e3),
		slog.String("remote", ClientAddress(r)),
		slog.String("request_id", id),
	}
	if w.aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	h.log.LogAttrs(r.Context(), level, "request", attrs...)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
