package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"notary"
)

const (
	// writers limits the concurrent transactions of a node. More would only wait for the same disk.
	writers = 32
	// pgReaders is the maximum number of additional connections for reading.
	pgReaders = 16
	// slots is the number of rows over which a counter is spread.
	slots = 64

	// connectTimeout limits each attempt to connect to a host. A longer read timeout raises the limit, and the URL can set
	// another one.
	connectTimeout = 5 * time.Second
	// attempts is the maximum number of attempts at a transaction or migration that conflicts with others.
	attempts = 10
)

// scanSettings lists the planner settings that permit sequential scans and the joins that read whole tables.
var scanSettings = []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"}

// postgresEngine is the [engine] of a PostgreSQL database, which any number of nodes may share.
type postgresEngine struct {
	schema Schema
	topics topics
	db     *sql.DB
	config *pgx.ConnConfig
	limits limits

	running context.Context // context of the transactions; canceled if they outlast the stop timeout
	cancel  context.CancelFunc

	free     chan int      // counter slots not in use by a transaction of this node
	waiting  chan struct{} // one element for each transaction waiting for a slot
	stopping chan struct{} // closed by close
	stop     sync.Once
}

func openPostgres(ctx context.Context, url string, schema Schema, limits limits,
	clock func() time.Time) (*postgresEngine, error) {
	e, err := connectPostgres(ctx, url, schema, limits)
	if err != nil {
		return nil, err
	}
	if err := e.migrate(ctx, clock); err != nil {
		return nil, errors.Join(e.migrationError(err), e.db.Close())
	}
	if err := e.join(ctx); err != nil {
		return nil, errors.Join(err, e.db.Close())
	}
	return e, nil
}

// migrationError returns the error for a failed migration. Since PostgreSQL 15 only the owner of a database may create
// tables in its public schema by default.
func (e *postgresEngine) migrationError(err error) error {
	var theirs *pgconn.PgError
	var ours *notary.Error
	if errors.As(err, &ours) {
		return err
	}
	if errors.As(err, &theirs) && theirs.Code == insufficientRights {
		return &notary.Error{Kind: notary.Forbidden, Err: err, Message: fmt.Sprintf(
			"the user %s has no permission to create tables in the database %s: make it the owner with ALTER DATABASE … OWNER TO …",
			e.config.User, e.name())}
	}
	return fmt.Errorf("the database %s: %w", e.name(), err)
}

// connectPostgres connects to a database without migrating it. It waits for a server that is unreachable or starting.
func connectPostgres(ctx context.Context, url string, schema Schema, limits limits) (*postgresEngine, error) {
	config, err := parsePostgres(url, max(connectTimeout, limits.read))
	if err != nil {
		return nil, err
	}
	e := &postgresEngine{schema: schema, topics: schema.topics(), config: config, limits: limits,
		free:    make(chan int, writers),
		waiting: make(chan struct{}, MaxWaiting), stopping: make(chan struct{})}
	e.db = e.pool(setSession)
	e.running, e.cancel = context.WithCancel(context.Background())
	for i, first := 0, rand.IntN(slots); i < writers; i++ {
		e.free <- (first + i) % slots // nodes seldom share a slot
	}
	if err := e.awaitServer(ctx); err != nil {
		return nil, errors.Join(err, e.db.Close())
	}
	return e, nil
}

// pool opens the engine's connection pool; prepare runs on each new connection.
func (e *postgresEngine) pool(prepare func(context.Context, *pgx.Conn) error) *sql.DB {
	db := stdlib.OpenDB(*e.config, stdlib.OptionAfterConnect(prepare))
	db.SetMaxOpenConns(writers + pgReaders)
	db.SetMaxIdleConns(writers + pgReaders)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour) // to return to the first host after a fail-over
	return db
}

// parsePostgres parses the URL and sets defaults. Errors never contain the URL, which may include a password.
func parsePostgres(url string, connect time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Invalid, Field: "database", Err: errors.Unwrap(err),
			Message: "the URL of the database is invalid: write it as postgres://user:password@host:5432/name, " +
				"with %40 for @, %2F for / and so on in the password"}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connect
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "notary"
	}
	return config, nil
}

func (e *postgresEngine) name() string {
	hosts := []string{fmt.Sprintf("%s:%d", e.config.Host, e.config.Port)}
	for _, other := range e.config.Fallbacks { // a host may occur with and without TLS
		hosts = append(hosts, fmt.Sprintf("%s:%d", other.Host, other.Port))
	}
	return e.config.Database + " on " + strings.Join(slices.Compact(hosts), ", ")
}

// awaitServer establishes the first connection. It waits up to the start timeout while the server is unreachable.
func (e *postgresEngine) awaitServer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.limits.start)
	defer cancel()
	for {
		err := e.check(ctx)
		if err == nil || !isTransient(err) {
			return e.refusal(err)
		}
		select {
		case <-ctx.Done():
			return e.refusal(err)
		case <-time.After(time.Second):
		}
	}
}

