// Package app wires the server: it opens the database, keys, use cases and listeners, and registers background work.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"

	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/clock"
	"notary/internal/config"
	"notary/internal/issuers"
	"notary/internal/node"
	"notary/internal/revocation"
	"notary/internal/server"
	"notary/internal/store"
)

// App is a server with its database, use cases and listeners.
type App struct {
	options Options
	live    *config.Live
	config  *config.Config // at startup, for settings that cannot be reloaded
	log     *slog.Logger

	store       *store.Store
	clock       *clock.Guard
	issuers     *issuers.Issuers
	revocation  *revocation.Service
	authorities *ca.Service
	accounts    *auth.Service
	setup       *setup
	blockedKeys chan struct{} // receives a value when a blocklist is loaded

	certificate *server.Certificate
	metrics     *server.Metrics
	proxies     *server.TrustedProxies
	limits      server.ConnectionLimits
	publishing  net.Listener // nil if nothing is published
	publishURL  string
	servers     []*server.Server // the server of the API and pages first

	metricsAddress string // address of the separate metrics listener; "" for none
}

// Options configures [New] beyond the server's configuration.
type Options struct {
	Version string
	Log     *slog.Logger
	Out     io.Writer // for the addresses and the setup code
}

// New opens the database and the keys, and starts to listen. When ctx is done, bulk operations in progress stop early.
// The key file and the TLS certificate are read only after the database is locked.
func New(ctx context.Context, live *config.Live, options Options) (*App, error) {
	a := &App{options: options, live: live, config: live.Get(), log: options.Log}
	if err := requirePrivate(a.config); err != nil {
		return nil, err
	}
	if err := RequireDatabase(a.config); err != nil {
		return nil, err
	}
	var err error
	if a.store, err = openStore(ctx, a.config, a.log); err != nil {
		return nil, err
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	keys, err := openKeystore(ctx, a.config, hasSealedKeys(a.store), a.log)
	if err != nil {
		return err
	}
	if a.publishing, err = listenToPublish(a.config); err != nil {
		return err
	}
	a.publishURL = a.config.PublishedURL(addressOf(a.publishing))
	a.clock = clock.New(a.store, clock.Options{Log: a.log})
	if err := a.clock.Check(ctx); err != nil {
		return err
	}
	n, err := node.Open(ctx, a.store, keys, node.Options{Log: a.log, PublishURL: a.publishURL,
		MayIssue: a.clock.MayIssue, PaceChecks: true})
	if err != nil {
		return err
	}
	a.issuers, a.revocation, a.authorities = n.Issuers, n.Revocation, n.CA
	if err := a.blockKeys(); err != nil {
		return err
	}
	if err := a.openAccounts(ctx); err != nil {
		return err
	}
	return a.listen(ctx)
}

func (a *App) openAccounts(ctx context.Context) (err error) {
	a.accounts = auth.New(a.store, auth.Options{
		Log:            a.log,
		SessionIdle:    a.config.SessionIdle,
		SessionLife:    a.config.SessionLife,
		TokenLife:      a.config.TokenLife,
		NoSetupCode:    a.config.SetupCode == config.NoSetupCode,
		OnFirstAccount: func() { removeSetupCodeFile(a.config, a.log) },
	})
	a.live.OnReload(func(c *config.Config) {
		a.accounts.LimitSessions(c.SessionIdle, c.SessionLife)
		a.accounts.LimitTokens(c.TokenLife)
	})
	a.setup, err = prepareSetup(ctx, a.config, a.accounts, a.log)
	return err
}

// Serve announces the server and runs it until ctx is done.
func (a *App) Serve(ctx context.Context) error {
	a.announce()
	forget := context.AfterFunc(ctx, func() {
		a.log.Info("stopping: requests in flight may finish; a second signal stops at once")
	})
	defer forget()
	return serveWithJobs(ctx, a.servers, a.background()...)
}

// Close closes what [New] opened. Call it after Serve has returned.
func (a *App) Close() error {
	if a.publishing != nil {
		_ = a.publishing.Close() // already closed if its server has run
	}
	return a.store.Close()
}
