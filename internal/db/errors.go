package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"

	"notary"
)

// ErrUnique is returned when a row with the same key already exists. Callers replace it with an error that explains
// the conflict.
var ErrUnique = errors.New("a row with this key already exists")

// MapError maps a driver's error to [ErrUnique] or a [notary.Error]. It returns nil, [sql.ErrNoRows] and errors that
// are already mapped unchanged.
func MapError(err error) error {
	var pg *pgconn.PgError
	var ours *notary.Error
	code, lite := sqliteCode(err)
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnique), errors.As(err, &ours):
		return err
	case lite:
		return mappedSQLite(code, err)
	case errors.As(err, &pg):
		return mappedPostgres(pg, err)
	case errors.Is(err, context.Canceled):
		return &notary.Error{Kind: notary.Unavailable, RetryAfter: time.Second, Message: "the request was canceled",
			Err: err}
	case notary.Exhausted(err) != nil: // this process is out of a resource and cannot connect
		return notary.Exhausted(err)
	case timedOut(err):
		return slow(err)
	case isTransient(err):
		return unreachable(err)
	case err.Error() == "sql: database is closed": // database/sql does not export it
		return busy("the server is stopping")
	default:
		return notary.InternalError("use the database", err)
	}
}

var sqliteSentences = map[int]string{
	sqlite3.SQLITE_PERM:   "the database cannot be accessed (check the permissions of its files)",
	sqlite3.SQLITE_BUSY:   "the database is in use by another program",
	sqlite3.SQLITE_LOCKED: "the database is locked",
	sqlite3.SQLITE_NOMEM:  "the server has no memory left",
	sqlite3.SQLITE_READONLY: "the database cannot be written at the moment " +
		"(check the permissions of its files and its file system)",
	sqlite3.SQLITE_INTERRUPT: "the request was canceled",
	sqlite3.SQLITE_IOERR:     "the database's disk reports an error",
	sqlite3.SQLITE_FULL:      "the database's disk is full (free some space)",
	sqlite3.SQLITE_CANTOPEN:  "the database's files cannot be opened (the server may have no file descriptors left)",
	sqlite3.SQLITE_PROTOCOL:  "the database is locked",
	sqlite3.SQLITE_SCHEMA:    "the database's schema has just changed",
	sqlite3.SQLITE_NOLFS:     "the database's file system cannot hold a file of this size",
}

func mappedSQLite(code int, err error) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrUnique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // a referenced row has just been deleted
		return Raced()
	}
	if sentence, ok := sqliteSentences[code&0xff]; ok { // the primary code of an extended code
		return temporary(sentence, 5*time.Second, err)
	}
	return notary.InternalError("use the database", err)
}

const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	serializationFailure = "40001"
	divisionByZero       = "22012"
	deadlockDetected     = "40P01"
	readOnlyTransaction  = "25006"
	idleInTransaction    = "25P03"
	queryCanceled        = "57014"
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	insufficientRights   = "42501"
	unknownDatabase      = "3D000"
)

type state struct {
	sentence  string
	transient bool // the connection or server is unusable, but another one may work
}

const refusesUser = "the database refuses the server's user (check the user and password in the URL of the database)"

// states maps SQLSTATE codes and their classes (the first two characters) to states. A code takes precedence over its
// class. All other codes indicate a bug or damage and are permanent.
var states = map[string]state{
	"08":                 {"the database cannot be reached at the moment", true},
	readOnlyTransaction:  {"the database cannot be written at the moment", true}, // after a fail-over
	idleInTransaction:    {"the database ended the transaction because it took too long", true},
	"25P04":              {"the database ended the transaction because it took too long", true}, // transaction_timeout
	invalidAuthorization: {refusesUser, false},
	invalidPassword:      {refusesUser, false},
	unknownDatabase:      {"the database does not exist (check its name in the URL of the database)", false},
	"40":                 {"too many concurrent changes to the same object", false},
	"53":                 {"the database has run out of a resource", true},
	"53100":              {"the database's disk is full (free some space)", true},
	"53200":              {"the database has no memory left", true},
	"53300":              {"the database has too many connections (raise max_connections)", true},
	"55006":              {"the database is in use", false},
	"55P03":              {"too many concurrent changes to the same object", false}, // lock_not_available
	"57":                 {"the database cannot be reached at the moment", true},    // shutdown, crash, start
	queryCanceled:        {"the database did not answer in time", false},
	"58":                 {"the database's disk reports an error", true},
}

func stateOf(pg *pgconn.PgError) (state, bool) {
	if s, ok := states[pg.Code]; ok {
		return s, true
	}
	if pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery" { // another node has just upgraded the schema
		return state{"the database's schema has just changed", true}, true
	}
	if len(pg.Code) != 5 {
		return state{}, false
	}
	s, ok := states[pg.Code[:2]]
	return s, ok
}

func mappedPostgres(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case uniqueViolation:
		return ErrUnique
	case foreignKeyViolation: // a referenced row has just been deleted
		return Raced()
	}
	state, ok := stateOf(pg)
	switch {
	case pg.Code == "40003": // statement_completion_unknown
		return errUnknown(err)
	case !ok:
		return notary.InternalError("use the database", err)
	case pg.Code[:2] == "40" || pg.Code == "55P03":
		return temporary(state.sentence, time.Second, err)
	}
	return temporary(state.sentence, 5*time.Second, err)
}

func deadlocked(err error) bool {
	var fault *pgconn.PgError
	return errors.As(err, &fault) && fault.Code == deadlockDetected
}

// temporary returns the error for a temporary failure that changed nothing.
func temporary(sentence string, retryAfter time.Duration, err error) error {
	return &notary.Error{Kind: notary.Unavailable, RetryAfter: retryAfter, Err: err,
		Message: sentence + ", so nothing was changed: try again"}
}

// isTransient reports whether err means that the connection or the server is temporarily unusable: unreachable,
// shutting down, starting, out of a resource, or not the primary.
func isTransient(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		state, _ := stateOf(pg)
		return state.transient
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgconn.ErrConnClosed)
}

// unreachable returns the error for a query that did not reach the database.
func unreachable(err error) error {
	return temporary("the database cannot be reached at the moment", 5*time.Second, err)
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// slow returns the error for a database that did not answer in time. Nothing was changed.
func slow(err error) error {
	return temporary("the database did not answer in time", 5*time.Second, err)
}

// unavailable returns the error for a change that SQLite could not make. A retry may succeed.
func unavailable(err error) error {
	if code, ok := sqliteCode(err); ok && sqliteSentences[code&0xff] != "" {
		return MapError(err)
	}
	return temporary("the database cannot be written at the moment", 5*time.Second, err)
}

func busy(why string) error { return temporary(why, time.Second, nil) }

// Raced returns the error for a change to an object that another transaction has changed in the meantime.
func Raced() error {
	return notary.Errorf(notary.Conflict, "this was changed in the meantime: check it and try again")
}

// Corrupt reports whether err means that a SQLite file is damaged or is not a database.
func Corrupt(err error) bool {
	code, ok := sqliteCode(err)
	return ok && slices.Contains([]int{sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}, code&0xff)
}

// sqliteCode returns the extended result code of an error from either SQLite driver.
func sqliteCode(err error) (code int, ok bool) {
	var fault *modernc.Error
	if errors.As(err, &fault) {
		return fault.Code(), true
	}
	code = int(sqlite.ErrCode(err)) // SQLITE_ERROR for errors of other packages
	return code, code != sqlite3.SQLITE_OK && code != sqlite3.SQLITE_ERROR
}
