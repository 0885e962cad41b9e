package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/clock"
	"notary/internal/config"
	"notary/internal/jobs"
	"notary/internal/publish"
	"notary/internal/rest"
	"notary/internal/server"
	"notary/internal/store"
	"notary/internal/web"
)

// node is a running server: the database, the use cases on it, and what its listeners share.
type node struct {
	live   *config.Live
	config *config.Config // at the start: what cannot be reloaded
	log    *slog.Logger

	store       *store.Store
	clock       *clock.Guard
	authorities *ca.Service
	accounts    *auth.Service
	setup       *setup

	certificate *server.Certificate
	metrics     *server.Metrics
	proxies     *server.TrustedProxies
	limits      server.ConnectionLimits
	publishing  net.Listener // nil if nothing is published
	publishURL  string

	metricsAddress string // of the listener for metrics alone; "" if there is none
}

// serve opens everything and serves until ctx ends. The key file and the TLS certificate are not
// touched before the store holds its lock.
func serve(ctx context.Context, live *config.Live, log *slog.Logger, out io.Writer) (err error) {
	n := &node{live: live, config: live.Get(), log: log}
	if err := requirePrivate(n.config); err != nil {
		return err
	}
	if err := requireDatabase(n.config); err != nil {
		return err
	}
	if n.store, err = openStore(ctx, n.config, log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.store.Close()) }()
	keys, err := openKeystore(ctx, n.config, sealedSomething(n.store), log)
	if err != nil {
		return err
	}
	if n.publishing, err = listenToPublish(n.config); err != nil {
		return err
	}
	if n.publishing != nil {
		defer n.publishing.Close() // if anything below fails
	}
	n.publishURL = n.config.PublishedURL(addressOf(n.publishing))
	n.clock = clock.New(n.store, clock.Options{Log: log})
	if err := n.clock.Check(ctx); err != nil {
		return err
	}
	n.authorities, err = ca.New(ctx, n.store, keys,
		ca.Options{Log: log, PublishURL: n.publishURL, MayIssue: n.clock.MayIssue})
	if err != nil {
		return err
	}
	if err := n.blockKeys(); err != nil {
		return err
	}
	if err := n.openAccounts(ctx); err != nil {
		return err
	}
	servers, err := n.listen(ctx)
	if err != nil {
		return err
	}
	n.announce(out, servers[0].Addr())
	forget := context.AfterFunc(ctx, func() {
		log.Info("stopping: requests in flight may finish; a second signal stops at once")
	})
	defer forget()
	return serveWithJobs(ctx, servers, n.background()...)
}

func (n *node) openAccounts(ctx context.Context) (err error) {
	n.accounts = auth.New(n.store, auth.Options{
		Log:            n.log,
		SessionIdle:    n.config.SessionIdle,
		SessionLife:    n.config.SessionLife,
		NoSetupCode:    n.config.SetupCode == config.NoSetupCode,
		OnFirstAccount: func() { dropSetupCodeFile(n.config, n.log) },
	})
	n.live.OnReload(func(c *config.Config) { n.accounts.LimitSessions(c.SessionIdle, c.SessionLife) })
	n.setup, err = prepareSetup(ctx, n.config, n.accounts, n.log)
	return err
}

// listen returns the servers, that of the API and the pages first.
func (n *node) listen(ctx context.Context) ([]*server.Server, error) {
	var err error
	if n.certificate, err = openCertificate(n.config, n.log); err != nil {
		return nil, err
	}
	n.live.BeforeReload(func(c *config.Config) (func(), error) { return prepareCertificate(n.certificate, c) })
	n.proxies = server.NewTrustedProxies(n.config.TrustedProxies)
	n.live.OnReload(func(c *config.Config) { n.proxies.Set(c.TrustedProxies) })
	n.metrics = server.NewMetrics(programVersion(), n.authorities.Statistics, n.log)
	n.limits = connectionLimits(n.publishing, n.log)

	main, err := n.newMainServer(ctx)
	if err != nil {
		return nil, err
	}
	servers := []*server.Server{main}
	if n.publishing != nil {
		publisher, err := n.newPublisher()
		if err != nil {
			return nil, err
		}
		servers = append(servers, publisher)
	}
	if n.config.MetricsListen != "" {
		scraped, err := newMetricsServer(n.config.MetricsListen, n.metrics, n.metricsToken, n.log)
		if err != nil {
			return nil, err
		}
		servers, n.metricsAddress = append(servers, scraped), scraped.Addr()
	}
	return servers, nil
}

