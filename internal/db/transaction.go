package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"notary"
)

// write runs fn in its own transaction. It retries after conflicts, and once if the connection is lost before the
// commit.
func (e *postgresEngine) write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error) {
	slot, err := e.takeSlot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { e.free <- slot }()
	lost := false
	for n := 1; ; n++ {
		changed, err := e.attempt(ctx, now, slot, fn)
		var failed *retryableError
		switch {
		case !errors.As(err, &failed):
			return changed, err
		case failed.lost && lost, n == attempts:
			return nil, failed.error
		}
		lost = lost || failed.lost
		time.Sleep(time.Duration(rand.IntN(1<<min(n, 6))) * time.Millisecond)
	}
}

type retryableError struct {
	error
	lost bool
}

func (e *retryableError) Unwrap() error { return e.error }

// takeSlot waits for a free slot, unless too many writes are already waiting.
func (e *postgresEngine) takeSlot(ctx context.Context) (slot int, err error) {
	select {
	case <-e.stopping:
		return 0, busy("the server is stopping")
	case slot = <-e.free:
		return slot, nil
	default:
	}
	select {
	case e.waiting <- struct{}{}:
	default:
		return 0, busy("too many changes are waiting")
	}
	defer func() { <-e.waiting }()
	select {
	case slot = <-e.free:
		return slot, nil
	case <-e.stopping:
		return 0, busy("the server is stopping")
	case <-ctx.Done():
		return 0, busy("the request was canceled before it began")
	}
}

