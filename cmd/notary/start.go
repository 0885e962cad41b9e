package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/clock"
	"notary/internal/jobs"
	"notary/internal/keystore"
	"notary/internal/publish"
	"notary/internal/rest"
	"notary/internal/server"
	"notary/internal/store"
	"notary/internal/web"
)

func newStartCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "start",
		Short: "Start the server",
		Long: "Start the server. Without any configuration it keeps its data in ./notary-data and listens\n" +
			"on https://" + defaultHost + ":" + defaultPort + " with a self-signed certificate. SIGHUP reopens its log and reloads\n" +
			"its configuration and TLS certificate; SIGTERM and SIGINT stop it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return start(c, cmp.Or(file, os.Getenv(envConfig)))
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML `file` with the configuration (default NOTARY_CONFIG)")
	c.Flags().String(keyData, "", "`folder` for database, key file and certificate (default NOTARY_DATA or ./notary-data)")
	c.Flags().String(keyDatabase, "", "`URL` of a PostgreSQL database, postgres://user@host:5432/name, in place of SQLite\n(default NOTARY_DATABASE; a password is better given there, where no list of processes shows it)")
	c.Flags().String(keyListen, "", "`address` to listen on, host:port (default NOTARY_LISTEN or "+defaultHost+":"+defaultPort+")")
	c.Flags().String(flagName(keyPublishListen), "", "`address` to publish CRLs, CA certificates and OCSP answers on over plain HTTP, host:port, or "+noPublishing+
		"\n(default NOTARY_PUBLISH_LISTEN or "+defaultHost+":"+defaultPublishPort+")")
	c.Flags().String(flagName(keyPublishURL), "", "`URL` of what is published, as certificates name it\n(default NOTARY_PUBLISH_URL or http://, the external_hostname and that port)")
	return c
}

