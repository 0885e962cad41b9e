package db

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Tx is a transaction in progress. It is valid only in the function passed to [DB.Write]. Its queries see its changes.
type Tx struct {
	Querier

	sql      executor
	now      time.Time
	counts   Counts
	alone    bool           // no other transaction is in progress, as on SQLite
	locks    map[int64]bool // locks acquired so far; true if exclusive
	topics   topics
	changed  []string     // topics
	verified map[any]bool // see [Tx.Verified]
}

type executor interface {
	exec(ctx context.Context, text string, args ...any) (rows int64, err error)
	// later runs a statement whose result is not needed, either now or in a batch with later statements. A later statement
	// or the commit may return its error.
	later(text string, args ...any) error
}

// Now returns the time at which the transaction was requested.
func (tx *Tx) Now() time.Time { return tx.now }

// Alone reports whether no other transaction runs until this one ends, as on SQLite.
func (tx *Tx) Alone() bool { return tx.alone }

// Verified returns a map in which transactions that share a commit record what they have verified. It is nil on
// PostgreSQL, where commits are not shared.
func (tx *Tx) Verified() map[any]bool { return tx.verified }

// Exec runs one statement and returns the number of rows changed. It takes no context, because canceling a statement
// would abort the whole transaction.
func (tx *Tx) Exec(text string, args ...any) (int64, error) {
	tx.note(text)
	n, err := tx.sql.exec(context.Background(), text, args...)
	return n, MapError(err)
}

// Query runs a query, or a statement that returns rows.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	tx.note(text)
	return tx.Querier.Query(ctx, text, args...)
}

// QueryRow runs a query, or a statement that returns a row.
func (tx *Tx) QueryRow(ctx context.Context, text string, args ...any) Row {
	tx.note(text)
	return tx.Querier.QueryRow(ctx, text, args...)
}

// Later runs a statement whose result is not needed and that cannot violate a unique key. A later call may return its
// error.
func (tx *Tx) Later(text string, args ...any) error {
	tx.note(text)
	return MapError(tx.sql.later(text, args...))
}

// Need runs a query that must find a row. If it finds none, the transaction fails with miss: immediately, at the next
// read or at the commit.
func (tx *Tx) Need(miss error, text string, args ...any) error {
	if run, ok := tx.sql.(*transaction); ok {
		run.needRow(miss, text, args)
		return nil
	}
	var one int
	err := tx.QueryRow(context.Background(), text, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return miss
	}
	return MapError(err)
}

// Insert runs an INSERT … RETURNING id and returns the ID.
func (tx *Tx) Insert(text string, args ...any) (id int64, err error) {
	err = tx.QueryRow(context.Background(), text, args...).Scan(&id)
	return id, MapError(err)
}

// ChangeLater runs an UPDATE or DELETE that must affect a row. If it affects none, the transaction fails with miss, as
// in [Tx.Need].
func (tx *Tx) ChangeLater(miss error, text string, args ...any) error {
	if run, ok := tx.sql.(*transaction); ok {
		tx.note(text)
		run.needChange(miss, text, args)
		return nil
	}
	return tx.Change(miss, text, args...)
}

// Change runs an UPDATE or DELETE and returns miss if it affects no row.
func (tx *Tx) Change(miss error, text string, args ...any) error {
	n, err := tx.Exec(text, args...)
	if err == nil && n == 0 {
		return miss
	}
	return err
}
