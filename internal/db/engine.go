package db

import (
	"context"
	"database/sql"
	"time"
)

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// reads is [DB.Reads].
	reads() Querier
	// write is [DB.Write]. It returns the topics that the transaction has invalidated, with an error, too.
	write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error)
	// snapshot is [DB.Snapshot].
	snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error
	// snapshotReads returns the Querier for a list that is read in a snapshot. Like those of reads,
	// its queries fail with [notary.Unavailable] if the server hangs before or between the rows.
	snapshotReads(conn *sql.Conn) Querier
	// bulk is [DB.Bulk].
	bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error
	// dropIndexes is [DB.DropIndexes].
	dropIndexes(ctx context.Context, conn *sql.Conn, table string, keep []string) (again []string, err error)
	// loaded is [DB.Loaded].
	loaded(ctx context.Context, conn *sql.Conn, tables []string) error
	// schemas reads the schema on a connection of a snapshot, and what the migrations create.
	schemas(ctx context.Context, conn *sql.Conn) (got, want objects, err error)
	// quickChecks is [DB.QuickChecks].
	quickChecks(tables []string) []Rule
	// rules is [DB.FileRules].
	rules() []Rule
	// watch is [DB.Watch].
	watch(ctx context.Context, topics []string, fn func(topic string))
	// writersOf is [DB.Writers].
	writersOf(ctx context.Context, table string) ([]string, error)
	close() error
}
