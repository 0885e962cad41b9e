package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"notary/internal/config"
	"notary/internal/testkit"
)

// The start announces every listener, and warns, at the terminal and in the log, of a publish_url that
// only this machine reaches.
func TestStartAnnouncesListenersAndWarns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		publishURL string
		warns      bool
	}{
		"by default":             {"", true},
		"on this machine":        {"http://127.0.0.1:2112", true},
		"where others can reach": {"http://pki.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := localConfig(t)
			c.PublishURL, c.MetricsListen = tt.publishURL, "127.0.0.1:0"
			var log testkit.Buffer // the notice of the stop may come late
			out := announcement(t, c, slog.New(slog.NewTextHandler(&log, nil)))
			if !strings.Contains(out, "  metrics:     on http://127.0.0.1:") || !strings.Contains(log.String(), "metrics_address=127.0.0.1:") {
				t.Errorf("the listener for metrics is not announced:\n%s\n%s", out, log.String())
			}
			for what, text := range map[string]string{"terminal": out, "log": log.String()} {
				if warned := strings.Contains(text, "publish_url before the first certificate"); warned != tt.warns {
					t.Errorf("the %s warns: %t, want %t\n%s", what, warned, tt.warns, text)
				}
			}
		})
	}
}

// announcement starts a server, and stops it once it has announced itself. It returns what it printed.
func announcement(t *testing.T, c *config.Config, log *slog.Logger) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() {
		live := config.NewLive(c, nil, log)
		err := serve(ctx, live, Options{Log: log, Out: writer})
		writer.CloseWithError(errors.Join(err, io.EOF))
		served <- err
	}()
	var all strings.Builder
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "the setup code is off") { // the last line
			cancel()
		}
	}
	testkit.Check(t, <-served)
	return all.String()
}
