// Package apptest runs complete servers for tests, wired like "notary start".
package apptest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"testing"

	"notary/internal/app"
	"notary/internal/config"
	"notary/internal/testkit"
)

// Flags returns the flags of a server with the given data folder, free ports and no setup code.
func Flags(data string) map[string]any {
	return map[string]any{config.KeyData: data, config.KeyListen: "127.0.0.1:0", config.KeyPublishListen: "127.0.0.1:0",
		config.KeySetupCode: config.NoSetupCode}
}

// Config creates a data folder and returns the default configuration with its [Flags].
func Config(t testing.TB) *config.Config {
	t.Helper()
	c, err := config.Load("", nil, Flags(filepath.Join(t.TempDir(), "notary-data")))
	testkit.Check(t, err)
	testkit.Check(t, app.MakeDataFolder(c.Data))
	return c
}

// Start starts a server and returns its URL. The server runs until the test ends or stop is called. stop returns the
// server's error.
func Start(t testing.TB, c *config.Config) (url string, stop func() error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	return StartLive(t, config.NewLive(c, nil, log), log)
}

// StartLive is like [Start] with a configuration that can be reloaded.
func StartLive(t testing.TB, live *config.Live, log *slog.Logger) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := serve(ctx, live, app.Options{Version: "(test)", Log: log, Out: writer})
		writer.CloseWithError(errors.Join(err, io.EOF))
		served <- err
	}()
	banner := make([]byte, 4096)
	n, err := reader.Read(banner)
	if err != nil {
		t.Fatalf("not started: %v", err)
	}
	go io.Copy(io.Discard, reader)
	found := regexp.MustCompile(`https://\S+`).Find(banner[:n])
	if found == nil {
		t.Fatalf("no address in %q", banner[:n])
	}
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-served
	}
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	return string(found), stop
}

// Serve runs a server until ctx is done. It returns an error if the server cannot start or fails.
func Serve(ctx context.Context, c *config.Config) error {
	log := slog.New(slog.DiscardHandler)
	return serve(ctx, config.NewLive(c, nil, log), app.Options{Log: log, Out: io.Discard})
}

func serve(ctx context.Context, live *config.Live, options app.Options) error {
	a, err := app.New(ctx, live, options)
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(ctx), a.Close())
}
