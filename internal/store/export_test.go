package store

import (
	"context"
	"maps"
	"slices"
)

// What the tests need to see of the inside.

const (
	MaxWaiting = maxWaiting
	MaxBatch   = maxBatch
	Page       = page
)

// Enqueue puts a write into the queue as [Store.Write] does, and gives what waits for its
// result.
func Enqueue(s *Store, fn func(*Tx) error) (wait func() error, err error) {
	j := &job{ctx: context.Background(), now: s.now(), fn: fn, result: make(chan error, 1)}
	if err := s.writer.enqueue(j); err != nil {
		return nil, err
	}
	return func() error { return <-j.result }, nil
}

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
	texts := slices.Collect(maps.Keys(s.writer.sql.prepared))
	for text := range s.reader.q.(*statements).prepared {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// Rules are the invariants, in words.
func Rules() []string {
	var rules []string
	for _, rule := range slices.Concat(invariants, engineInvariants) {
		rules = append(rules, rule.says)
	}
	return rules
}
