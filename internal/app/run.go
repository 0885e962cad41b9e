package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"notary"
	"notary/internal/config"
)

// Process configures [Run].
type Process struct {
	Version        string
	Load           func() (*config.Config, error) // at startup and at each reload
	Stdout, Stderr io.Writer
}

// Run runs the server until ctx is done. It opens the log, handles signals, disables core dumps and removes secrets
// from the environment.
func Run(ctx context.Context, p Process) error {
	tuneCollector(ctx)
	dumps := preventCoreDumps()
	hangups, stop := catchSignals()
	defer stop()
	c, err := p.Load()
	for _, secret := range []string{
		config.EnvPassphrase, config.EnvDatabase, config.EnvSetupCode, config.EnvMetricsToken} {
		os.Unsetenv(secret)
	}
	if err != nil {
		return err
	}
	if err := MakeDataFolder(c.Data); err != nil {
		return err
	}
	log, output, err := openLog(c.Log, p.Stdout, p.Stderr)
	if err != nil {
		return err
	}
	defer output.Close()
	if dumps != nil {
		log.Warn("could not disable core dumps", "error", dumps)
	}
	live := config.NewLive(c, p.Load, log)
	live.Hangups, live.Reopen = hangups, output.prepare
	live.BeforeReload(output.prepareFor)
	defer boundStop(ctx, log, os.Exit)()
	return logCause(log, serve(ctx, live, Options{Version: p.Version, Log: log, Out: p.Stdout}))
}

func serve(ctx context.Context, live *config.Live, options Options) error {
	a, err := New(ctx, live, options)
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(ctx), a.Close())
}

func logCause(log *slog.Logger, err error) error {
	var e *notary.Error
	if errors.As(err, &e) && e.Err != nil {
		log.Error(e.Message, "cause", e.Err)
	}
	return err
}