// newMainServer returns the server of the API and the pages.
func (n *node) newMainServer(ctx context.Context) (*server.Server, error) {
	api := rest.New(rest.Config{CA: n.authorities, Auth: n.accounts, Clock: n.clock, Version: programVersion(),
		Log: n.log, Stopping: ctx, Settings: n.live.Settings, Ready: n.store.Ready})
	pages := web.New(web.Config{CA: n.authorities, Auth: n.accounts, Version: programVersion(),
		Log: n.log, Stopping: ctx.Done(), Settings: n.live.Settings})
	return server.New(server.Config{
		Addr:          n.config.Listen,
		Certificate:   n.certificate,
		Handler:       routes(n.metrics.Protected(n.metricsToken), api, pages),
		Metrics:       n.metrics,
		Log:           n.log,
		Proxies:       n.proxies,
		ProxyProtocol: n.config.ProxyProtocol,
		Unlimited:     rest.Probes,
		Clients:       knownClients(n.accounts),
		Connections:   n.limits,
	})
}

// newPublisher returns the server of CRLs, CA certificates and OCSP, where nobody has a session. It
// closes the listener when it ends.
func (n *node) newPublisher() (*server.Server, error) {
	return server.New(server.Config{
		Listener:      n.publishing,
		Wrap:          publish.Listener,
		Handler:       publish.New(publish.Config{CA: n.authorities, Log: n.log}),
		Metrics:       n.metrics,
		Log:           n.log,
		Proxies:       n.proxies,
		ProxyProtocol: n.config.PublishProxyProtocol,
		UnknownBody:   publish.BodyLimit,
		Connections:   n.limits,
	})
}

func (n *node) metricsToken() string { return n.live.Get().MetricsToken }

// background returns what runs beside the servers.
func (n *node) background() []func(context.Context) {
	all := []func(context.Context){
		n.live.Follow,
		n.clock.Run,
		n.authorities.FollowOtherNodes,
		n.accounts.AwaitFirstAccount,
		func(ctx context.Context) { jobs.Run(ctx, n.authorities, n.accounts, leaseOf(n.store), n.log) },
	}
	if !n.store.Shared() {
		all = append(all, func(ctx context.Context) { serveRecoveries(ctx, n.config.Data, n.accounts, n.log) })
	}
	if n.publishing != nil {
		all = append(all, func(ctx context.Context) {
			n.authorities.KeepCRLs(ctx, func() time.Duration { return n.live.Get().CRLDelay })
		})
	}
	return all
}

// announce tells the log and the person at the terminal that the server has started.
func (n *node) announce(out io.Writer, addr string) {
	published := addressOf(n.publishing)
	n.log.Info("started", "version", programVersion(), "address", addr, "data", n.config.Data,
		"publish_address", published, "publish_url", n.publishURL, "metrics_address", n.metricsAddress)
	announce(out, n.config, endpoints{addr, published, n.publishURL, n.metricsAddress, n.certificate.Fingerprint()})
	if warning := n.authorities.PublishWarning(); warning != "" {
		n.log.Warn("other machines cannot reach what certificates name: set "+config.KeyPublishURL+" before the first certificate is issued",
			config.KeyPublishURL, n.publishURL)
		fmt.Fprintf(out, "Warning: %s\n", warning)
	}
	n.setup.announce(out, n.config, n.config.URL(addr))
}

// serveWithJobs returns once all have ended, which they do when the first of the servers ends.
func serveWithJobs(ctx context.Context, servers []*server.Server, beside ...func(context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	for _, run := range beside {
		running.Go(func() { run(ctx) })
	}
	ended := make(chan error, len(servers))
	for _, s := range servers {
		running.Go(func() {
			err := s.Serve(ctx)
			cancel()
			ended <- err
		})
	}
	running.Wait()
	close(ended)
	var errs []error
	for err := range ended {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
