package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"notary"
)

const (
	maxWaiting = 1024 // writes that may wait; one more is refused
	maxBatch   = 128  // writes in one commit
)

// Write runs fn in a transaction and returns after its commit is durable. An error of fn
// undoes what fn did and is returned as it is. Writes that come in together share a commit,
// so fn must be quick: what takes time (signing, hashing) is done before.
//
// A full queue and a failing disk are [notary.Unavailable]: nothing was changed. Once fn has
// begun, the end of ctx no longer matters: the caller learns what became of the change.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.writer.write(ctx, s.now(), fn)
}

// writer is the one goroutine that changes a SQLite database. It takes the writes that are
// waiting, without waiting for more, and commits them together.
type writer struct {
	mu      sync.RWMutex // guards stopped, and with it the closing of queue
	stopped bool
	queue   chan *job
	done    chan struct{} // closed when the goroutine has ended

	// Owned by the goroutine.
	conn *sql.Conn
	sql  *statements
}

// job is one caller's write.
type job struct {
	ctx    context.Context
	now    time.Time
	fn     func(*Tx) error
	err    error
	result chan error // of capacity one: the writer never waits for a caller
}

func startWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	w := &writer{
		queue: make(chan *job, maxWaiting),
		done:  make(chan struct{}),
		conn:  conn,
		sql:   newStatements(conn),
	}
	go w.run()
	return w, nil
}

func (w *writer) write(ctx context.Context, now time.Time, fn func(*Tx) error) error {
	j := &job{ctx: ctx, now: now, fn: fn, result: make(chan error, 1)}
	if err := w.enqueue(j); err != nil {
		return err
	}
	return <-j.result
}

func (w *writer) enqueue(j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.stopped {
		return busy("the server is stopping")
	}
	select {
	case w.queue <- j:
		return nil
	default:
		return busy("too many changes are waiting")
	}
}

func (w *writer) stop() {
	w.mu.Lock()
	if !w.stopped {
		w.stopped = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	w.sql.close()
	w.conn.Close()
}

func (w *writer) run() {
	defer close(w.done)
	for first := range w.queue {
		batch := w.waiting(first)
		err := w.commit(batch)
		for _, j := range batch {
			if err != nil {
				j.err = err
			}
			j.result <- j.err
		}
	}
}

// waiting is first and what else is in the queue at this moment.
func (w *writer) waiting(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxBatch {
		select {
		case j, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction, each job in a savepoint of its own. An error
// means that nothing of the batch was kept.
func (w *writer) commit(batch []*job) (err error) {
	ctx := context.Background()
	if err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return unavailable(err)
	}
	defer func() {
		if err != nil {
			_, _ = w.conn.ExecContext(ctx, "ROLLBACK") // the engine may have done it already
		}
	}()
	counts := counts{}
	for _, j := range batch {
		if j.err = w.attempt(ctx, j, counts); errors.Is(j.err, errTransactionLost) {
			return unavailable(j.err)
		}
	}
	if err := counts.save(ctx, w.sql, 0); err != nil {
		return unavailable(err)
	}
	if err := w.exec(ctx, "COMMIT"); err != nil {
		return unavailable(err)
	}
	return nil
}

// errTransactionLost says that the engine gave up the whole transaction, as SQLite does
// when the disk is full.
var errTransactionLost = errors.New("the transaction was lost")

func (w *writer) attempt(ctx context.Context, j *job, total counts) error {
	if j.ctx.Err() != nil { // the caller has gone before its turn
		return busy("the request was given up before it began")
	}
	if err := w.exec(ctx, "SAVEPOINT job"); err != nil {
		return errors.Join(errTransactionLost, err)
	}
	tx := &Tx{reader: reader{lasting{w.sql}}, sql: w.sql, now: j.now, counts: counts{}}
	err := run(tx, j.fn)
	if err != nil {
		if undo := w.exec(ctx, "ROLLBACK TO job"); undo != nil {
			return errors.Join(errTransactionLost, err, undo)
		}
	} else {
		total.add(tx.counts)
	}
	if release := w.exec(ctx, "RELEASE job"); release != nil {
		return errors.Join(errTransactionLost, release)
	}
	return err
}

func (w *writer) exec(ctx context.Context, text string) error {
	_, err := w.sql.exec(ctx, text)
	return err
}

// run turns a panic of fn into an error: the writer serves everybody and must go on.
func run(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = notary.InternalError("write the change", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return fn(tx)
}
