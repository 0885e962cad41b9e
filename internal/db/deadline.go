package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// DefaultReadTimeout is the default of [ReadTimeout].
const DefaultReadTimeout = 5 * time.Second

// Option configures [Open]. SQLite ignores all options.
type Option func(*limits)

// ReadTimeout limits how long a query outside of a transaction may wait for a connection and for each row before it
// fails with a [notary.Unavailable] error.
func ReadTimeout(d time.Duration) Option { return func(l *limits) { l.read = d } }

// WriteTimeout limits the time of a transaction up to its COMMIT and, separately, the time until the server answers the
// COMMIT. The default for each is twice the [ReadTimeout].
func WriteTimeout(d time.Duration) Option { return func(l *limits) { l.write, l.commit = d, d } }

// StopTimeout limits how long Close waits for the transactions in progress. The default is 4 seconds.
func StopTimeout(d time.Duration) Option { return func(l *limits) { l.stop = d } }

// StartTimeout limits how long Open waits for a server that does not answer. The default is 30 seconds.
func StartTimeout(d time.Duration) Option { return func(l *limits) { l.start = d } }

// ProgramsTimeout limits how long Open waits for running programs that block a migration. The default is 30 seconds.
func ProgramsTimeout(d time.Duration) Option { return func(l *limits) { l.programs = d } }

// PollInterval is the interval at which a node checks for changes whose notification was lost. The default is 5
// seconds.
func PollInterval(d time.Duration) Option { return func(l *limits) { l.poll = d } }

// limits are the time limits for PostgreSQL.
type limits struct {
	read   time.Duration // for a connection and each row of a query
	write  time.Duration // for a transaction, up to its COMMIT
	commit time.Duration // for the answer to the COMMIT
	stop   time.Duration // for the transactions in progress when the database closes
	start  time.Duration // for a server that does not answer when the database is opened
	poll   time.Duration // between checks for changes whose notification was lost

	programs time.Duration // for running programs that block a migration
	retry    time.Duration // between checks whether these are still running
}

func newLimits(options []Option) limits {
	l := limits{read: DefaultReadTimeout, stop: 4 * time.Second,
		start: 30 * time.Second, poll: 5 * time.Second, programs: 30 * time.Second, retry: 200 * time.Millisecond}
	for _, set := range options {
		set(&l)
	}
	if l.write == 0 {
		l.write, l.commit = 2*l.read, 2*l.read
	}
	return l
}

// errSlow is the cause of a context canceled by a [deadline].
var errSlow = errors.New("the database did not answer in time")

// deadline cancels a query that makes no progress.
type deadline struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func newDeadline(ctx context.Context, limit time.Duration) *deadline {
	ctx, cancel := context.WithCancelCause(ctx)
	return &deadline{ctx: ctx, cancel: cancel, limit: limit,
		timer: time.AfterFunc(limit, func() { cancel(errSlow) })}
}

func (d *deadline) extend() { d.timer.Reset(d.limit) }

func (d *deadline) stop() {
	d.timer.Stop()
	d.cancel(nil)
}

func (d *deadline) explain(err error) error {
	if err != nil && context.Cause(d.ctx) == errSlow {
		return slow(err)
	}
	return err
}

// direct runs queries on the pool or the connection of a snapshot, each with a deadline. The driver prepares each text
// once per connection.
type direct struct {
	db    queryable
	limit time.Duration
}

func (d direct) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	return timedQuery(ctx, d.db, d.limit, text, args...)
}

func (d direct) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return d.Query(ctx, text, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}

func (d direct) QueryRow(ctx context.Context, text string, args ...any) Row {
	return timedQueryRow(ctx, d.db, d.limit, text, args...)
}

type queryable interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func timedQuery(ctx context.Context, db queryable, limit time.Duration, text string, args ...any) (Rows, error) {
	deadline := newDeadline(ctx, limit)
	found, err := db.QueryContext(deadline.ctx, text, args...)
	if err != nil {
		err = deadline.explain(err)
		deadline.stop()
		return nil, err
	}
	return &timedRows{found, deadline}, nil
}

func timedQueryRow(ctx context.Context, db queryable, limit time.Duration, text string, args ...any) Row {
	deadline := newDeadline(ctx, limit)
	return timedRow{db.QueryRowContext(deadline.ctx, text, args...), deadline}
}

// timedRows is the result of a query whose deadline is extended for each row.
type timedRows struct {
	*sql.Rows
	deadline *deadline
}

func (r *timedRows) Next() bool {
	r.deadline.extend()
	return r.Rows.Next()
}

func (r *timedRows) Scan(dest ...any) error { return r.deadline.explain(r.Rows.Scan(dest...)) }
func (r *timedRows) Err() error             { return r.deadline.explain(r.Rows.Err()) }

func (r *timedRows) Close() error {
	defer r.deadline.stop()
	return r.Rows.Close()
}

type timedRow struct {
	row      *sql.Row
	deadline *deadline
}

func (r timedRow) Scan(dest ...any) error {
	defer r.deadline.stop()
	return r.deadline.explain(r.row.Scan(dest...))
}
