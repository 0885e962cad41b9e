package db

import (
	"context"
	"database/sql"
	"time"
)

// engine hides the differences between SQLite and PostgreSQL.
type engine interface {
	reads() Querier
	// write implements [DB.Write]. It returns the invalidated topics, even on error.
	write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error)
	snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error
	snapshotReads(conn *sql.Conn) Querier
	bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error
	dropIndexes(ctx context.Context, conn *sql.Conn, table string, keep []string) (recreate []string, err error)
	loaded(ctx context.Context, conn *sql.Conn, tables []string) error
	// schemas returns the schema of the database, read on conn, and the schema that the migrations create.
	schemas(ctx context.Context, conn *sql.Conn) (got, want objects, err error)
	quickChecks(tables []string) []Rule
	// rules implements [DB.FileRules].
	rules() []Rule
	watch(ctx context.Context, topics []string, fn func(topic string))
	writersOf(ctx context.Context, table string) ([]string, error)
	close() error
}
