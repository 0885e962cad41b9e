package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"notary"
)

const (
	statisticsTimeout = 5 * time.Second
	scrapesAtOnce     = 4 // each queries the database
)

// Metrics holds the metrics of GET /metrics: the Go runtime, the process, HTTP requests, and counts of objects.
type Metrics struct {
	registry *prometheus.Registry
	public   *prometheus.Registry // served if no token is configured
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	open     prometheus.Gauge
	closed   *prometheus.CounterVec
}

// NewMetrics creates the metrics. Every scrape calls statistics; if that fails, the error is logged and the counts of
// objects are missing.
func NewMetrics(version string, statistics func(context.Context) (notary.Statistics, error),
	log *slog.Logger) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		public:   prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notary_http_requests_total",
			Help: "HTTP requests answered.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "notary_http_request_duration_seconds",
			Help:    "Time from the request's header to the end of the response.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "notary_http_requests_in_flight",
			Help: "HTTP requests being served.",
		}),
	}
	m.open = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "notary_http_connections",
		Help: "Open connections of all listeners.",
	})
	m.closed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "notary_http_connections_closed_total",
		Help: "Connections closed by a limit: idle without a session, closed to make room, or refused.",
	}, []string{"reason"})
	for _, reason := range []string{closedIdle, closedForRoom, refusedNoRoom} {
		m.closed.WithLabelValues(reason)
	}
	buildInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "notary_build_info",
		Help:        "Always 1; the version is a label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	buildInfo.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.inFlight, m.open, m.closed, buildInfo,
		statisticsCollector{statistics: statistics, log: log},
	)
	m.public.MustRegister(buildInfo)
	return m
}

// Register adds the metrics of another part of the program.
func (m *Metrics) Register(c prometheus.Collector) { m.registry.MustRegister(c) }

// Protected returns a handler that serves all series to requests with the bearer token (RFC 6750). For all others, it
// calls refused and responds with 401. If no token is configured, it serves only the version.
func (m *Metrics) Protected(token func() string, refused func(*http.Request)) http.Handler {
	public, all := promhttp.HandlerFor(m.public, promhttp.HandlerOpts{}), m.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch secret := token(); {
		case secret == "":
			public.ServeHTTP(w, r)
		case bearerIs(r, secret):
			all.ServeHTTP(w, r)
		default:
			refused(r)
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "send the metrics_token of the configuration as a bearer token", http.StatusUnauthorized)
		}
	})
}

func bearerIs(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// Handler returns a handler that serves all series to every client.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		Registry:            m.registry, // counts failed collections
		MaxRequestsInFlight: scrapesAtOnce,
	})
}

func (m *Metrics) observe(r *http.Request, status int, took time.Duration) {
	method, route := methodLabel(r.Method), routeLabel(r.Pattern)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

// methodLabel returns the method or "other", so that clients cannot create an unlimited number of label values.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// routeLabel returns the path of the matched pattern, such as "/api/v1/certificate_requests/{id}", or "other" for the
// catch-all pattern or none.
func routeLabel(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" || pattern == "/" {
		return "other"
	}
	return pattern
}
