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

// operation describes calls that several clients make, for some time or until no calls are left.
type operation struct {
	name      string
	clients   int           // 0 for --clients
	limit     time.Duration // maximum time of a response; 0 for a minute
	half      bool          // run for half the time
	published bool          // use the publishing port instead of the API
	cold      bool          // no warm-up: calls are so slow that every call counts

	// next returns the next call, or false at the end. It is called concurrently.
	next func(r *rand.Rand) (c call, ok bool)

	// before, if not nil, runs unmeasured before each call. It returns false at the end.
	before func(ctx context.Context) (ok bool, err error)

	// check, if not nil, checks the first response of each client, or every response if all is set.
	check func(c call, body []byte) error
	all   bool

	// after, if not nil, runs when all clients have ended.
	after func()

	// body, if not nil, receives the response bodies. The operation must have only one client.
	body *counter
}

func warmUp(length time.Duration) time.Duration { return min(length/5, time.Second) }

type generator struct {
	nodes   []*node
	token   string
	clients int
	length  time.Duration
}

type run struct {
	operation
	from, until time.Time // only calls that start in this interval count
	usedUp      atomic.Bool

	calls     atomic.Int64  // all calls, including the warm-up and failures
	processor time.Duration // processor time that the servers used for the calls
}

// drive runs the operation. Failed calls are part of the figure, not an error.
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
	used := processorTime(g.nodes)
	for _, w := range workers {
		running.Go(func() { w.work(ctx) })
	}
	running.Wait()
	r.processor = processorTime(g.nodes) - used
	if op.after != nil {
		op.after()
	}
	if ctx.Err() != nil {
		return figure{}, ctx.Err()
	}
	return gather(r, workers), nil
}

type worker struct {
	run     *run
	node    *node
	token   string
	rand    *rand.Rand
	conn    *connection // nil after a connection failure
	request []byte
	body    bytes.Buffer
	checked bool

	took     []time.Duration
	last     time.Time // end of the last measured call
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
		w.run.calls.Add(1)
		switch end := time.Now(); {
		case kind != "":
			w.failures.add(kind, detail)
		case !began.Before(w.run.from):
			w.took = append(w.took, end.Sub(began))
			w.last = end
		}
	}
}

func (w *worker) call(ctx context.Context, c call) (kind, detail string) {
	if w.conn == nil {
		var err error
		if w.conn, err = w.dial(ctx); err != nil {
			time.Sleep(10 * time.Millisecond) // do not spin on failures
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

// send makes the call. It keeps the body if the status is unexpected or the response is to be checked.
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

func excerpt(body []byte) string { return fmt.Sprintf("%.200s", bytes.TrimSpace(body)) }

// counter counts the occurrences of a pattern in what is written to it.
type counter struct {
	pattern []byte
	bytes   int64
	found   int64
	rest    []byte // end of what was written, shorter than the pattern
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
