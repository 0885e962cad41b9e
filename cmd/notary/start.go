package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/ca"
	"notary/internal/config"
	"notary/internal/jobs"
	"notary/internal/keystore"
	"notary/internal/server"
	"notary/internal/store"
)

func newStartCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "start",
		Short: "Start the server",
		Long: "Start the server. Without any configuration it keeps its data in ./notary-data and listens\n" +
			"on https://" + config.DefaultHost + ":" + config.DefaultPort + " with a self-signed certificate. SIGHUP reopens its log and reloads\n" +
			"its configuration and TLS certificate; SIGTERM and SIGINT stop it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return start(c, cmp.Or(file, os.Getenv(config.EnvConfig)))
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML `file` with the configuration (default NOTARY_CONFIG)")
	c.Flags().String(config.KeyData, "", "`folder` for database, key file and certificate (default NOTARY_DATA or ./notary-data)")
	c.Flags().String(config.KeyDatabase, "", "`URL` of a PostgreSQL database, postgres://user@host:5432/name, in place of SQLite\n(default NOTARY_DATABASE; a password is better given there, where no list of processes shows it)")
	c.Flags().String(config.KeyListen, "", "`address` to listen on, host:port (default NOTARY_LISTEN or "+config.DefaultHost+":"+config.DefaultPort+")")
	c.Flags().String(config.FlagName(config.KeyPublishListen), "", "`address` to publish CRLs, CA certificates and OCSP answers on over plain HTTP, host:port, or "+config.Off+
		"\n(default NOTARY_PUBLISH_LISTEN or "+config.DefaultHost+":"+config.DefaultPublishPort+")")
	c.Flags().String(config.FlagName(config.KeyPublishURL), "", "`URL` of what is published, as certificates name it\n(default NOTARY_PUBLISH_URL or http://, the external_hostname and that port)")
	return c
}

// start runs the server with the configuration in file, the environment and the flags.
func start(command *cobra.Command, file string) error {
	tuneCollector()
	dumps := preventCoreDumps()
	hangups, stop := catchSignals()
	defer stop()
	environ, flags := os.Environ(), changedFlags(command)
	load := func() (*config.Config, error) { return config.Load(file, environ, flags) }
	c, err := load()
	os.Unsetenv(config.EnvPassphrase)
	os.Unsetenv(config.EnvDatabase)
	os.Unsetenv(config.EnvSetupCode)
	os.Unsetenv(config.EnvMetricsToken)
	if err != nil {
		return err
	}
	if err := makeDataFolder(c.Data); err != nil {
		return err
	}
	log, output, err := openLog(c.Log, command.OutOrStdout(), command.ErrOrStderr())
	if err != nil {
		return err
	}
	defer output.Close()
	if dumps != nil {
		log.Warn("core dumps could not be switched off", "error", dumps)
	}
	live := config.NewLive(c, load, log)
	live.Hangups, live.Reopen = hangups, output.prepare
	live.BeforeReload(output.prepareFor)
	defer boundStop(command.Context(), log, os.Exit)()
	return logCause(log, serve(command.Context(), live, log, command.OutOrStdout()))
}

// changedFlags are the flags that were given, by the keys that they set.
func changedFlags(c *cobra.Command) map[string]any {
	given := map[string]any{}
	for _, key := range []string{config.KeyData, config.KeyListen, config.KeyDatabase, config.KeyPublishListen, config.KeyPublishURL} {
		if flag := c.Flags().Lookup(config.FlagName(key)); flag != nil && flag.Changed {
			given[key] = flag.Value.String()
		}
	}
	return given
}

func openStore(ctx context.Context, c *config.Config, log *slog.Logger) (*store.Store, error) {
	if store.IsPostgres(c.DB) {
		log.Info("opening the PostgreSQL database; if it does not answer it is waited for, for half a minute")
	}
	return store.Open(ctx, c.DB, time.Now, store.ReadTimeout(c.ReadTimeout))
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
func openKeystore(ctx context.Context, c *config.Config, sealedSomething func(context.Context) (bool, error),
	log *slog.Logger) (*keystore.Keystore, error) {
	if c.Passphrase != "" {
		return keystore.FromPassphrase(c.Passphrase)
	}
	if _, err := os.Stat(c.SealKey); !errors.Is(err, fs.ErrNotExist) {
		return keystore.FromFile(c.SealKey)
	}
	sealed, err := sealedSomething(ctx)
	if err != nil {
		return nil, err
	}
	if sealed {
		return nil, notary.Errorf(notary.Conflict, "the key file %s is missing, and without it the private keys of the "+
			"authorities in %s cannot be opened: restore it from its backup, copy it from another node, or set %s where a passphrase was used",
			c.SealKey, c.DatabaseName(), config.EnvPassphrase)
	}
	if err := keystore.CreateFile(c.SealKey); err != nil {
		return nil, err
	}
	log.Info("key file made: back it up apart from the database, for without it the authorities' keys are lost",
		"file", c.SealKey)
	return keystore.FromFile(c.SealKey)
}

func openCertificate(c *config.Config, log *slog.Logger) (*server.Certificate, error) {
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return server.LoadCertificate(certFile, keyFile, log)
}

// prepareCertificate loads the configured pair and returns what puts it into use.
func prepareCertificate(certificate *server.Certificate, c *config.Config) (use func(), err error) {
	if err := requirePrivateTLSKey(c); err != nil {
		return nil, err
	}
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return certificate.Prepare(certFile, keyFile)
}

// certificateFiles returns the configured pair, or the self-signed one, which it creates if
// necessary.
func certificateFiles(c *config.Config) (certFile, keyFile string, err error) {
	if c.TLSCert != "" {
		return c.TLSCert, c.TLSKey, nil
	}
	return server.SelfSigned(c.Data, time.Now(), c.ExternalHostname)
}

// endpoints are where a running server is reached; the addresses of listeners that there are not are empty.
type endpoints struct{ addr, publishAddr, publishURL, metricsAddr, fingerprint string }

// announce tells the person at the terminal where everything is.
func announce(out io.Writer, c *config.Config, e endpoints) {
	fmt.Fprintf(out, "Notary listens on %s\n", c.URL(e.addr))
	fmt.Fprintf(out, "  data:        %s\n", absolute(c.Data))
	if store.IsPostgres(c.DB) {
		fmt.Fprintf(out, "  database:    PostgreSQL\n")
	}
	if e.publishAddr != "" {
		fmt.Fprintf(out, "  publishes:   on %s, which certificates name %s\n", e.publishAddr, e.publishURL)
	}
	if e.metricsAddr != "" {
		fmt.Fprintf(out, "  metrics:     on http://%s/metrics\n", e.metricsAddr)
	}
	fmt.Fprintf(out, "  certificate: SHA-256 %s\n", e.fingerprint)
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
