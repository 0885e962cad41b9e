package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A program that hangs while stopping exits with code 1 and logs the reason. (In a synctest bubble, time passes only
// when all goroutines are blocked.)
func TestBoundStop(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes time.Duration
		want  int
	}{"in time": {28 * time.Second, 0}, "too late": {time.Hour, 1}} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			ctx, stop := context.WithCancel(t.Context())
			code := 0
			release := boundStop(ctx, slog.New(slog.NewTextHandler(&log, nil)), func(n int) { code = n })
			time.Sleep(time.Hour) // running
			stop()
			time.Sleep(test.takes)
			synctest.Wait()
			release()
			if code != test.want || strings.Contains(log.String(), "did not stop in time") != (test.want != 0) {
				t.Errorf("%s: exit %d, want %d; the log: %s", name, code, test.want, log.String())
			}
		})
	}
}
