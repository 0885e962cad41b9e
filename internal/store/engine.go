package store

import (
	"context"
	"database/sql"
	"time"
)

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	// reads is where questions outside of a transaction are put.
	reads() querier
	// write is [Store.Write].
	write(ctx context.Context, now time.Time, fn func(*Tx) error) error
	// snapshot runs fn on a connection that sees the whole database as it is at one moment,
	// whatever is written meanwhile. Where write is set fn may change the database, in one
	// transaction at whose end only the references need to be right; an error undoes it.
	snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error
	// snapshotReads returns the querier for a list that is read in a snapshot. Like those of reads,
	// its queries fail with [notary.Unavailable] if the server hangs before or between the rows.
	snapshotReads(conn *sql.Conn) querier
	// bulk adds many rows to a table, on the connection of a snapshot that may write.
	bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error
	// dropIndexes drops the indexes of a table that no constraint needs, and gives the
	// statements that make them again.
	dropIndexes(ctx context.Context, conn *sql.Conn, table string) (again []string, err error)
	// loaded makes the ids that are given next follow those that bulk has added, and the
	// planner know how many there are.
	loaded(ctx context.Context, conn *sql.Conn, tables []string) error
	// schemas reads the schema on a connection of a snapshot, and what the migrations create.
	schemas(ctx context.Context, conn *sql.Conn) (got, want schemaObjects, err error)
	// quickChecks are the engine's checks of its files in short steps.
	quickChecks() []invariant
	// invariants are the engine's own checks of its files.
	invariants() []invariant
	// watch calls fn whenever another node has changed the topic, until ctx ends.
	watch(ctx context.Context, fn func(topic string))
	close() error
}
