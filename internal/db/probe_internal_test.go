package db

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// A database that hangs gets one query, however many callers ask, and those still waiting share its late answer.
func TestProbesShareOneQuery(t *testing.T) {
	t.Parallel()
	var p probe
	queries, answer := 0, make(chan error)
	query := func(context.Context) error {
		queries++
		return <-answer
	}
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	for range 1000 {
		if err := p.ask(expired, query); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v from a database that hangs", err)
		}
	}
	late := errors.New("late")
	hung := p.running
	var waiting sync.WaitGroup
	for range 10 {
		waiting.Go(func() {
			if err := p.ask(t.Context(), query); err != nil && !errors.Is(err, late) {
				t.Errorf("got %v", err)
			}
		})
	}
	answer <- late
	<-hung.done
	close(answer) // later callers start another query
	waiting.Wait()
	if hung.err != late || queries < 1 || queries > 11 {
		t.Errorf("%d queries, the first of which returned %v", queries, hung.err)
	}
	if err := p.ask(t.Context(), query); err != nil {
		t.Errorf("the database answers again, but the probe says %v", err)
	}
}
