package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"notary"
)

// errUnique says that a row with this key is there already. The methods that can meet it
// say what that means.
var errUnique = errors.New("a row with this key is there already")

// mapped turns a driver's error into one of ours, by its code.
func mapped(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var ours *notary.Error
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, errUnique), errors.As(err, &ours):
		return err
	case errors.As(err, &lite):
		return mappedSQLite(lite.Code(), err)
	case errors.As(err, &pg):
		return mappedPostgres(pg.Code, err)
	case errors.Is(err, context.Canceled):
		return &notary.Error{Kind: notary.Unavailable, RetryAfter: time.Second, Message: "the request was given up", Err: err}
	case isAway(err):
		return away(err)
	default:
		return notary.InternalError("use the database", err)
	}
}

func mappedSQLite(code int, err error) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return errUnique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // what the row is about has just been deleted
		return raced()
	}
	switch code & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return unavailable(err)
	}
	return notary.InternalError("use the database", err)
}

// Codes of PostgreSQL (its manual, appendix A).
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	readOnlyTransaction  = "25006"
	lockNotAvailable     = "55P03"
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	insufficientRights   = "42501"
	unknownDatabase      = "3D000"
)

func mappedPostgres(code string, err error) error {
	switch code {
	case uniqueViolation:
		return errUnique
	case foreignKeyViolation: // what the row is about has just been deleted
		return raced()
	case serializationFailure, deadlockDetected, lockNotAvailable:
		return busyBecause(err)
	case readOnlyTransaction:
		return unavailable(err)
	}
	if isAway(err) {
		return away(err)
	}
	return notary.InternalError("use the database", err)
}

// isAway says whether the database cannot be used now and may be later: it is not there,
// shutting down, starting, full, or not the primary.
func isAway(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "58": // connection, resources, an operator's doing, the system
			return true
		}
		return pg.Code == readOnlyTransaction
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgconn.ErrConnClosed)
}

// away says that the database could not be asked.
func away(err error) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: 5 * time.Second, Err: err,
		Message: "the database cannot be reached at the moment, nothing was changed: try again"}
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

func busyBecause(err error) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: time.Second, Err: err,
		Message: "too many changes of the same things at once, nothing was changed: try again"}
}

// found maps the absence of a row to [notary.NotFound].
func found(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notary.Errorf(notary.NotFound, "there is no %s %d", what, id)
	}
	return mapped(err)
}
