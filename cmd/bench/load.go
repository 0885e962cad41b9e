package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// operation is one thing that is measured: calls that so many clients repeat for so long,
// or until there is nothing left to call.
type operation struct {
	name      string
	clients   int           // 0 for as many as --clients
	limit     time.Duration // the longest that one answer may take; 0 for a minute
	half      bool          // half the time will do
	published bool          // not a call of the API, but of what is published over plain HTTP
	cold      bool          // each call takes so long that all are measured, the first one too

	// next is the next call; ok is false when all are used up. It is called by many at once.
	next func(r *rand.Rand) (c call, ok bool)

	// before, where it is there, comes before each call and is not measured; ok is false
	// when there is nothing left to do.
	before func(ctx context.Context) (ok bool, err error)

	// check, where it is there, looks at the first answer of each client, and at every
	// answer where all is set.
	check func(c call, body []byte) error
	all   bool

	// after, where it is there, comes when all clients have ended.
	after func()

	// body, where it is there, takes the bodies of the only client.
	body *counter
}

// warmUp is what is not measured of an operation that takes so long.
func warmUp(length time.Duration) time.Duration { return min(length/5, time.Second) }

// generator is the load: it knows whom to call and as whom.
type generator struct {
	nodes   []*node
	token   string
	clients int
	length  time.Duration
}

// run is an operation under way.
type run struct {
	operation
	from, until time.Time // calls that begin between these are measured
	usedUp      atomic.Bool
}

// drive does the operation. Failed calls are part of the figure, not an error.
func (g *generator) drive(ctx context.Context, op operation) (figure, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if op.clients == 0 {
		op.clients = g.clients
	}
	if op.limit == 0 {
		op.limit = time.Minute
	}
	length := g.length
	if op.half {
		length /= 2
	}
	r := &run{operation: op}
	workers := make([]*worker, op.clients)
	for i := range workers {
		w, err := g.newWorker(ctx, r, i)
		if err != nil {
			return figure{}, fmt.Errorf("%s: %w", op.name, err)
		}
		defer w.close()
		workers[i] = w
	}
	r.from = time.Now()
	if !op.cold {
		r.from = r.from.Add(warmUp(length))
	}
	r.until = r.from.Add(length)
	var running sync.WaitGroup
	for _, w := range workers {
		running.Go(func() { w.work(ctx) })
	}
	running.Wait()
	if op.after != nil {
		op.after()
	}
	if ctx.Err() != nil {
		return figure{}, ctx.Err()
	}
	return gather(r, workers), nil
}

// worker is one client. Nobody else touches it while it runs.
type worker struct {
	run     *run
	node    *node
	token   string
	rand    *rand.Rand
	conn    *connection // nil after a failure of the connection
	request []byte
	body    bytes.Buffer
	checked bool

	took     []time.Duration
	last     time.Time // the end of the last call that was measured
	failures failures
}

func (g *generator) newWorker(ctx context.Context, r *run, i int) (_ *worker, err error) {
	w := &worker{run: r, node: g.nodes[i%len(g.nodes)], token: g.token, failures: failures{},
		rand: rand.New(rand.NewPCG(seed, uint64(i))), took: make([]time.Duration, 0, 1<<16)}
	w.conn, err = w.dial(ctx)
	return w, err
}

func (w *worker) dial(ctx context.Context) (*connection, error) {
	if w.run.published {
		return dialPublished(ctx, w.node)
	}
	return dial(ctx, w.node)
}

func (w *worker) close() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

func (w *worker) work(ctx context.Context) {
	for ctx.Err() == nil && !w.run.usedUp.Load() {
		if before := w.run.before; before != nil {
			if ok, err := before(ctx); !ok || err != nil {
				if err != nil {
					w.failures.add("preparation", err.Error())
				}
				return
			}
		}
		c, ok := w.run.next(w.rand)
		if !ok {
			w.run.usedUp.Store(true)
			return
		}
		began := time.Now()
		if !began.Before(w.run.until) {
			return
		}
		kind, detail := w.call(ctx, c)
		switch end := time.Now(); {
		case kind != "":
			w.failures.add(kind, detail)
		case !began.Before(w.run.from):
			w.took = append(w.took, end.Sub(began))
			w.last = end
		}
	}
}

// call makes one call and gives what was wrong with it: the kind of failure, "" for none,
// and what else there is to tell.
func (w *worker) call(ctx context.Context, c call) (kind, detail string) {
	if w.conn == nil {
		var err error
		if w.conn, err = w.dial(ctx); err != nil {
			time.Sleep(10 * time.Millisecond) // or the failures are all that we do
			return "connection", err.Error()
		}
	}
	status, err := w.send(c)
	if err != nil {
		w.close()
		return "connection", err.Error()
	}
	if status != c.wanted() {
		return strconv.Itoa(status), excerpt(w.body.Bytes())
	}
	if w.checks() {
		w.checked = true
		if err := w.run.check(c, w.body.Bytes()); err != nil {
			return "wrong answer", err.Error()
		}
	}
	return "", ""
}

// send makes the call; the body is kept only where somebody looks at it.
func (w *worker) send(c call) (status int, err error) {
	if err := w.conn.conn.SetDeadline(time.Now().Add(w.run.limit)); err != nil {
		return 0, err
	}
	w.request = appendCall(w.request[:0], w.node.address, w.token, c)
	status, length, err := w.conn.send(w.request)
	if err != nil {
		return 0, err
	}
	w.body.Reset()
	switch {
	case status != c.wanted(), w.checks():
		return status, w.conn.readBody(length, &w.body)
	case w.run.body != nil:
		return status, w.conn.readBody(length, w.run.body)
	default:
		return status, w.conn.readBody(length, nil)
	}
}

func (w *worker) checks() bool { return w.run.check != nil && (w.run.all || !w.checked) }

// excerpt is the beginning of an answer, for people.
func excerpt(body []byte) string { return fmt.Sprintf("%.200s", bytes.TrimSpace(body)) }

// counter counts how often a pattern comes in what is written to it.
type counter struct {
	pattern []byte
	bytes   int64
	found   int64
	rest    []byte // the end of the last write, shorter than the pattern
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	edge := append(c.rest, p[:min(len(p), len(c.pattern)-1)]...)
	c.found += int64(bytes.Count(edge, c.pattern) + bytes.Count(p, c.pattern))
	end := edge
	if len(p) >= len(c.pattern)-1 {
		end = p
	}
	c.rest = append(c.rest[:0], end[max(0, len(end)-len(c.pattern)+1):]...)
	return len(p), nil
}
