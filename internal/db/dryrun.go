package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"notary"
)

// MigrationEffect describes what a migration did in a dry run.
type MigrationEffect struct {
	Migration
	Objects []string // changes to schema objects, such as "create index NAME"
	Rows    int64    // inserted, updated or deleted
	Took    time.Duration
}

// DryRun applies the pending migrations and rolls them back. It works on a copy of a SQLite file, because a server may
// be using the file. The copy needs as much disk space as the file. On PostgreSQL the migrations lock tables until the
// rollback, and running servers wait.
func (s Schema) DryRun(ctx context.Context, database string) ([]MigrationEffect, error) {
	status, err := s.Status(ctx, database)
	if err == nil {
		err = status.Usable()
	}
	if err != nil {
		return nil, err
	}
	if IsPostgres(database) {
		return s.dryRunPostgres(ctx, database, status.Pending)
	}
	return s.dryRunSQLite(ctx, database, status.Pending)
}

func (s Schema) dryRunSQLite(ctx context.Context, path string,
	pending []Migration) (effects []MigrationEffect, err error) {
	part := path + ".dry-run"
	RemoveFile(part) // left by an interrupted dry run
	defer RemoveFile(part)
	if err := CreatePrivate(part); err != nil {
		return nil, err
	}
	if err := s.CopyFile(ctx, path, part); err != nil {
		return nil, err
	}
	err = OnFile(ctx, part, WriteFile+"&_pragma=foreign_keys(1)", func(conn *sql.Conn) error {
		run := dryRun{schema: s, conn: conn, dialect: sqliteDialect,
			objects: func() (objects, error) { return readObjects(ctx, conn, sqliteObjects) },
			rows:    `SELECT total_changes()`}
		effects, err = run.all(ctx, pending)
		return err
	})
	return effects, err
}

// dryRunLockTimeout limits how long a dry run waits for the locks of running servers. Meanwhile, other transactions
// queue for the same locks.
const dryRunLockTimeout = "5s"

func (s Schema) dryRunPostgres(ctx context.Context, database string, pending []Migration) ([]MigrationEffect, error) {
	e, err := connectPostgres(ctx, database, s, newLimits(nil))
	if err != nil {
		return nil, err
	}
	defer e.db.Close()
	db := e.migrationDB()
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, MapError(err)
	}
	defer conn.Close()
	var schema string
	if err := conn.QueryRowContext(ctx, `SELECT current_schema()`).Scan(&schema); err != nil {
		return nil, MapError(err)
	}
	run := dryRun{schema: s, conn: conn, dialect: postgresDialect,
		objects: func() (objects, error) { return readObjects(ctx, conn, postgresObjects, schema) },
		rows: `SELECT CAST(COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) AS BIGINT)
			FROM pg_stat_xact_user_tables`}
	return run.all(ctx, pending)
}

type dryRun struct {
	schema  Schema
	conn    *sql.Conn
	dialect dialect
	objects func() (objects, error)
	rows    string // query for the number of rows changed so far
}

func (r dryRun) all(ctx context.Context, pending []Migration) (effects []MigrationEffect, err error) {
	if err := r.exec(ctx, "BEGIN"); err != nil {
		return nil, MapError(err)
	}
	defer func() { err = errors.Join(err, MapError(r.exec(context.WithoutCancel(ctx), "ROLLBACK"))) }()
	if r.dialect == postgresDialect {
		if err := r.exec(ctx, "SET LOCAL lock_timeout = '"+dryRunLockTimeout+"'"); err != nil {
			return nil, MapError(err)
		}
	}
	for _, m := range pending {
		effect, err := r.one(ctx, m)
		if err != nil {
			return nil, err
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

func (r dryRun) one(ctx context.Context, m Migration) (effect MigrationEffect, err error) {
	text, err := fs.ReadFile(r.schema.Migrations, fmt.Sprintf("%s/%05d_%s.sql", r.dialect.folder, m.Version, m.Name))
	if err != nil {
		return effect, err
	}
	before, err := r.objects()
	if err != nil {
		return effect, err
	}
	rows, err := r.changedRows(ctx)
	if err != nil {
		return effect, err
	}
	begun := time.Now()
	if err := r.exec(ctx, string(text)); err != nil {
		return effect, notary.Errorf(notary.Unprocessable, "migration %d (%s) fails: %v", m.Version, m.Name, err)
	}
	effect = MigrationEffect{Migration: m, Took: time.Since(begun)}
	after, err := r.objects()
	if err != nil {
		return effect, err
	}
	now, err := r.changedRows(ctx)
	effect.Rows, effect.Objects = max(now-rows, 0), before.changes(after)
	return effect, err
}

func (r dryRun) changedRows(ctx context.Context) (n int64, err error) {
	err = r.conn.QueryRowContext(ctx, r.rows).Scan(&n)
	return n, MapError(err)
}

// exec runs one or more statements. PostgreSQL accepts several at once only in its simple query protocol.
func (r dryRun) exec(ctx context.Context, text string) error {
	var args []any
	if r.dialect == postgresDialect {
		args = append(args, pgx.QueryExecModeSimpleProtocol)
	}
	_, err := r.conn.ExecContext(ctx, text, args...)
	return err
}

func (before objects) changes(after objects) (all []string) {
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		was, existed := before[name]
		is, exists := after[name]
		switch {
		case !existed:
			all = append(all, "create "+name)
		case !exists:
			all = append(all, "drop "+name)
		case was != is:
			all = append(all, "change "+name)
		}
	}
	return all
}