// start runs the server with the configuration in file, the environment and the flags.
func start(c *cobra.Command, file string) error {
	dumps := preventCoreDumps()
	hangups, stop := catchSignals()
	defer stop()
	environ, flags := os.Environ(), changedFlags(c)
	load := func() (*config, error) { return loadConfig(file, environ, flags) }
	config, err := load()
	os.Unsetenv(envPassphrase)
	os.Unsetenv(envDatabase)
	os.Unsetenv(envSetupCode)
	os.Unsetenv(envMetricsToken)
	if err != nil {
		return err
	}
	if err := makeDataFolder(config.data); err != nil {
		return err
	}
	log, output, err := openLog(config.log, c.OutOrStdout(), c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer output.Close()
	if dumps != nil {
		log.Warn("core dumps could not be switched off", "error", dumps)
	}
	live := newLiveConfig(config, load, log)
	live.hangups, live.output = hangups, output
	live.beforeReload(output.prepareFor)
	defer boundStop(c.Context(), log, os.Exit)()
	return logCause(log, serve(c.Context(), live, log, c.OutOrStdout()))
}

// changedFlags are the flags that were given, by the keys that they set.
func changedFlags(c *cobra.Command) map[string]any {
	given := map[string]any{}
	for _, key := range []string{keyData, keyListen, keyDatabase, keyPublishListen, keyPublishURL} {
		if flag := c.Flags().Lookup(flagName(key)); flag != nil && flag.Changed {
			given[key] = flag.Value.String()
		}
	}
	return given
}

// serve puts the house together and runs it until ctx ends. Key and certificate are not
// touched before the store holds its lock.
func serve(ctx context.Context, live *liveConfig, log *slog.Logger, out io.Writer) (err error) {
	c := live.get()
	if err := requirePrivate(c); err != nil {
		return err
	}
	if err := requireDatabase(c); err != nil {
		return err
	}
	st, err := openStore(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	keys, err := openKeystore(ctx, c, sealedSomething(st), log)
	if err != nil {
		return err
	}
	listener, err := listenToPublish(c)
	if err != nil {
		return err
	}
	if listener != nil {
		defer listener.Close() // where something else fails
	}
	url := c.publishedAt(addressOf(listener))
	guard := clock.New(st, clock.Options{Log: log})
	if err := guard.Check(ctx); err != nil {
		return err
	}
	authorities, err := ca.New(ctx, st, keys, ca.Options{Log: log, PublishURL: url, MayIssue: guard.MayIssue})
	if err != nil {
		return err
	}
	accounts := auth.New(st, auth.Options{Log: log, SessionIdle: c.sessionIdle, SessionLife: c.sessionLife,
		NoSetupCode: c.setupCode == noSetupCode, OnFirstAccount: func() { c.dropSetupCodeFile(log) }})
	setup, err := prepareSetup(ctx, c, accounts, log)
	if err != nil {
		return err
	}
	live.onReload(func(c *config) { accounts.LimitSessions(c.sessionIdle, c.sessionLife) })
	certificate, err := openCertificate(c, log)
	if err != nil {
		return err
	}
	live.beforeReload(func(c *config) (func(), error) { return prepareCertificate(certificate, c) })
	metrics := server.NewMetrics(programVersion(), authorities.Statistics, log)
	token := func() string { return live.get().metricsToken }
	api := rest.New(rest.Config{CA: authorities, Auth: accounts, Clock: guard, Version: programVersion(), Log: log, Stopping: ctx, Settings: live.settings,
		Ready: st.Ready})
	pages := web.New(web.Config{CA: authorities, Auth: accounts, Version: programVersion(), Log: log, Stopping: ctx.Done(), Settings: live.settings})
	limits := connectionLimits(listener, log)
	proxies := server.NewTrustedProxies(c.trustedProxies)
	live.onReload(func(c *config) { proxies.Set(c.trustedProxies) })
	s, err := server.New(server.Config{Addr: c.listen, Certificate: certificate, Handler: routes(metrics.Protected(token), api, pages),
		Metrics: metrics, Log: log, Proxies: proxies, ProxyProtocol: c.proxyProtocol, Unlimited: rest.Probes,
		Clients: knownClients(accounts), Connections: limits})
	if err != nil {
		return err
	}
	servers, beside := []*server.Server{s}, []func(context.Context){live.follow, guard.Run, authorities.FollowOtherNodes, accounts.AwaitFirstAccount, func(ctx context.Context) {
		jobs.Run(ctx, authorities, accounts, leaseOf(st), log)
	}}
	if !st.Shared() {
		beside = append(beside, func(ctx context.Context) { serveRecoveries(ctx, c.data, accounts, log) })
	}
	if listener != nil {
		publisher, err := newPublisher(listener, publish.Config{CA: authorities, Log: log}, metrics, proxies, c.publishProxyProtocol, limits)
		if err != nil {
			return err
		}
		servers = append(servers, publisher)
		beside = append(beside, func(ctx context.Context) {
			authorities.KeepCRLs(ctx, func() time.Duration { return live.get().crlDelay })
		})
	}
	if c.metricsListen != "" {
		scraped, err := newMetricsServer(c.metricsListen, metrics, token, log)
		if err != nil {
			return err
		}
		servers = append(servers, scraped)
	}
	log.Info("started", "version", programVersion(), "address", s.Addr(), "data", c.data,
		"publish_address", addressOf(listener), "publish_url", url)
	announce(out, c, s.Addr(), addressOf(listener), url, certificate.Fingerprint())
	setup.announce(out, c, c.reachedAt(s.Addr()))
	forget := context.AfterFunc(ctx, func() {
		log.Info("stopping: requests in flight may finish; a second signal stops at once")
	})
	defer forget()
	return serveWithJobs(ctx, servers, beside...)
}

func openStore(ctx context.Context, c *config, log *slog.Logger) (*store.Store, error) {
	if store.IsPostgres(c.db) {
		log.Info("opening the PostgreSQL database; if it does not answer it is waited for, for half a minute")
	}
	return store.Open(ctx, c.db, time.Now, store.ReadTimeout(c.readTimeout))
}

// leaseOf is the lease of this process on the periodic work of the database.
func leaseOf(st *store.Store) jobs.Lease {
	node := store.NodeID()
	return func(ctx context.Context, term time.Duration) (bool, error) {
		return st.Lease(ctx, "periodic work", node, term)
	}
}

// sealedSomething says whether the database holds what only its key file opens.
func sealedSomething(st *store.Store) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		some, err := st.HasAuthorities(ctx)
		if some || err != nil {
			return some, err
		}
		sample, err := st.Agreed(ctx, ca.SealedSample)
		return sample != "", err
	}
}

