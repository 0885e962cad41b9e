// Package jobs is what happens by the clock: CRLs and OCSP responders are made anew before
// they grow old, and sessions that have expired are cleared away. Of the nodes on one database one does it, by
// a lease that the others take over when it is gone.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
)

const (
	// every is how often the jobs are done. Each decides by itself whether there is anything
	// to do.
	every = time.Minute
	// tick is how often a node asks for the lease, and term how long it then has it: a node
	// that is gone is replaced within both together.
	tick = 5 * time.Second
	term = 20 * time.Second
)

// Lease says whether this node is the one that does the jobs, for the term from now on.
type Lease func(ctx context.Context, term time.Duration) (bool, error)

// Run does the jobs at once and then by the clock, while this node has the lease, until ctx
// ends. A job that fails, be it by a panic, is logged and tried again the next time.
func Run(ctx context.Context, ca *ca.Service, auth *auth.Service, lease Lease, log *slog.Logger) {
	jobs := map[string]func(context.Context) error{
		"refresh CRLs":          ca.RefreshCRLs,
		"renew OCSP responders": ca.RenewResponders,
		"clean sessions":        auth.CleanUp,
		"check records":         ca.CheckRecords,
	}
	clock := time.NewTicker(tick)
	defer clock.Stop()
	var done time.Time
	failures := map[string]string{} // the last one logged, by job
	for {
		mine, err := lease(ctx, term)
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "could not ask for the lease of the periodic work", "error", err)
		}
		if mine && time.Since(done) >= every {
			done = time.Now()
			for name, job := range jobs {
				err := notary.Recovered("do a job", func() error { return job(ctx) })
				switch {
				case err == nil:
					delete(failures, name)
				case ctx.Err() == nil && failures[name] != err.Error():
					failures[name] = err.Error()
					log.ErrorContext(ctx, "job failed; it is retried, and logged again when the reason changes",
						"job", name, "error", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}
