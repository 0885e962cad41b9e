package server

import (
	"context"
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
	summaryTimeout = 5 * time.Second
	scrapesAtOnce  = 4 // each asks the database; the caller need not be known
)

// Metrics are what GET /metrics shows: the Go runtime, the process, HTTP requests, and what
// there is of certificates.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	open     prometheus.Gauge
	closed   *prometheus.CounterVec
}

// NewMetrics makes the metrics. summary is called at every scrape; where it fails, that is
// logged and the series made from it are missing.
func NewMetrics(version string, summary func(context.Context) (notary.Summary, error), log *slog.Logger) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "notary_http_requests_total",
			Help: "HTTP requests answered.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "notary_http_request_duration_seconds",
			Help:    "Time from the request's header to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "notary_http_requests_in_flight",
			Help: "HTTP requests being answered now.",
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
		Help:        "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	buildInfo.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.inFlight, m.open, m.closed, buildInfo,
		summaryCollector{summary: summary, log: log},
	)
	return m
}

// Handler answers a scrape. It needs no login, so the series hold counts and nothing else.
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

// methodLabel bounds what clients can make up.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// routeLabel is the path of the pattern that the mux chose, such as
// "/api/v1/certificate_requests/{id}"; "other" where none but the catch-all fits.
func routeLabel(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" || pattern == "/" {
		return "other"
	}
	return pattern
}

var (
	requestsDesc = prometheus.NewDesc("notary_certificate_requests",
		"Certificate requests, by status.", []string{"status"}, nil)
	expiringDesc = prometheus.NewDesc("notary_certificates_expiring",
		"Certificates in use that expire within so many days.", []string{"days"}, nil)
	damagedDesc = prometheus.NewDesc("notary_damaged_records",
		"Database records that this node skipped or read in part because they are damaged.", nil, nil)
)

// summaryCollector makes series of what the service counts.
type summaryCollector struct {
	summary func(context.Context) (notary.Summary, error)
	log     *slog.Logger
}

func (summaryCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- requestsDesc
	descs <- expiringDesc
	descs <- damagedDesc
}

func (c summaryCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), summaryTimeout)
	defer cancel()
	summary, err := c.summary(ctx)
	if err != nil {
		c.log.Error("could not count requests and certificates for the metrics", "error", err)
		metrics <- prometheus.NewInvalidMetric(requestsDesc, err)
		metrics <- prometheus.NewInvalidMetric(expiringDesc, err)
		metrics <- prometheus.NewInvalidMetric(damagedDesc, err)
		return
	}
	for _, status := range notary.RequestStatuses {
		metrics <- prometheus.MustNewConstMetric(requestsDesc, prometheus.GaugeValue,
			float64(summary.Requests[status]), string(status))
	}
	for _, days := range notary.ExpiryWindows {
		metrics <- prometheus.MustNewConstMetric(expiringDesc, prometheus.GaugeValue,
			float64(summary.Expiring[days]), strconv.Itoa(days))
	}
	metrics <- prometheus.MustNewConstMetric(damagedDesc, prometheus.GaugeValue, float64(summary.Damaged))
}
