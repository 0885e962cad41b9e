package app

import (
	"errors"
	"log/slog"
	"net/http"

	"notary"
	"notary/internal/config"
	"notary/internal/server"
)

const metricsPath = "/metrics"

func isScrape(r *http.Request) bool {
	if r.URL.Path != metricsPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	r.Pattern = http.MethodGet + " " + metricsPath // route label in the HTTP metrics
	return true
}

// newMetricsServer returns the server for metrics_listen, which requires the token if one is set. Without a token, a
// loopback listener accepts only requests to a loopback host, so that a website cannot read the metrics by DNS
// rebinding.
func newMetricsServer(addr string, metrics *server.Metrics, protected http.Handler, token func() string,
	log *slog.Logger) (*server.Server, error) {
	open := metrics.Handler()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isScrape(r):
			http.NotFound(w, r)
		case token() == "" && server.IsLoopback("http://"+addr) && !server.IsLoopback("http://"+r.Host):
			http.Error(w, "use the address of "+config.KeyMetricsListen+", or set "+config.KeyMetricsToken,
				http.StatusForbidden)
		case token() == "":
			open.ServeHTTP(w, r)
		default:
			protected.ServeHTTP(w, r)
		}
	})
	listener, err := server.Listen(addr)
	if err != nil {
		var e *notary.Error
		if errors.As(err, &e) {
			named := *e
			named.Field, named.Message = config.KeyMetricsListen, e.Message+" ("+config.KeyMetricsListen+")"
			return nil, &named
		}
		return nil, err
	}
	s, err := server.New(server.Config{Listener: listener, Handler: handler, Metrics: metrics, Log: log})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return s, nil
}
