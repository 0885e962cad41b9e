package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
)

const (
	MaxWaiting = db.MaxWaiting
	MaxBatch   = db.MaxBatch
	Page       = eachPage
)

// Enqueue queues a write like [Store.Write], and returns a function that waits for its result.
func Enqueue(s *Store, fn func(*Tx) error) (wait func() error, err error) {
	return EnqueueAs(s, notary.SystemCaller, 0, fn)
}

// EnqueueAs is Enqueue for [Store.WriteAccount].
func EnqueueAs(s *Store, by notary.Caller, changed int64, fn func(*Tx) error) (wait func() error, err error) {
	return s.db.Enqueue(context.Background(), s.as(by, changed, fn))
}

const SelectRevocations = selectRevocations

func Exec(tx *Tx, text string, args ...any) error {
	_, err := tx.db.Exec(text, args...)
	return err
}

// QueryText returns a single value, read on a read connection.
func QueryText(ctx context.Context, s *Store, text string, args ...any) (value string, err error) {
	err = s.reader.q.QueryRow(ctx, text, args...).Scan(&value)
	return value, err
}

// QueryTextTx returns a single value, read on the write connection.
func QueryTextTx(tx *Tx, text string, args ...any) (value string, err error) {
	err = tx.q.QueryRow(context.Background(), text, args...).Scan(&value)
	return value, err
}

func Statements(s *Store) []string {
	texts := s.db.Statements()
	slices.Sort(texts)
	return slices.Compact(texts)
}

type Asked struct {
	Text string
	Args []any
}

// Record returns the store and a list of its SELECT, INSERT, UPDATE and DELETE statements, each text once.
func Record(s *Store) (*Store, *[]Asked) {
	asked := &[]Asked{}
	d := s.db.Traced(func(text string, args []any) {
		text = strings.TrimSpace(text)
		verb, _, _ := strings.Cut(text, " ")
		if slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) && !strings.Contains(text, "pg_") &&
			!slices.ContainsFunc(*asked, func(a Asked) bool { return a.Text == text }) {
			*asked = append(*asked, Asked{text, args})
		}
	})
	traced := &Store{reader: s.reader, db: d, now: s.now}
	traced.q = d.Reads()
	return traced, asked
}

// ExplainPostgres returns PostgreSQL's plan of a statement with its arguments, as JSON.
func ExplainPostgres(ctx context.Context, s *Store, a Asked) (plan string, err error) {
	plans, err := db.CollectPlanned(ctx, s.q, db.Scan[string], "EXPLAIN (FORMAT JSON) "+a.Text, a.Args...)
	return strings.Join(plans, ""), err
}

// Limit sets limits for a query and its rows, for a transaction and the answer to its COMMIT, and for closing.
func Limit(read, write, stop time.Duration) []Option {
	return []Option{Database(db.ReadTimeout(read), db.WriteTimeout(write), db.StopTimeout(stop))}
}

func Changed(tx *Tx, topic string) error {
	tx.db.Changed(topic)
	return nil
}

// Changes returns how often the transaction has invalidated a topic so far.
func Changes(tx *Tx, topic string) int64 {
	return tx.db.Counted()[db.CounterKey{Name: "changes of " + topic}]
}
