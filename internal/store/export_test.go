package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"notary"
)

// What the tests need to see of the inside.

const (
	MaxWaiting = maxWaiting
	MaxBatch   = maxBatch
	Page       = eachPage
)

// Enqueue puts a write into the queue as [Store.Write] does, and gives what waits for its
// result.
func Enqueue(s *Store, fn func(*Tx) error) (wait func() error, err error) {
	return EnqueueAs(s, notary.SystemCaller, 0, fn)
}

// EnqueueAs is Enqueue for [Store.WriteAccount].
func EnqueueAs(s *Store, by notary.Caller, changed int64, fn func(*Tx) error) (wait func() error, err error) {
	fn = s.as(by, changed, fn)
	j := &job{ctx: context.Background(), now: s.now(), fn: fn, result: make(chan error, 1)}
	if err := s.engine.(*sqliteEngine).writer.enqueue(j); err != nil {
		return nil, err
	}
	return func() error { return <-j.result }, nil
}

// SelectRevocations is asked outside of what collects statements.
const SelectRevocations = selectRevocations

// Exec runs any statement in a transaction.
func Exec(tx *Tx, text string, args ...any) error {
	_, err := tx.exec(text, args...)
	return err
}

// QueryText asks for one value, on a connection that reads.
func QueryText(ctx context.Context, s *Store, text string, args ...any) (value string, err error) {
	err = s.reader.q.queryRow(ctx, text, args...).Scan(&value)
	return value, err
}

// QueryTextTx asks for one value, on the connection that writes.
func QueryTextTx(tx *Tx, text string, args ...any) (value string, err error) {
	err = tx.q.queryRow(context.Background(), text, args...).Scan(&value)
	return value, err
}

// Statements are all texts that were prepared so far, for reading and for writing.
func Statements(s *Store) []string {
	texts := slices.Collect(maps.Keys(s.engine.(*sqliteEngine).writer.sql.prepared))
	for text := range s.reader.q.(*statements).prepared {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// CopiedColumns returns the columns that a copy has, by table.
func CopiedColumns() map[string][]string {
	copied := map[string][]string{}
	for _, t := range tables {
		copied[t.name] = t.columns
	}
	return copied
}

// Rules are the invariants, in words.
func Rules() []string {
	var rules []string
	for _, rule := range slices.Concat(invariants, (&sqliteEngine{}).invariants()) {
		rules = append(rules, rule.says)
	}
	return rules
}

// SetLimits makes the bounds of the search small, and gives what puts them back. Without a
// glance none is taken.
func SetLimits(newGlance, newFew, newStep, newMaxSteps int) (restore func()) {
	oldGlance, oldFew, oldStep, oldMaxSteps := glance, few, step, maxSteps
	glance, few, step, maxSteps = newGlance, newFew, newStep, newMaxSteps
	return func() { glance, few, step, maxSteps = oldGlance, oldFew, oldStep, oldMaxSteps }
}

// Asked is a statement as it was run.
type Asked struct {
	Text string
	Args []any
}

// Record gives the store once more, with what takes down its SELECT, INSERT, UPDATE and
// DELETE statements, each text once.
func Record(s *Store) (*Store, *[]Asked) {
	e := &recorder{engine: s.engine, asked: &[]Asked{}}
	return &Store{reader: reader{q: recorded{s.engine.reads(), e.asked}, damage: s.damage}, engine: e, now: s.now}, e.asked
}

type recorder struct {
	engine
	asked *[]Asked
}

func (e *recorder) write(ctx context.Context, now time.Time, fn func(*Tx) error) error {
	return e.engine.write(ctx, now, func(tx *Tx) error {
		asked := recorded{tx.q, e.asked}
		tx.reader = reader{q: asked, damage: tx.damage}
		tx.sql = recordedExecutor{tx.sql, asked}
		return fn(tx)
	})
}

type recorded struct {
	querier
	asked *[]Asked
}

func (r recorded) note(text string, args []any) {
	text = strings.TrimSpace(text)
	verb, _, _ := strings.Cut(text, " ")
	if slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) && !strings.Contains(text, "pg_") &&
		!slices.ContainsFunc(*r.asked, func(a Asked) bool { return a.Text == text }) {
		*r.asked = append(*r.asked, Asked{text, args})
	}
}

func (r recorded) query(ctx context.Context, text string, args ...any) (rows, error) {
	r.note(text, args)
	return r.querier.query(ctx, text, args...)
}

func (r recorded) queryRow(ctx context.Context, text string, args ...any) row {
	r.note(text, args)
	return r.querier.queryRow(ctx, text, args...)
}

func (r recorded) queryPlanned(ctx context.Context, text string, args ...any) (rows, error) {
	r.note(text, args)
	return r.querier.queryPlanned(ctx, text, args...)
}

type recordedExecutor struct {
	executor
	recorded
}

func (r recordedExecutor) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r.note(text, args)
	return r.executor.exec(ctx, text, args...)
}

// ExplainPostgres gives PostgreSQL's plan of a statement with its arguments, as JSON, on a
// connection of the store.
func ExplainPostgres(ctx context.Context, s *Store, a Asked) (plan string, err error) {
	args := append([]any{pgx.QueryExecModeCacheDescribe}, a.Args...)
	err = s.engine.(*postgresEngine).db.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+a.Text, args...).Scan(&plan)
	return plan, err
}

// SetPollEvery changes how often a node looks for changes that it was not told of, and returns what
// puts it back.
func SetPollEvery(d time.Duration) (restore func()) {
	old := pollEvery
	pollEvery = d
	return func() { pollEvery = old }
}

// SetPatience changes how long the start waits for PostgreSQL, and gives what puts it back.
func SetPatience(d time.Duration) (restore func()) {
	old := patience
	patience = d
	return func() { patience = old }
}

func (r recordedExecutor) later(text string, args ...any) error {
	r.note(text, args)
	return r.executor.later(text, args...)
}

// Limit makes the limits short: for a query and its rows, a transaction, the answer to its
// COMMIT, and the transactions in progress on a stop.
func Limit(read, write, commit, stop time.Duration) Option {
	return func(l *limits) { *l = limits{read, write, commit, stop} }
}

// Topics are all that nodes notify each other of.
var Topics = topics

// BackupUnchecked is Backup as of versions that did not look for damage.
func BackupUnchecked(ctx context.Context, path, to string) error {
	if err := copyPages(ctx, path, to); err != nil {
		return err
	}
	_, err := seal(ctx, to, nil)
	return err
}
