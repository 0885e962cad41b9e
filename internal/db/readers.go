package db

import (
	"context"
	"sync"
)

// maxReaders limits the connections for reading, in addition to the connection that writes.
const maxReaders = 8

// readers is a pool of connections for reading a SQLite file. A connection is opened when all others are in use.
type readers struct {
	path  string
	slots chan struct{} // one for each connection in use

	mu     sync.Mutex
	idle   []*conn // a stack: the connection used last is reused first
	closed bool
}

func newReaders(path string) *readers {
	return &readers{path: path, slots: make(chan struct{}, maxReaders)}
}

func (r *readers) take(ctx context.Context) (*conn, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := r.idleOrNew()
	if err != nil {
		<-r.slots
	}
	return c, err
}

func (r *readers) idleOrNew() (*conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, busy("the server is stopping")
	}
	if last := len(r.idle) - 1; last >= 0 {
		c := r.idle[last]
		r.idle = r.idle[:last]
		return c, nil
	}
	return openConn(r.path, "query_only = 1")
}

func (r *readers) put(c *conn) {
	r.mu.Lock()
	if r.closed {
		c.close()
	} else {
		r.idle = append(r.idle, c)
	}
	r.mu.Unlock()
	<-r.slots
}

// close closes the idle connections. The others are closed when their queries end.
func (r *readers) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, c := range r.idle {
		c.close()
	}
	r.idle = nil
}

func (r *readers) query(ctx context.Context, text string, args []any) (*rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.start(text, args)
	if err != nil {
		r.put(c)
		return nil, err
	}
	return &rows{conn: c, statement: s, pool: r}, nil
}

// Query runs a query and interrupts it when ctx is done.
func (r *readers) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	found, err := r.query(ctx, text, args)
	if err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		found.ctx = ctx
		found.conn.sqlite.SetInterrupt(ctx.Done())
	}
	return found, nil
}

// QueryPlanned is the same as Query, because SQLite plans without the arguments.
func (r *readers) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return r.Query(ctx, text, args...)
}

// QueryRow runs a query for one row. It does not watch ctx during the query, because that takes longer than most such
// queries.
func (r *readers) QueryRow(ctx context.Context, text string, args ...any) Row {
	found, err := r.query(ctx, text, args)
	if err != nil {
		return failedRow{err}
	}
	return firstRow{found}
}

// texts returns the statements that idle connections have prepared.
func (r *readers) texts() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.idle {
		for text := range c.prepared {
			all = append(all, text)
		}
	}
	return all
}
