package db

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// Traced returns a copy of d that calls fn for every statement of its queries and transactions. It does not trace
// snapshots or the statements of the engine itself.
func (d *DB) Traced(fn func(text string, args []any)) *DB {
	return &DB{engine: tracedEngine{d.engine, fn}, now: d.now, topics: d.topics, listeners: d.listeners}
}

// Statements returns the texts of the statements that are prepared on the writer and on idle readers of a SQLite
// database.
func (d *DB) Statements() []string {
	e := d.engine.(*sqliteEngine)
	all := e.reader.texts()
	err := e.writer.alone(context.Background(), func(*sql.Conn) error { // only the writer's goroutine may read them
		all = slices.AppendSeq(all, maps.Keys(e.writer.sql.prepared))
		return nil
	})
	if err != nil {
		panic(err) // the database is closed
	}
	for i, text := range all {
		all[i] = compiledOnce(text)
	}
	return all
}

type tracedEngine struct {
	engine
	trace func(text string, args []any)
}

func (e tracedEngine) reads() Querier { return traced{e.engine.reads(), e.trace} }

func (e tracedEngine) write(ctx context.Context, now time.Time, fn func(*Tx) error) (changed []string, err error) {
	return e.engine.write(ctx, now, func(tx *Tx) error {
		tx.Querier, tx.sql = traced{tx.Querier, e.trace}, tracedExecutor{tx.sql, e.trace}
		return fn(tx)
	})
}

type traced struct {
	Querier
	trace func(text string, args []any)
}

func (t traced) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	t.trace(text, args)
	return t.Querier.Query(ctx, text, args...)
}

func (t traced) QueryRow(ctx context.Context, text string, args ...any) Row {
	t.trace(text, args)
	return t.Querier.QueryRow(ctx, text, args...)
}

func (t traced) QueryPlanned(ctx context.Context, text string, args ...any) (Rows, error) {
	t.trace(text, args)
	return t.Querier.QueryPlanned(ctx, text, args...)
}

type tracedExecutor struct {
	executor
	trace func(text string, args []any)
}

func (t tracedExecutor) exec(ctx context.Context, text string, args ...any) (int64, error) {
	t.trace(text, args)
	return t.executor.exec(ctx, text, args...)
}

func (t tracedExecutor) later(text string, args ...any) error {
	t.trace(text, args)
	return t.executor.later(text, args...)
}
