// Package jobs is what happens by the clock: CRLs are made anew before they grow old, and
// sessions that have expired are cleared away.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"notary/internal/auth"
	"notary/internal/ca"
)

// every is how often the clock strikes. Each job decides by itself whether there is
// anything to do.
const every = time.Minute

// Run does the jobs at once and then by the clock, until ctx ends. A job that fails is
// logged and tried again the next time.
func Run(ctx context.Context, ca *ca.Service, auth *auth.Service, log *slog.Logger) {
	jobs := map[string]func(context.Context) error{
		"refresh CRLs":   ca.RefreshCRLs,
		"clean sessions": auth.CleanUp,
	}
	clock := time.NewTicker(every)
	defer clock.Stop()
	for {
		for name, job := range jobs {
			if err := job(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "job failed", "job", name, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}