func (e *postgresEngine) attempt(ctx context.Context, now time.Time, slot int,
	fn func(*Tx) error) (changed []string, err error) {
	if ctx.Err() != nil {
		return nil, busy("the request was canceled before it began")
	}
	conn, err := e.connection(ctx)
	if err != nil { // database/sql has retried already
		return nil, MapError(err)
	}
	defer conn.Close()
	// From here on, only the time limits and Close can cancel the transaction, not the caller's context.
	ctx, cancel := context.WithTimeout(e.running, e.limits.write)
	defer cancel()
	run := &transaction{ctx: ctx, conn: conn}
	run.queue("BEGIN")
	defer func() {
		if err != nil && run.begun {
			_, _ = conn.ExecContext(ctx, "ROLLBACK") // a lost connection is rolled back by the server
		}
		if isTransient(err) { // drop the connection: its server may no longer be the primary
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	tx := &Tx{Querier: run, sql: run, now: now, counts: Counts{}, topics: e.topics}
	if err := protected(tx, fn); err != nil {
		return tx.changed, retryable(err)
	}
	if err := tx.notify(); err != nil {
		return tx.changed, retryable(err)
	}
	if err := tx.counts.save(run.later, slot); err != nil {
		return tx.changed, retryable(err)
	}
	return tx.changed, run.commit(e.running, e.limits.commit)
}

// retryable wraps err in a [retryableError] after a conflict, or if the connection was lost before the commit. A
// timeout is not retryable, because the caller has waited long enough.
func retryable(err error) error {
	var fault *pgconn.PgError
	switch {
	case timedOut(err):
		return MapError(err)
	case deadlocked(err), errors.As(err, &fault) && fault.Code == serializationFailure:
		return &retryableError{error: MapError(err)}
	case isTransient(err):
		return &retryableError{error: err, lost: true}
	}
	return err
}

// errUnknown returns the error for a change that may or may not have been committed.
func errUnknown(err error) error {
	return &notary.Error{Kind: notary.OutcomeUnknown, RetryAfter: 5 * time.Second, Err: err,
		Message: "the database connection was lost during the commit, so the change may or may not have been made: " +
			"check before you try again"}
}

// transaction is a transaction in progress on PostgreSQL. It ignores cancellation of the caller's context. Statements
// whose results are not needed are batched, because a round trip takes as long as most of them.
type transaction struct {
	ctx     context.Context
	conn    *sql.Conn
	begun   bool // whether BEGIN was sent
	waiting []statement
}

type statement struct {
	text string
	args []any
	miss error // error to return instead of a division by zero; may be nil
}

func (t *transaction) queue(text string, args ...any) {
	t.waiting = append(t.waiting, statement{text: text, args: args})
}

// needRow queues a query that must find a row. If it finds none, the server fails it with a division by zero and rolls
// the transaction back, so that even a COMMIT need not wait for its result.
func (t *transaction) needRow(miss error, query string, args []any) {
	t.waiting = append(t.waiting, statement{`SELECT 1 / COUNT(*) FROM (` + query + `) AS needed`, args, miss})
}

// needChange queues an UPDATE or DELETE that must affect a row: see needRow.
func (t *transaction) needChange(miss error, change string, args []any) {
	t.waiting = append(t.waiting, statement{`WITH changed AS (` + change + ` RETURNING 1)
		SELECT 1 / COUNT(*) FROM changed`, args, miss})
}

// flush sends the waiting statements and returns the first error, with the index of its statement.
func (t *transaction) flush() (failed int, err error) {
	if len(t.waiting) == 0 {
		return 0, nil
	}
	batch := &pgx.Batch{}
	for _, s := range t.waiting {
		batch.Queue(s.text, s.args...)
	}
	sent := t.waiting
	last := sent[len(sent)-1].text
	t.waiting, t.begun = nil, true
	err = t.conn.Raw(func(driver any) (err error) {
		results := driver.(*stdlib.Conn).Conn().SendBatch(t.ctx, batch)
		defer func() {
			if closing := results.Close(); err == nil {
				err = closing
			}
		}()
		for failed = range batch.Len() {
			done, err := results.Exec()
			if miss := sent[failed].miss; miss != nil && isDivisionByZero(err) {
				return miss
			}
			if err != nil {
				return err
			}
			// A COMMIT after a failed statement rolls back and reports ROLLBACK.
			if failed == batch.Len()-1 && last == "COMMIT" && done.String() != "COMMIT" {
				return notary.InternalError("use the database", errors.New("the error of a statement was ignored"))
			}
		}
		return nil
	})
	return failed, err
}

func isDivisionByZero(err error) bool {
	var fault *pgconn.PgError
	return errors.As(err, &fault) && fault.Code == divisionByZero
}

// commit sends the waiting statements and the COMMIT. If the server reports an error, nothing was changed. If it does
// not answer or terminates the connection during the COMMIT, the outcome is unknown. limit is separate from the time
// limit of the transaction, so that a slow transaction does not make the outcome unknown.
func (t *transaction) commit(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t.ctx = ctx
	t.queue("COMMIT")
	last := len(t.waiting) - 1
	failed, err := t.flush()
	var fault *pgconn.PgError
	var ours *notary.Error
	switch {
	case err == nil, errors.As(err, &ours):
		return err
	case errors.As(err, &fault) && (failed < last || fault.Severity != "FATAL" || fault.Code == idleInTransaction):
		return retryable(MapError(err))
	default:
		return errUnknown(err)
	}
}

func (t *transaction) later(text string, args ...any) error {
	t.queue(text, args...)
	return nil
}

func (t *transaction) Query(_ context.Context, text string, args ...any) (Rows, error) {
	if _, err := t.flush(); err != nil {
		return nil, err
	}
	return untimed(t.conn.QueryContext(t.ctx, text, args...))
}

func (t *transaction) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return t.Query(ctx, text, args...)
}

func (t *transaction) QueryRow(_ context.Context, text string, args ...any) Row {
	if _, err := t.flush(); err != nil {
		return failedRow{err}
	}
	return t.conn.QueryRowContext(t.ctx, text, args...)
}

func (t *transaction) exec(_ context.Context, text string, args ...any) (int64, error) {
	if _, err := t.flush(); err != nil {
		return 0, err
	}
	result, err := t.conn.ExecContext(t.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
