// Package jobs runs periodic jobs on one of the nodes that share a database. That node holds a lease; if it fails,
// another node takes over.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"notary"
)

const (
	// A node requests the lease at each tick and holds it for the term. Another node takes over after at most the sum
	// of the two.
	tick = 5 * time.Second
	term = 20 * time.Second
)

// Job is periodic work. Run is called at intervals of Every, never concurrently with itself.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(context.Context) error
	// Unhurried delays the first run by one interval, so that clients waiting for the server to start are served first.
	Unhurried bool
}

// Lease requests the lease for the given term and reports whether this node holds the lease.
type Lease func(ctx context.Context, term time.Duration) (bool, error)

// Runner runs jobs, independently of each other.
type Runner struct {
	jobs    []*progress
	lease   Lease
	log     *slog.Logger
	metrics metrics
	running sync.WaitGroup
}

// New returns a Runner for the jobs in list.
func New(list []Job, lease Lease, log *slog.Logger) *Runner {
	r := &Runner{lease: lease, log: log, metrics: newMetrics()}
	for _, job := range list {
		p := &progress{Job: job}
		if job.Unhurried {
			p.started = time.Now()
		}
		r.jobs = append(r.jobs, p)
		r.metrics.failures.WithLabelValues(job.Name) // create the series, at zero
	}
	return r
}

type progress struct {
	Job
	started time.Time
	running atomic.Bool
	failure string // last logged failure; "" after a success
}

// Run runs each job at its interval while this node holds the lease. The first run is immediate unless the job is
// Unhurried. Run returns once ctx is done and all jobs have returned. It logs errors and panics.
func (r *Runner) Run(ctx context.Context) {
	defer r.running.Wait()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	held := &tenure{}
	defer held.end()
	for {
		r.renew(ctx, held)
		if held.is() {
			r.startDue(held.ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

// tenure is a period in which this node holds the lease. Its context is canceled when another node gets the lease or
// the term ends.
type tenure struct {
	ctx    context.Context
	cancel context.CancelFunc
	term   *time.Timer
}

func (t *tenure) is() bool { return t.ctx != nil && t.ctx.Err() == nil }

// extend starts or prolongs the tenure, until the given time.
func (t *tenure) extend(ctx context.Context, until time.Time) {
	if t.is() {
		t.term.Reset(time.Until(until))
		return
	}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.term = time.AfterFunc(time.Until(until), t.cancel)
}

func (t *tenure) end() {
	if t.ctx != nil {
		t.term.Stop()
		t.cancel()
	}
}

// renew requests the lease. If the request fails, a node that holds the lease keeps it until the end of the term.
func (r *Runner) renew(ctx context.Context, held *tenure) {
	asked := time.Now()
	mine, err := r.lease(ctx, term)
	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "could not request the lease of the periodic jobs", "error", err)
	}
	switch {
	case mine:
		held.extend(ctx, asked.Add(term))
	case err == nil:
		held.end()
	}
}

func (r *Runner) startDue(ctx context.Context) {
	for _, job := range r.jobs {
		if time.Since(job.started) < job.Every || !job.running.CompareAndSwap(false, true) {
			continue
		}
		job.started = time.Now()
		started := job.started
		r.running.Go(func() {
			defer job.running.Store(false)
			r.run(ctx, job, started)
		})
	}
}

func (r *Runner) run(ctx context.Context, job *progress, started time.Time) {
	err := notary.Recovered(job.Name, func() error { return job.Run(ctx) })
	if ctx.Err() != nil {
		return // stopped, not failed
	}
	switch {
	case err == nil:
		job.failure = ""
	case job.failure != err.Error():
		job.failure = err.Error()
		r.log.ErrorContext(ctx, "job failed; it is retried, and logged again when the reason changes",
			"job", job.Name, "error", err)
	}
	r.metrics.observe(job.Name, started, err)
}
