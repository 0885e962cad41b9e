package db

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"notary"
)

// Limits on the queue of writes.
const (
	MaxWaiting = 1024 // waiting writes; further ones are rejected
	MaxBatch   = 128  // writes per commit on SQLite
)

// writer owns the only goroutine that changes a SQLite database. It commits waiting writes together with those that
// arrive while they run.
type writer struct {
	mu      sync.RWMutex // guards stopped and the closing of queue
	stopped bool
	queue   chan *job
	done    chan struct{} // closed when the goroutine has ended
	topics  topics

	// Owned by the goroutine.
	next *job // taken from the queue, not started
	sql  *conn
	conn *sql.Conn // for jobs that run alone
}

type job struct {
	ctx     context.Context
	now     time.Time
	fn      func(*Tx) error
	whole   func(*sql.Conn) error // runs alone in a transaction, instead of fn
	changed []string              // topics
	err     error
	result  chan error // buffered, so that the writer never waits for a caller
}

// startWriter starts a writer on a file. Jobs that run alone use the only connection of the pool db.
func startWriter(ctx context.Context, path string, db *sql.DB, topics topics) (*writer, error) {
	alone, err := db.Conn(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	own, err := openConn(path, writing...)
	if err != nil {
		alone.Close()
		return nil, unavailable(err)
	}
	w := &writer{
		queue:  make(chan *job, MaxWaiting),
		done:   make(chan struct{}),
		topics: topics,
		sql:    own,
		conn:   alone,
	}
	go w.run()
	return w, nil
}

func (w *writer) write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error) {
	j := &job{ctx: ctx, now: now, fn: fn, result: make(chan error, 1)}
	err = w.await(j)
	return j.changed, err
}

func (w *writer) alone(ctx context.Context, fn func(*sql.Conn) error) error {
	return w.await(&job{ctx: ctx, whole: fn, result: make(chan error, 1)})
}

// await passes a job to the goroutine and waits for the result. It also returns when the goroutine ends because a job
// calls runtime.Goexit, as t.Fatal does.
func (w *writer) await(j *job) error {
	if err := w.enqueue(j); err != nil {
		return err
	}
	select {
	case err := <-j.result:
		return err
	case <-w.done:
	}
	select {
	case err := <-j.result: // sent just before the goroutine ended
		return err
	default:
		return notary.InternalError("write the change", errors.New("the writer goroutine has ended"))
	}
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
	for first := w.first(); first != nil; first = w.first() {
		if first.whole != nil {
			first.result <- w.runAlone(first.whole)
			continue
		}
		batch := w.settle(w.arriving(first))
		if full := diskFull(batch); len(full) > 0 && w.freeLog() == nil {
			w.settle(slices.Values(full))
		}
		for _, j := range batch {
			j.result <- j.err
		}
	}
}

func (w *writer) settle(jobs iter.Seq[*job]) (batch []*job) {
	batch, err := w.commit(jobs)
	if err != nil {
		for _, j := range batch {
			j.err = err
		}
	}
	return batch
}

// diskFull returns the jobs that failed because the disk is full. They can be retried once space is free.
func diskFull(batch []*job) (full []*job) {
	for _, j := range batch {
		if code, ok := sqliteCode(j.err); ok && code&0xff == sqlite3.SQLITE_FULL {
			full = append(full, j)
		}
	}
	return full
}

// freeLog copies the write-ahead log into the file and truncates the log to free disk space. It waits only briefly for
// readers, because all writes wait for it.
func (w *writer) freeLog() error {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 100"); err != nil {
		return err
	}
	defer w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 5000")
	var busy, pages, copied int
	return w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &copied)
}

func (w *writer) first() *job {
	if j := w.next; j != nil {
		w.next = nil
		return j
	}
	return <-w.queue
}

// arriving yields the jobs that share a commit: first, then those waiting or arriving meanwhile, up to MaxBatch in all.
// A job that runs alone ends the sequence and is kept for the next round.
func (w *writer) arriving(first *job) iter.Seq[*job] {
	return func(yield func(*job) bool) {
		for j, n := first, 1; j != nil && yield(j) && n < MaxBatch; n++ {
			if j = w.poll(); j == nil {
				runtime.Gosched() // lets a job that is about to arrive join this commit
				j = w.poll()
			}
		}
	}
}

func (w *writer) poll() *job {
	select {
	case j, ok := <-w.queue:
		if ok && j.whole != nil {
			w.next, j = j, nil
		}
		return j
	default:
		return nil
	}
}

// runAlone runs fn in a transaction that checks foreign keys at its end.
func (w *writer) runAlone(fn func(*sql.Conn) error) (err error) {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return unavailable(err)
	}
	defer func() {
		if err != nil {
			_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		}
	}()
	if _, err := w.conn.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
		return err
	}
	if err := fn(w.conn); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return unavailable(err)
	}
	return nil
}

// commit runs the jobs in one transaction, each in its own savepoint, and returns the jobs that it has started. If it
// returns an error, all their changes were rolled back.
func (w *writer) commit(jobs iter.Seq[*job]) (batch []*job, err error) {
	ctx := context.Background()
	begin := w.exec(ctx, "BEGIN IMMEDIATE")
	defer func() {
		if err != nil {
			_ = w.exec(ctx, "ROLLBACK") // SQLite may already have rolled back
		}
	}()
	counts, verified := Counts{}, map[any]bool{}
	for j := range jobs {
		batch = append(batch, j)
		if begin != nil {
			return batch, unavailable(begin)
		}
		if j.err = w.attempt(ctx, j, counts, verified); errors.Is(j.err, errTransactionLost) {
			return batch, unavailable(j.err)
		}
	}
	if err := counts.save(w.sql.later, 0); err != nil {
		return batch, unavailable(err)
	}
	if err := w.exec(ctx, "COMMIT"); err != nil {
		return batch, unavailable(err)
	}
	return batch, nil
}

// errTransactionLost is returned if SQLite has rolled back the whole transaction, for example because the disk is full.
var errTransactionLost = errors.New("the transaction was lost")

func (w *writer) attempt(ctx context.Context, j *job, total Counts, verified map[any]bool) error {
	if j.ctx.Err() != nil { // canceled while waiting
		return busy("the request was canceled before it began")
	}
	if err := w.exec(ctx, "SAVEPOINT job"); err != nil {
		return errors.Join(errTransactionLost, err)
	}
	tx := &Tx{Querier: w.sql, sql: w.sql, now: j.now, counts: Counts{}, alone: true, verified: verified,
		topics: w.topics}
	err := protected(tx, j.fn)
	if err == nil {
		err = tx.notify()
	}
	j.changed = tx.changed
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

// protected runs fn and returns a panic as an error, so that the writer continues.
func protected(tx *Tx, fn func(*Tx) error) error {
	return notary.Recovered("write the change", func() error { return fn(tx) })
}
