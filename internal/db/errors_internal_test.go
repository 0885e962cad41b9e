package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"notary"
)

// Transient conditions are Unavailable with a retry time; bugs and damage are Internal.
func TestPostgresCodes(t *testing.T) {
	t.Parallel()
	tests := map[notary.Kind][]string{
		notary.Unavailable: {
			"08000", "08001", "08003", "08004", "08006", "08P01", // connection
			"25006", "25P03", "25P04", // read-only, time limits of transactions
			"28000", "28P01", "3D000", // changed password, renamed database
			"40000", "40001", "40002", "40P01", // rolled back
			"53000", "53100", "53200", "53300", "53400", // resources
			"55006", "55P03", // in use, locked
			"57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", // operator intervention
			"58000", "58030", "58P01", // the system
		},
		notary.OutcomeUnknown: {"40003"},
		notary.Internal: {"22001", "23502", "23514", "25P02", "26000", "42601", "42P01", "42501", "42P05",
			"XX000", "XX001", "XX002", "P0001", "?"},
	}
	for kind, codes := range tests {
		for _, code := range codes {
			err := MapError(fmt.Errorf("query: %w", &pgconn.PgError{Code: code, Message: "the server's words"}))
			wantMapped(t, code, err, kind)
		}
	}
	plan := &pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery", Message: "cached plan must not change " +
		"result type"}
	wantMapped(t, "a plan from before an upgrade", MapError(plan), notary.Unavailable)
	wantMapped(t, "another feature", MapError(&pgconn.PgError{Code: "0A000"}), notary.Internal)
}

func TestSQLiteCodes(t *testing.T) {
	t.Parallel()
	tests := map[notary.Kind][]int{
		// PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL,
		// SCHEMA, NOLFS, and extended ones: IOERR_WRITE, CANTOPEN_ISDIR, BUSY_SNAPSHOT
		notary.Unavailable: {3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 17, 22, 778, 526, 517},
		// ERROR, CORRUPT, TOOBIG, CONSTRAINT_CHECK, MISMATCH, MISUSE, NOTADB
		notary.Internal: {1, 11, 18, 275, 20, 21, 26},
	}
	for kind, codes := range tests {
		for _, code := range codes {
			wantMapped(t, fmt.Sprint(code), mappedSQLite(code, errors.New("the engine's words")), kind)
		}
	}
}

func TestConnectionErrors(t *testing.T) {
	t.Parallel()
	dial := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", errno)}
	}
	for name, test := range map[string]struct {
		err  error
		says string
	}{
		"no descriptors":            {dial(syscall.EMFILE), "no file descriptors left"},
		"none on the whole machine": {dial(syscall.ENFILE), "no file descriptors left"},
		"nobody listens":            {dial(syscall.ECONNREFUSED), "cannot be reached"},
		"no answer":                 {context.DeadlineExceeded, "did not answer in time"},
		"no answer to a read":       {os.ErrDeadlineExceeded, "did not answer in time"},
		"the client has gone":       {context.Canceled, "was canceled"},
		"cut off":                   {io.ErrUnexpectedEOF, "cannot be reached"},
		"closed":                    {net.ErrClosed, "cannot be reached"},
		"a used connection":         {driver.ErrBadConn, "cannot be reached"},
		"a connection given back":   {sql.ErrConnDone, "cannot be reached"},
		"the store has closed":      {errors.New("sql: database is closed"), "the server is stopping"},
	} {
		err := MapError(fmt.Errorf("query: %w", test.err))
		if name == "the store has closed" {
			err = MapError(test.err)
		}
		wantMapped(t, name, err, notary.Unavailable)
		if !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q does not say %q", name, err, test.says)
		}
	}
}

func wantMapped(t *testing.T, name string, err error, kind notary.Kind) {
	t.Helper()
	var e *notary.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("%s: %v is of kind %q, want %q", name, err, notary.KindOf(err), kind)
		return
	}
	if kind == notary.Unavailable && (e.RetryAfter <= 0 || strings.Contains(e.Message, "words")) {
		t.Errorf("%s: %q, retry after %v", name, e.Message, e.RetryAfter)
	}
}
