package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"notary"
)

// errUnique says that a row with this key is there already. The methods that can meet it
// say what that means.
var errUnique = errors.New("a row with this key is there already")

// mapped turns a driver's error into one of ours, by its code.
func mapped(err error) error {
	var fault *sqlite.Error
	var ours *notary.Error
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, errUnique), errors.As(err, &ours):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &notary.Error{Kind: notary.Unavailable, Message: "the request was given up", Err: err}
	case !errors.As(err, &fault):
		return notary.InternalError("use the database", err)
	}
	switch fault.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errUnique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // what the row is about has just been deleted
		return raced()
	}
	switch fault.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return unavailable(err)
	}
	return notary.InternalError("use the database", err)
}

// unavailable says that the database did not take the change, and that it may later.
func unavailable(err error) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: 5 * time.Second, Err: err,
		Message: "the database cannot be written at the moment, nothing was changed: try again"}
}

func busy(why string) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: time.Second,
		Message: why + ", nothing was changed: try again"}
}

// found maps the absence of a row to [notary.NotFound].
func found(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notary.Errorf(notary.NotFound, "there is no %s %d", what, id)
	}
	return mapped(err)
}
