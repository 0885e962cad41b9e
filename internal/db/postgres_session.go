package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"notary"
)

// sessionSettings apply to each session. They are set after connecting, because PgBouncer rejects unknown startup
// parameters.
var sessionSettings = [][2]string{
	{"timezone", "UTC"},
	{"default_transaction_isolation", "read committed"},
	// Every query has an index and returns few rows. Without these settings, a plan made while a table was small could
	// scan the whole table once it is large.
	{scanSettings[0], "off"},
	{scanSettings[1], "off"},
	{scanSettings[2], "off"},
	{"max_parallel_workers_per_gather", "0"},
	// PostgreSQL compiles plans with a high estimated cost. The settings above give it to every scan without an index,
	// as of a small table. Compiling a plan takes a tenth of a second, running it far less.
	{"jit", "off"},
	// With these settings the server ends the queries, transactions and connections of a failed or unreachable node.
	{"statement_timeout", "60s"},
	{"idle_in_transaction_session_timeout", "60s"},
	{"tcp_keepalives_idle", "30"},
	{"tcp_keepalives_interval", "10"},
	{"tcp_keepalives_count", "3"},
	{"tcp_user_timeout", "60s"},
}

// setSession applies the session settings, except those that the URL sets.
func setSession(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, conn.Config().ConnectTimeout)
	defer cancel()
	var text strings.Builder
	for _, setting := range sessionSettings {
		if _, own := conn.Config().RuntimeParams[setting[0]]; !own {
			fmt.Fprintf(&text, "SET %s = '%s'; ", setting[0], setting[1])
		}
	}
	_, err := conn.Exec(ctx, text.String())
	return err
}

// setMigrationSession is like setSession, but without time limits, because creating a large index could exceed them.
func setMigrationSession(ctx context.Context, conn *pgx.Conn) error {
	if err := setSession(ctx, conn); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
	return err
}

// probes is the number of tests for a shared session in [postgresEngine.requireSessions].
const probes = 5

// requireSessions rejects a connection pooler that may switch server sessions between transactions (PgBouncer's
// pool_mode transaction or statement). Session settings, prepared statements, LISTEN and the migration lock depend on
// the session.
func (e *postgresEngine) requireSessions(ctx context.Context) error {
	first, err := e.probe(ctx)
	if err != nil {
		return err
	}
	defer first.Close(ctx)
	var backend uint32
	if err := first.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return err
	}
	if backend == first.PgConn().PID() { // connected directly to the server
		return nil
	}
	second, err := e.probe(ctx)
	if err != nil {
		return err
	}
	defer second.Close(ctx)
	for range probes {
		shared, err := sharesSession(ctx, first, second)
		if err != nil {
			return err
		}
		if shared {
			return e.poolerError()
		}
	}
	return nil
}

// probe opens a connection without prepared statements, which a pooler may not support.
func (e *postgresEngine) probe(ctx context.Context) (*pgx.Conn, error) {
	config := e.config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return pgx.ConnectConfig(ctx, config)
}

// sharesSession reports whether a pooler switches sessions: the second connection sees a session setting of the first,
// the first loses its setting while the second is in a transaction, or transactions are rejected.
func sharesSession(ctx context.Context, first, second *pgx.Conn) (bool, error) {
	mark := rand.Text()
	if _, err := first.Exec(ctx, `SELECT set_config('notary.session', $1, false)`, mark); err != nil {
		return false, err
	}
	tx, err := second.Begin(ctx)
	var refused *pgconn.PgError
	if errors.As(err, &refused) { // pool_mode statement does not allow transactions
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer tx.Rollback(ctx)
	const read = `SELECT COALESCE(current_setting('notary.session', true), '')`
	var seen, kept string
	if err := tx.QueryRow(ctx, read).Scan(&seen); err != nil {
		return false, err
	}
	if seen == mark { // a query on first could wait forever if the pool has only one session
		return true, nil
	}
	if err := first.QueryRow(ctx, read).Scan(&kept); err != nil {
		return false, err
	}
	return kept != mark, nil
}

func (e *postgresEngine) poolerError() error {
	return notary.Errorf(notary.Unprocessable, "the connection pooler in front of the database %s can give each "+
		"transaction a different session, which notary does not support: set pool_mode = session for this database "+
		"in PgBouncer, or connect to PostgreSQL directly", e.name())
}
