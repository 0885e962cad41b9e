package db

import (
	"context"
	"database/sql"
	"regexp"
)

// Querier runs queries, on a pool or inside a transaction.
type Querier interface {
	Query(ctx context.Context, text string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, text string, args ...any) Row
	// QueryPlanned is like Query for a text whose best plan depends on its arguments.
	QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error)
}

// Rows is a [*sql.Rows], optionally with a deadline. Close must be called.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

func untimed(found *sql.Rows, err error) (Rows, error) {
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Row is a [*sql.Row], or the error of preparing the statement.
type Row interface{ Scan(dest ...any) error }

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// maxPrepared is the maximum number of prepared statements of a SQLite connection. Filters and orders combine to many
// texts.
const maxPrepared = 400

var limitParameter = regexp.MustCompile(`\bLIMIT (\$\d+)`)

// compiledOnce returns the text with the parameters of LIMIT wrapped in expressions. SQLite recompiles a statement each
// time a bare one is bound, which takes longer than most queries.
func compiledOnce(text string) string {
	return limitParameter.ReplaceAllString(text, "LIMIT CAST($1 AS INTEGER)")
}
