package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"notary"
)

// Programs of several schema versions may have a PostgreSQL database open at once. Each connection holds a shared
// advisory lock on its program's version. A migration that is incompatible with a version acquires an exclusive lock on
// it, which fails while a program of that version is running and prevents others from connecting. Once the migration is
// applied, schema_compatibility excludes that version.
//
// The application ID and the version identify a lock. The lock of version 0 serializes migrations.

// migrationTimeout limits how long a program waits while another one migrates.
const migrationTimeout = 5 * time.Minute

// migrate migrates the schema over connections without time limits.
func (e *postgresEngine) migrate(ctx context.Context, clock func() time.Time) error {
	if err := e.schema.refuseOthers(ctx, e.db); err != nil {
		return err
	}
	db := e.migrationDB()
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock_all()`)
	if err := e.lockMigrations(ctx, conn); err != nil {
		return err
	}
	provider, err := e.schema.provider(postgresDialect, db)
	if err != nil {
		return err
	}
	status, err := e.schema.status(ctx, postgresDialect, db, provider)
	if err == nil {
		err = status.Usable()
	}
	if err == nil && len(status.Pending) > 0 {
		err = e.exclude(ctx, conn, status, clock)
	}
	if err != nil || len(status.Pending) == 0 {
		return err
	}
	return apply(ctx, provider)
}

func (e *postgresEngine) migrationDB() *sql.DB {
	return stdlib.OpenDB(*e.config, stdlib.OptionAfterConnect(setMigrationSession))
}

func (e *postgresEngine) lockMigrations(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, 0)`, e.schema.ApplicationID)
	if timedOut(err) {
		return &notary.Error{Kind: notary.Unavailable, Err: err,
			Message: "another node has been upgrading the database for minutes: start this one when it has finished"}
	}
	return err
}

// exclude waits until no running program is incompatible with the pending migrations. It then prevents such programs
// from connecting until conn releases its locks. It returns a [notary.Conflict] error if they are still running after
// the programs timeout.
func (e *postgresEngine) exclude(ctx context.Context, conn *sql.Conn, status SchemaStatus,
	clock func() time.Time) error {
	for deadline := time.Now().Add(e.limits.programs); ; {
		excluded, err := e.schema.lockVersions(ctx, conn, status, clock())
		if excluded || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			status.Running, err = e.schema.running(ctx, conn, status.Current, clock())
			if err == nil && len(status.Blocking()) > 0 {
				err = status.refusal()
			}
			if err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(e.limits.retry):
		}
	}
}

func (s Schema) lockVersions(ctx context.Context, conn *sql.Conn, status SchemaStatus,
	now time.Time) (locked bool, err error) {
	if status.Current > 0 && status.Current < s.Announced {
		running, err := leased(ctx, conn, status.Current, now)
		return len(running) == 0, err
	}
	err = conn.QueryRowContext(ctx, `SELECT COALESCE(BOOL_AND(pg_try_advisory_lock($1, CAST(v AS INTEGER))), true)
		FROM generate_series(CAST($2 AS BIGINT), CAST($3 AS BIGINT)) v`,
		s.ApplicationID, s.Announced, status.Required()-1).Scan(&locked)
	return locked, err
}

func (s Schema) running(ctx context.Context, db queryable, current int64, now time.Time) ([]RunningPrograms, error) {
	if current < s.Announced {
		return leased(ctx, db, current, now)
	}
	return collectPrograms(ctx, db, `SELECT CAST(l.objid AS BIGINT),
			COALESCE(STRING_AGG(DISTINCT HOST(a.client_addr), ', '), '')
		FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted AND l.objsubid = 2
			AND CAST(l.classid AS BIGINT) = $1
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		GROUP BY l.objid ORDER BY l.objid`, s.ApplicationID)
}

// leased returns one element if programs that predate version locks are running: one of them always holds a lease.
func leased(ctx context.Context, db queryable, current int64, now time.Time) ([]RunningPrograms, error) {
	return collectPrograms(ctx, db, `SELECT CAST($1 AS BIGINT), CAST('' AS TEXT) FROM lease
		WHERE expires_at > $2 LIMIT 1`, current, Seconds(now))
}

func collectPrograms(ctx context.Context, db queryable, text string, args ...any) (all []RunningPrograms, err error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r RunningPrograms
		if err := rows.Scan(&r.Version, &r.Addresses); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// join replaces the connection pool with one whose connections announce this program's version. It fails if the
// database excludes that version.
func (e *postgresEngine) join(ctx context.Context) error {
	all, err := e.schema.list(postgresDialect.folder)
	if err != nil {
		return err
	}
	version := all[len(all)-1].Version
	if version < e.schema.Announced {
		return nil
	}
	before := e.db
	e.db = e.pool(func(ctx context.Context, conn *pgx.Conn) error { return e.announce(ctx, conn, version) })
	if err := before.Close(); err != nil {
		return err
	}
	return MapError(e.db.PingContext(ctx))
}

// announce prepares a connection of a running program. It locks the program's version and then checks that the database
// does not exclude that version.
func (e *postgresEngine) announce(ctx context.Context, conn *pgx.Conn, version int64) error {
	err := setSession(ctx, conn)
	if err == nil {
		err = e.lockVersion(ctx, conn, version)
	}
	if err != nil { // the driver does not close the connection
		e.disconnect(conn)
	}
	return err
}

func (e *postgresEngine) lockVersion(ctx context.Context, conn *pgx.Conn, version int64) error {
	ctx, cancel := context.WithTimeout(ctx, conn.Config().ConnectTimeout)
	defer cancel()
	var locked bool
	err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock_shared($1, $2)`, pgx.QueryExecModeSimpleProtocol,
		e.schema.ApplicationID, int32(version)).Scan(&locked)
	var from int64
	if err == nil && locked { // read after locking, because a migration holds the lock until its commit
		err = conn.QueryRow(ctx, `SELECT COALESCE(MAX(compatible_from), 0) FROM schema_compatibility`,
			pgx.QueryExecModeSimpleProtocol).Scan(&from)
	}
	if err == nil && (!locked || version < from) {
		err = &notary.Error{Kind: notary.Unavailable, RetryAfter: 5 * time.Second, Message: fmt.Sprintf(
			"the database was upgraded by a newer program, and this one (schema version %d) cannot use it any more: "+
				"stop it and start the newer program", version)}
	}
	return err
}
