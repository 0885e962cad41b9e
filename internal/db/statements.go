package db

import (
	"context"
	"database/sql"
	"regexp"
)

// Querier runs queries on a pool, on a connection or in a transaction.
type Querier interface {
	Query(ctx context.Context, text string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, text string, args ...any) Row
	// QueryPlanned is like Query, but for a query whose best plan depends on its arguments.
	QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error)
}

// Rows is the result of a query, with the methods of [sql.Rows]. Callers must call Close.
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

// Row is a single row, like [sql.Row]. Scan also returns the errors of the query.
type Row interface{ Scan(dest ...any) error }

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// maxPrepared limits the prepared statements of a SQLite connection. Filters and sort orders combine into many
// statements.
const maxPrepared = 400

var limitParameter = regexp.MustCompile(`\bLIMIT (\$\d+)`)

// compiledOnce returns the text with the parameter of each LIMIT wrapped in an expression. SQLite recompiles a
// statement whenever a bare LIMIT parameter is bound, which takes longer than most queries.
func compiledOnce(text string) string {
	return limitParameter.ReplaceAllString(text, "LIMIT CAST($1 AS INTEGER)")
}