func (e *postgresEngine) check(ctx context.Context) error {
	var encoding, synchronous string
	err := e.db.QueryRowContext(ctx, `SELECT current_setting('server_encoding'), current_setting('synchronous_commit')`,
		pgx.QueryExecModeExec). // works with any pooler
		Scan(&encoding, &synchronous)
	switch {
	case err != nil:
		return err
	case encoding != "UTF8":
		return notary.Errorf(notary.Invalid, "the database %s has the encoding %s: create one with the encoding UTF8",
			e.name(), encoding)
	case synchronous == "off" || synchronous == "local":
		return notary.Errorf(notary.Invalid, "the database %s has synchronous_commit set to %s, which can lose "+
			"acknowledged changes when a machine fails: set it to on, for the server, the database and the user",
			e.name(), synchronous)
	}
	return e.requireSessions(ctx)
}

func (e *postgresEngine) refusal(err error) error {
	var ours *notary.Error
	var theirs *pgconn.PgError
	var failed *pgconn.ConnectError
	switch {
	case err == nil, errors.As(err, &ours):
		return err
	case !errors.As(err, &theirs) && !errors.As(err, &failed):
		return &notary.Error{Kind: notary.Unavailable, Err: err,
			Message: "the database " + e.name() +
				" does not answer: check that the server is running, and the host and port in the URL"}
	case theirs == nil:
		return &notary.Error{Kind: notary.Unavailable, Err: err,
			Message: "the database " + e.name() +
				" cannot be reached: check that the server is running, and the host, port and TLS settings in the URL"}
	case theirs.Code == invalidPassword || theirs.Code == invalidAuthorization:
		return &notary.Error{Kind: notary.Forbidden, Err: err,
			Message: "the database " + e.name() + " refuses the user " + e.config.User +
				": check the user and password in the URL"}
	case theirs.Code == unknownDatabase:
		return &notary.Error{Kind: notary.NotFound, Err: err,
			Message: "there is no database " + e.name() + ": create it with createdb, or use another"}
	default:
		return &notary.Error{Kind: notary.Unavailable, Err: err,
			Message: "the database " + e.name() + " cannot be used: " + theirs.Message}
	}
}

// close waits for the transactions in progress. It cancels them after the stop timeout.
func (e *postgresEngine) close() error {
	e.stop.Do(func() {
		close(e.stopping)
		late := time.AfterFunc(e.limits.stop, e.cancel)
		defer late.Stop()
		for range writers { // each transaction frees its slot when it ends
			<-e.free
		}
	})
	return e.db.Close()
}

func (e *postgresEngine) connection(ctx context.Context) (*sql.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, e.limits.read)
	defer cancel()
	return e.db.Conn(ctx)
}

func (e *postgresEngine) reads() Querier { return direct{e.db, e.limits.read} }

func (e *postgresEngine) snapshot(ctx context.Context, write bool, fn func(*sql.Conn) error) error {
	conn, err := e.connection(ctx)
	if err != nil {
		return MapError(err)
	}
	defer conn.Close()
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	if write {
		begin = "BEGIN"
	}
	for _, way := range scanSettings {
		begin += "; SET LOCAL " + way + " = on"
	}
	begin += "; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
	if err := e.execute(ctx, conn, begin+"; SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return MapError(err)
	}
	if err := fn(conn); err != nil || !write {
		return errors.Join(err, MapError(e.execute(context.WithoutCancel(ctx), conn, "ROLLBACK")))
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return MapError(err)
}

func (e *postgresEngine) snapshotReads(conn *sql.Conn) Querier { return direct{conn, e.limits.read} }

// execute runs quick statements under the read timeout, in case the server hangs.
func (e *postgresEngine) execute(ctx context.Context, conn *sql.Conn, statements string) error {
	ctx, cancel := context.WithTimeout(ctx, e.limits.read)
	defer cancel()
	_, err := conn.ExecContext(ctx, statements, pgx.QueryExecModeSimpleProtocol)
	return err
}

func (e *postgresEngine) bulk(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	return MapError(conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	}))
}

func (e *postgresEngine) dropIndexes(ctx context.Context, conn *sql.Conn, table string, _ []string) ([]string, error) {
	return dropIndexes(ctx, conn, `SELECT indexname, indexdef FROM pg_indexes
		WHERE schemaname = current_schema() AND tablename = $1
		AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = indexname)`, table, nil)
}

func (e *postgresEngine) loaded(ctx context.Context, conn *sql.Conn, tables []string) error {
	for _, table := range tables {
		var sequence sql.NullString
		err := conn.QueryRowContext(ctx, `SELECT pg_get_serial_sequence($1, a.attname) FROM pg_attribute a
			WHERE a.attrelid = to_regclass($1) AND a.attidentity <> ''`, table).Scan(&sequence)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return MapError(err)
		}
		if sequence.Valid {
			if _, err := conn.ExecContext(ctx, fmt.Sprintf(
				`SELECT setval('%s', (SELECT COALESCE(MAX(id), 0) + 1 FROM %s), false)`, sequence.String,
				table)); err != nil {
				return MapError(err)
			}
		}
		if _, err := conn.ExecContext(ctx, "ANALYZE "+table); err != nil {
			return MapError(err)
		}
	}
	return nil
}

// rules returns nil, because PostgreSQL always enforces foreign keys and pg_amcheck checks its files.
func (e *postgresEngine) rules() []Rule { return nil }

// quickChecks returns nil, because PostgreSQL checks its pages itself.
func (e *postgresEngine) quickChecks([]string) []Rule { return nil }
