package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"notary"
	"notary/internal/config"
	"notary/internal/publish"
	"notary/internal/rest"
	"notary/internal/server"
	"notary/internal/web"
)

// routes returns a handler that dispatches requests to the metrics, the API and the pages. It is not a ServeMux, which
// would redirect unclean paths.
func routes(metrics, api, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isScrape(r):
			metrics.ServeHTTP(w, r)
		case isAPI(r):
			api.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

func (a *App) listen(ctx context.Context) error {
	var err error
	if a.certificate, err = openCertificate(a.config, a.log); err != nil {
		return err
	}
	a.live.BeforeReload(func(c *config.Config) (func(), error) { return prepareCertificate(a.certificate, c) })
	a.proxies = server.NewTrustedProxies(a.config.TrustedProxies)
	a.live.OnReload(func(c *config.Config) { a.proxies.Set(c.TrustedProxies) })
	a.metrics = server.NewMetrics(a.options.Version, a.authorities.Statistics, a.log)
	a.limits = connectionLimits(a.publishing, a.log)

	main, err := a.newMainServer(ctx)
	if err != nil {
		return err
	}
	a.servers = []*server.Server{main}
	if a.publishing != nil {
		publisher, err := a.newPublisher()
		if err != nil {
			return err
		}
		a.servers = append(a.servers, publisher)
	}
	if a.config.MetricsListen != "" {
		scraped, err := newMetricsServer(a.config.MetricsListen, a.metrics, a.protectedMetrics(), a.metricsToken, a.log)
		if err != nil {
			return err
		}
		a.servers, a.metricsAddress = append(a.servers, scraped), scraped.Addr()
	}
	return nil
}

func (a *App) newMainServer(ctx context.Context) (*server.Server, error) {
	api := rest.New(rest.Config{CA: a.authorities, Revocation: a.revocation, Auth: a.accounts, Clock: a.clock,
		Version: a.options.Version,
		Log:     a.log, Stopping: ctx, Settings: a.live.Settings, Ready: a.store.Ready})
	pages := web.New(web.Config{CA: a.authorities, Revocation: a.revocation, Auth: a.accounts,
		Version: a.options.Version,
		Log:     a.log, Stopping: ctx.Done(), Settings: a.live.Settings})
	return server.New(server.Config{
		Addr:          a.config.Listen,
		Certificate:   a.certificate,
		Handler:       routes(a.protectedMetrics(), api, pages),
		Metrics:       a.metrics,
		Log:           a.log,
		Proxies:       a.proxies,
		ProxyProtocol: a.config.ProxyProtocol,
		Unlimited:     rest.Probes,
		Clients:       knownClients(a.accounts),
		Connections:   a.limits,
	})
}

func (a *App) newPublisher() (*server.Server, error) {
	return server.New(server.Config{
		Listener:      a.publishing,
		Handler:       publish.New(publish.Config{Issuers: a.issuers, Revocation: a.revocation, Log: a.log}),
		Metrics:       a.metrics,
		Log:           a.log,
		Proxies:       a.proxies,
		ProxyProtocol: a.config.PublishProxyProtocol,
		UnknownBody:   publish.BodyLimit,
		Connections:   a.limits,
	})
}

func (a *App) metricsToken() string { return a.live.Get().MetricsToken }

func (a *App) protectedMetrics() http.Handler {
	return a.metrics.Protected(a.metricsToken, func(r *http.Request) {
		a.accounts.RefusedScrape(server.ClientAddress(r))
	})
}

// listenToPublish opens the listener for CRLs, CA certificates and OCSP, or returns nil if publishing is off. Unless
// publish_url is set, certificates contain the listener's port.
func listenToPublish(c *config.Config) (net.Listener, error) {
	if c.PublishListen == "" {
		return nil, nil
	}
	listener, err := server.Listen(c.PublishListen)
	var e *notary.Error
	if errors.As(err, &e) {
		named := *e
		named.Field = config.KeyPublishListen
		named.Message += " (" + config.KeyPublishListen + ", where CRLs are published; " + config.Off +
			" publishes nothing)"
		return nil, &named
	}
	return listener, err
}

func addressOf(listener net.Listener) string {
	if listener == nil {
		return ""
	}
	return listener.Addr().String()
}

func connectionLimits(publishing net.Listener, log *slog.Logger) server.ConnectionLimits {
	listeners := 1
	if publishing != nil {
		listeners = 2
	}
	limits := server.ShareDescriptors(listeners)
	log.Info("connection limits of each listener", "total", limits.Total, "without_session", limits.Unknown,
		"from_one_address", limits.PerAddress)
	return limits
}
