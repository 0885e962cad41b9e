package db

import (
	"context"
	"database/sql"
	"regexp"
	"sync"
)

// Querier runs queries, on a pool or inside a transaction.
type Querier interface {
	Query(ctx context.Context, text string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, text string, args ...any) Row
	// QueryPlanned is Query for a text whose best plan depends on its arguments.
	QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error)
}

// Rows are *sql.Rows, optionally with a deadline. Close must be called.
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

// Row is *sql.Row, or the error of preparing the statement.
type Row interface{ Scan(dest ...any) error }

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// statements prepares each SQL text once: parsing costs more than most queries.
type statements struct {
	db       *sql.DB
	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

// maxPrepared limits the prepared statements: filters and orders combine to many texts.
const maxPrepared = 400

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, prepared: map[string]*sql.Stmt{}}
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt, ok := s.prepared[text]
	s.mu.RUnlock()
	if ok {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt, ok := s.prepared[text]; ok {
		return stmt, nil
	}
	for old, stmt := range s.prepared { // any of them: those in use are soon prepared again
		if len(s.prepared) < maxPrepared {
			break
		}
		stmt.Close() // takes effect when no longer in use
		delete(s.prepared, old)
	}
	stmt, err := s.db.PrepareContext(context.WithoutCancel(ctx), compiledOnce(text))
	if err != nil {
		return nil, err
	}
	s.prepared[text] = stmt
	return stmt, nil
}

var limitParameter = regexp.MustCompile(`\bLIMIT (\$\d+)`)

// compiledOnce returns the text with parameters of LIMIT as expressions. SQLite compiles a statement again each time
// that a bare one is set, which takes longer than most queries.
func compiledOnce(text string) string {
	return limitParameter.ReplaceAllString(text, "LIMIT CAST($1 AS INTEGER)")
}

func (s *statements) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	stmt, err := s.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return untimed(stmt.QueryContext(ctx, args...))
}

func (s *statements) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return s.Query(ctx, text, args...) // SQLite plans without the arguments
}

func (s *statements) QueryRow(ctx context.Context, text string, args ...any) Row {
	stmt, err := s.get(ctx, text)
	if err != nil {
		return failedRow{err}
	}
	return stmt.QueryRowContext(ctx, args...)
}
