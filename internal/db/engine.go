package db

import (
	"context"
	"database/sql"
	"time"
)

// engine hides the differences between SQLite and PostgreSQL.
type engine interface {
	// reads implements [DB.Reads].
	reads() Querier
	// write implements [DB.Write]. It returns the invalidated topics, also on an error.
	write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error)
	// snapshot implements [DB.Snapshot].
	snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error
	// snapshotReads implements [DB.SnapshotReads].
	snapshotReads(conn *sql.Conn) Querier
	// bulk implements [DB.Bulk].
	bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error
	// dropIndexes implements [DB.DropIndexes].
	dropIndexes(ctx context.Context, conn *sql.Conn, table string, keep []string) (recreate []string, err error)
	// loaded implements [DB.Loaded].
	loaded(ctx context.Context, conn *sql.Conn, tables []string) error
	// schemas reads the schema on a connection of a snapshot, and the schema that the migrations create.
	schemas(ctx context.Context, conn *sql.Conn) (got, want objects, err error)
	// quickChecks implements [DB.QuickChecks].
	quickChecks(tables []string) []Rule
	// rules implements [DB.FileRules].
	rules() []Rule
	// watch implements [DB.Watch].
	watch(ctx context.Context, topics []string, fn func(topic string))
	// writersOf implements [DB.Writers].
	writersOf(ctx context.Context, table string) ([]string, error)
	close() error
}