// serveWithJobs gives back once all have ended, which they do with the first of the servers.
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

// routes puts the metrics and the API beside the pages, which answer all the rest. A mux would
// send redirects for paths that are none of ours.
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

// makeDataFolder makes the folder for its owner alone. One that is there stays as it is.
func makeDataFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	err := os.MkdirAll(path, 0o700)
	if err == nil {
		err = os.Chmod(path, 0o700) // whatever the umask
	}
	if errors.Is(err, fs.ErrPermission) {
		return &notary.Error{Kind: notary.Forbidden, Err: err, Message: fmt.Sprintf(
			"this user may not make the data folder %s: make it for the user, or name another with --data", path)}
	}
	if err != nil { // with the cause, because there is no log yet
		return notary.Errorf(notary.Internal, "could not make the data folder: %v", err)
	}
	return nil
}

// openKeystore opens what opens the authorities' keys. A key file is made only while there
// is nothing that another one may have sealed.
func openKeystore(ctx context.Context, c *config, sealedSomething func(context.Context) (bool, error),
	log *slog.Logger) (*keystore.Keystore, error) {
	if c.passphrase != "" {
		return keystore.FromPassphrase(c.passphrase)
	}
	if _, err := os.Stat(c.sealKey); !errors.Is(err, fs.ErrNotExist) {
		return keystore.FromFile(c.sealKey)
	}
	sealed, err := sealedSomething(ctx)
	if err != nil {
		return nil, err
	}
	if sealed {
		return nil, notary.Errorf(notary.Conflict, "the key file %s is missing, and without it the private keys of the "+
			"authorities in %s cannot be opened: restore it from its backup, copy it from another node, or set %s where a passphrase was used",
			c.sealKey, c.databaseName(), envPassphrase)
	}
	if err := keystore.CreateFile(c.sealKey); err != nil {
		return nil, err
	}
	log.Info("key file made: back it up apart from the database, for without it the authorities' keys are lost",
		"file", c.sealKey)
	return keystore.FromFile(c.sealKey)
}

func openCertificate(c *config, log *slog.Logger) (*server.Certificate, error) {
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return server.LoadCertificate(certFile, keyFile, log)
}

// prepareCertificate loads the configured pair and returns what puts it into use.
func prepareCertificate(certificate *server.Certificate, c *config) (use func(), err error) {
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return certificate.Prepare(certFile, keyFile)
}

// certificateFiles returns the configured pair, or the self-signed one, which it creates if
// necessary.
func certificateFiles(c *config) (certFile, keyFile string, err error) {
	if c.tlsCert != "" {
		return c.tlsCert, c.tlsKey, nil
	}
	return server.SelfSigned(c.data, time.Now(), c.externalHostname)
}

// announce tells the person at the terminal where everything is.
func announce(out io.Writer, c *config, addr, publishAddr, publishURL, fingerprint string) {
	fmt.Fprintf(out, "Notary listens on %s\n", c.reachedAt(addr))
	fmt.Fprintf(out, "  data:        %s\n", absolute(c.data))
	if store.IsPostgres(c.db) {
		fmt.Fprintf(out, "  database:    PostgreSQL\n")
	}
	if publishAddr != "" {
		fmt.Fprintf(out, "  publishes:   on %s, which certificates name %s\n", publishAddr, publishURL)
	}
	fmt.Fprintf(out, "  certificate: SHA-256 %s\n", fingerprint)
}

// reachedAt returns the URL at which clients reach the address that is listened on.
func (c *config) reachedAt(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "https://" + net.JoinHostPort(c.externalHostname, port)
	}
	return "https://" + addr
}

func absolute(path string) string {
	if found, err := filepath.Abs(path); err == nil {
		return found
	}
	return path
}

// logCause logs what the user is not shown of an error that ended the program.
func logCause(log *slog.Logger, err error) error {
	var e *notary.Error
	if errors.As(err, &e) && e.Err != nil {
		log.Error(e.Message, "cause", e.Err)
	}
	return err
}
