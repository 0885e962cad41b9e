package db

import (
	"context"
	"sync"
	"time"

	"notary"
)

const probeTimeout = 5 * time.Second

// Ready returns nil if the database answers before ctx is done, and a [notary.Unavailable] error otherwise. Concurrent
// callers share one query, so that queries do not accumulate if the database hangs.
func (d *DB) Ready(ctx context.Context) error {
	err := d.probe.ask(ctx, func(ctx context.Context) error {
		var one int
		return d.Reads().QueryRow(ctx, `SELECT 1`).Scan(&one)
	})
	if err != nil {
		return &notary.Error{Kind: notary.Unavailable, Err: err, RetryAfter: time.Second,
			Message: "the database does not answer: try again in a moment"}
	}
	return nil
}

type probe struct {
	mu      sync.Mutex
	running *probing // nil while no query runs
}

type probing struct {
	done chan struct{} // closed once err is set
	err  error
}

func (p *probe) ask(ctx context.Context, query func(context.Context) error) error {
	running := p.join(query)
	select {
	case <-running.done:
		return running.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the running query, starting one if necessary.
func (p *probe) join(query func(context.Context) error) *probing {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running
	}
	started := &probing{done: make(chan struct{})}
	p.running = started
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		defer cancel()
		started.err = query(ctx)
		p.mu.Lock()
		p.running = nil
		p.mu.Unlock()
		close(started.done)
	}()
	return started
}
