// Package store keeps everything in SQL, and does nothing else: rows to vocabulary and back.
//
// [Open] gives a [Store]. Reads are methods of the Store; every change goes through
// [Store.Write], which returns only after the change is durable. The methods of [Tx] are
// small steps that package ca and package auth put together into one transaction, an event
// included.
//
// The SQL has one text for SQLite and PostgreSQL: numbered parameters, and nothing that only
// one of them knows. What the two do differently is an [engine]. The database is trusted for
// availability and not for secrecy: private keys come here sealed, passwords and tokens
// hashed. What [Store.Write] has acknowledged is never lost; what it has not may be.
package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"notary"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	reader // on the connections that read

	engine engine
	now    func() time.Time
	probe  probe
}

// Open opens a database and brings its schema up to date.
//
// It is named by the path of a SQLite file, which is made where there is none, or by the URL
// of a PostgreSQL database (postgres://user:password@host:port/name; several hosts and the
// parameters of libpq are taken). The file is locked until Close: a second Open fails with
// [notary.Unavailable], in this process or another. A PostgreSQL database may be open on any
// number of nodes; where it does not answer, Open waits for as long as ctx lasts.
//
// The clock gives the time of what is written: [time.Now], but in tests.
func Open(ctx context.Context, database string, clock func() time.Time, options ...Option) (*Store, error) {
	engine, err := openEngine(ctx, database, newLimits(options))
	if err != nil {
		return nil, err
	}
	return &Store{reader: reader{q: engine.reads(), damage: &damageReport{}}, engine: engine, now: clock}, nil
}

func openEngine(ctx context.Context, database string, limits limits) (engine, error) {
	if IsPostgres(database) {
		return openPostgres(ctx, database, limits)
	}
	return openSQLite(ctx, database)
}

// IsPostgres says whether a database is named by the URL of PostgreSQL, and not by a path.
func IsPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Close waits for the writes that are under way, refuses further ones, and closes.
func (s *Store) Close() error { return s.engine.close() }

// Write runs fn in a transaction and returns after its commit is durable. An error of fn
// undoes what fn did and is returned as it is. It is for what the program does by itself; changes
// on behalf of a caller go through [Store.WriteAs].
//
// On SQLite writes that come in together share a commit, so fn must be quick: what takes
// time (signing, hashing) is done before. On PostgreSQL fn may run more than once, after
// another transaction got in its way: it must not count on what it did the last time.
//
// A full queue and a database that fails or is away are [notary.Unavailable]: nothing was
// changed, unless the error says that this is not known. Once fn has begun, the end of ctx
// no longer matters: the caller learns what became of the change.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.WriteAs(ctx, notary.SystemCaller, fn)
}

// WriteAs is Write on behalf of a caller, whom it verifies in the same transaction: if the account
// was deleted or given another role, or the session has ended, since the caller was identified, it
// fails as [notary.Unauthenticated], and until the commit none of that can happen.
func (s *Store) WriteAs(ctx context.Context, by notary.Caller, fn func(*Tx) error) error {
	return s.WriteAccount(ctx, by, 0, fn)
}

// WriteAccount is WriteAs for a change to an account or its sessions. It waits for the transactions
// that rely on the account, and blocks others until it ends.
func (s *Store) WriteAccount(ctx context.Context, by notary.Caller, id int64, fn func(*Tx) error) error {
	err := s.engine.write(ctx, s.now(), s.as(by, id, fn))
	if errors.Is(err, errStale) {
		return s.stale(ctx, by)
	}
	return err
}

// as returns fn preceded by the verification of the caller.
func (s *Store) as(by notary.Caller, changed int64, fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		tx.damage = s.damage
		if err := tx.verify(by, changed); err != nil {
			return err
		}
		return fn(tx)
	}
}
