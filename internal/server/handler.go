package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"notary"
	"notary/api"
)

// handler wraps every request: it adds an ID, limits, headers, panic recovery, a log entry and metrics.
type handler struct {
	next         http.Handler
	metrics      *Metrics
	log          *slog.Logger
	writeTimeout time.Duration
	proxies      *TrustedProxies
	clients      Clients
	unknownBody  BodyLimit
	crowd        *crowd
	bodies       *bodies
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
		clients:      c.Clients,
		unknownBody:  c.UnknownBody,
		crowd:        newCrowd(),
		bodies:       newBodies(c.UnknownBody),
		inFlight:     newInFlight(c.Connections.Unknown),
		unlimited:    c.Unlimited,
	}
}

func (h *handler) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	client := clientAddress(r, h.proxies)
	network, known, probe := notary.ClientNetwork(client), h.clients.known(r), slices.Contains(h.unlimited, r.URL.Path)
	if !known && !probe {
		leave, ok := h.crowd.enter(network)
		if !ok {
			h.rejectBusy(rw, r)
			return
		}
		defer leave()
	}
	id := rand.Text()
	// The mux sets the pattern on this request, so r is not copied again.
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange{id, client}))
	w := &response{ResponseWriter: rw, control: http.NewResponseController(rw), timeout: h.writeTimeout}
	setHeaders(w.Header(), id)

	h.metrics.inFlight.Inc()
	defer func() {
		h.metrics.inFlight.Dec()
		h.observe(w, r, id, time.Since(start))
	}()
	defer h.recover(w, r, id)

	if probe {
		h.probe(w, r)
	} else {
		h.handle(w, r, network, known)
	}
}

func (h *handler) rejectBusy(w http.ResponseWriter, r *http.Request) {
	h.metrics.observe(r, http.StatusServiceUnavailable, 0)
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(busyBody) // the client may be gone
}

var busy = api.Error{Error: "the server has too many requests at present: try again in a moment",
	Code: string(notary.Unavailable)}

var busyBody, _ = json.Marshal(busy)

func (h *handler) probe(w *response, r *http.Request) {
	c := connOf(r.Context())
	c.begin()
	defer c.end()
	w.setReadDeadline(h.unknownBody.Time)
	h.next.ServeHTTP(w, r)
	w.finish()
}

// handle reads the body of a request, takes a slot and calls the handler. Slow clients do not occupy a slot while they
// send.
func (h *handler) handle(w *response, r *http.Request, address string, known bool) {
	c := connOf(r.Context())
	c.received(address, known)
	if !known && hasBody(r) && (r.ContentLength < 0 || r.ContentLength > h.unknownBody.Bytes) {
		done, ok := h.enter(c, address, false)
		if !ok {
			h.refuse(w, r)
			return
		}
		known = h.clients.check(r)
		done()
		c.received(address, known)
	}
	free, ok := h.bodies.receive(w, r, address, h.bodyLimit(r, known), known)
	if !ok {
		h.refuse(w, r)
		return
	}
	defer free()
	done, ok := h.enter(c, address, known)
	if !ok {
		h.refuse(w, r)
		return
	}
	defer done()
	h.next.ServeHTTP(w, r)
	w.finish()
	if !known && h.clients.known(r) { // the handler looked up its session or token
		c.received(address, true)
	}
}

// enter takes a slot, if one is free, and keeps the connection open until done is called.
func (h *handler) enter(c *conn, address string, known bool) (done func(), ok bool) {
	if !h.inFlight.enter(address, known) {
		return nil, false
	}
	c.begin()
	return func() {
		c.end()
		h.inFlight.leave(address, known)
	}, true
}

func (h *handler) bodyLimit(r *http.Request, known bool) BodyLimit {
	if !known || h.clients.Body == nil {
		return h.unknownBody
	}
	return h.clients.Body(r)
}

func (h *handler) refuse(w *response, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	if r.ProtoMajor == 1 { // otherwise net/http would first read the body, however slowly it arrives
		w.Header().Set("Connection", "close")
		w.setReadDeadline(h.unknownBody.Time)
	}
	w.writeError(http.StatusServiceUnavailable, busy)
}

// setHeaders sets the default headers of responses, suitable for an API. It omits Strict-Transport-Security, which
// would force HTTPS for everything else on the host (localhost by default) and for published files.
func setHeaders(header http.Header, requestID string) {
	header.Set("X-Request-Id", requestID)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "no-referrer")
}

func (h *handler) recover(w *response, r *http.Request, id string) {
	cause := recover()
	switch {
	case cause == nil:
		return
	case cause == http.ErrAbortHandler: // a handler's request to cut the connection
		w.aborted = true
		panic(cause)
	}
	h.log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.Any("cause", cause), slog.String("request_id", id), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		// Part of the response was sent: abort the connection, so that the client notices that the response is
		// incomplete.
		w.aborted = true
		panic(http.ErrAbortHandler)
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Set-Cookie"} {
		w.Header().Del(name) // meant for the abandoned response
	}
	w.writeError(http.StatusInternalServerError, api.Error{
		Error:     internalMessage,
		Code:      string(notary.Internal),
		RequestID: id})
}

// observe logs and counts the request. The log entry omits the query, headers and body, which may contain secrets.
func (h *handler) observe(w *response, r *http.Request, id string, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK // net/http's default
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
