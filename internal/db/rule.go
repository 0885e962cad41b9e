package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Rule is an invariant of an intact database. Says describes it, and Breaches is a query that returns a row with one
// text column for each violation.
type Rule struct{ Says, Breaches string }

// FileRules returns the engine's own integrity checks.
func (d *DB) FileRules() []Rule { return d.engine.rules() }

// QuickChecks returns the engine's page checks, one per table.
func (d *DB) QuickChecks(tables []string) []Rule { return d.engine.quickChecks(tables) }

// Broken returns the violations of the rule.
func (r Rule) Broken(ctx context.Context, q Querier) (breaches []string, err error) {
	return Collect(ctx, q, Scan[string], r.Breaches)
}

// Check returns nil if the rule holds. Otherwise the error contains the number of violations and the first five.
func (r Rule) Check(ctx context.Context, q Querier) error {
	breaches, err := r.Broken(ctx, q)
	if err != nil {
		return fmt.Errorf("checking that %s: %w", r.Says, err)
	}
	if len(breaches) > 0 {
		return fmt.Errorf("broken: %s (%d: %s)", r.Says, len(breaches),
			strings.Join(breaches[:min(len(breaches), 5)], ", "))
	}
	return nil
}

// OnConn returns a querier that runs queries on a connection, without a time limit.
func OnConn(conn *sql.Conn) Querier { return onConn{conn} }

type onConn struct{ conn *sql.Conn }

func (c onConn) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	return untimed(c.conn.QueryContext(ctx, text, args...))
}

func (c onConn) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	return c.Query(ctx, text, args...)
}

func (c onConn) QueryRow(ctx context.Context, text string, args ...any) Row {
	return c.conn.QueryRowContext(ctx, text, args...)
}
