package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Rule is something that is always true of an intact database, as a query for what breaks it: one
// text column, one row for each breach.
type Rule struct{ Says, Breaches string }

// FileRules are the engine's own checks of its files.
func (d *DB) FileRules() []Rule { return d.engine.rules() }

// QuickChecks are the engine's checks of the files of these tables, in short steps.
func (d *DB) QuickChecks(tables []string) []Rule { return d.engine.quickChecks(tables) }

// Broken returns what breaks the rule.
func (r Rule) Broken(ctx context.Context, q Querier) (breaches []string, err error) {
	return Collect(ctx, q, Scan[string], r.Breaches)
}

// Check returns an error with what breaks the rule.
func (r Rule) Check(ctx context.Context, q Querier) error {
	breaches, err := r.Broken(ctx, q)
	if err != nil {
		return fmt.Errorf("checking that %s: %w", r.Says, err)
	}
	if len(breaches) > 0 {
		return fmt.Errorf("broken: %s (%d: %s)", r.Says, len(breaches), strings.Join(breaches[:min(len(breaches), 5)], ", "))
	}
	return nil
}

// OnConn returns a querier that runs each statement once on a connection, for as long as it takes.
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
