package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notary"
)

// Tx is a transaction under way: see [Store.Write]. It belongs to the function that got it
// and must not be kept. It reads what it has written.
type Tx struct {
	reader
	sql    executor
	now    time.Time
	counts counts
	alone  bool           // whether no other transaction is under way, as on SQLite
	turns  map[int64]bool // what it has shared or claimed already: whether claimed

	verified verifiedCallers             // of the same commit; nil if the transaction has a commit of its own
	revoked  []notary.RevokedCertificate // by this transaction
}

// executor changes the database.
type executor interface {
	exec(ctx context.Context, text string, args ...any) (rows int64, err error)
	// later runs a statement whose result nobody needs, now or together with those that
	// follow. Its error may come with one of these, or with the commit.
	later(text string, args ...any) error
}

// exec runs one statement and tells how many rows it changed. It has no context: a
// statement that is broken off half-way would take the whole transaction with it.
func (tx *Tx) exec(text string, args ...any) (int64, error) {
	n, err := tx.sql.exec(context.Background(), text, args...)
	return n, mapped(err)
}

// later runs a statement that cannot meet what is there already.
func (tx *Tx) later(text string, args ...any) error { return mapped(tx.sql.later(text, args...)) }

// need runs a query that must find a row. Otherwise the transaction fails with miss: at once, at the
// next read, or at the commit.
func (tx *Tx) need(miss error, text string, args ...any) error {
	if run, ok := tx.sql.(*transaction); ok {
		run.waiting = append(run.waiting, statement{text, args, miss})
		return nil
	}
	var one int
	err := tx.q.queryRow(context.Background(), text, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return miss
	}
	return mapped(err)
}

// insert runs an INSERT … RETURNING id.
func (tx *Tx) insert(text string, args ...any) (id int64, err error) {
	err = tx.q.queryRow(context.Background(), text, args...).Scan(&id)
	return id, mapped(err)
}

// change runs an UPDATE or DELETE that must find exactly its row; otherwise it gives miss.
func (tx *Tx) change(miss error, text string, args ...any) error {
	n, err := tx.exec(text, args...)
	if err == nil && n == 0 {
		return miss
	}
	return err
}

// seconds is the form of a time in the database; 0 stands for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// timeOf returns the time of a column, the nearest one that JSON can express if it is out of
// range.
func timeOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(min(max(seconds, earliest), latest), 0).UTC()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
