package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"notary"
)

// markFile marks a new file as belonging to the program. It rejects a file of another program and leaves it unchanged.
func (s Schema) markFile(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	defer db.Close()
	if marked, err := s.isMarked(ctx, db); marked || err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, s.ApplicationID))
	return err
}

// isMarked reports whether a file is marked as belonging to the program. It returns an error for a file of another
// program.
func (s Schema) isMarked(ctx context.Context, db *sql.DB) (bool, error) {
	var id int32
	var objects int
	err := db.QueryRowContext(ctx, `SELECT application_id, (SELECT COUNT(*) FROM sqlite_master)
		FROM pragma_application_id`).Scan(&id, &objects)
	switch {
	case err != nil:
		return false, fmt.Errorf("it cannot be read (is this a notary database?): %w", err)
	case id != s.ApplicationID && (id != 0 || objects > 0):
		return false, errors.New("it belongs to another program: use another file")
	}
	return id == s.ApplicationID, nil
}

type dialect struct {
	goose    goose.Dialect
	folder   string // of the migration files
	hasTable string // query for the number of tables with a given name
}

var (
	sqliteDialect = dialect{goose.DialectSQLite3, "sqlite",
		`SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1`}
	postgresDialect = dialect{goose.DialectPostgres, "postgres", `SELECT COUNT(to_regclass($1))`}
)

func (s Schema) provider(d dialect, db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(s.Migrations, d.folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, db, files)
}

func (s Schema) migrateSQLite(ctx context.Context, db *sql.DB) error {
	provider, err := s.provider(sqliteDialect, db)
	if err != nil {
		return err
	}
	status, err := s.status(ctx, sqliteDialect, db, provider)
	if err == nil {
		err = status.Usable()
	}
	if err != nil {
		return err
	}
	return apply(ctx, provider)
}

// apply applies the pending migrations, each in its own transaction. On PostgreSQL it retries after a deadlock with a
// transaction of a running node.
func apply(ctx context.Context, provider *goose.Provider) error {
	for n := 1; ; n++ {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		if !deadlocked(err) || n == attempts {
			return errors.Join(errors.New("could not migrate the schema"), err)
		}
	}
}

// refuseOthers returns an error if a PostgreSQL database contains only tables of another program, or tables that this
// user may not read, as after a restore by another user.
func (s Schema) refuseOthers(ctx context.Context, db *sql.DB) error {
	var tables, unreadable int
	var ours bool
	var user string
	err := db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(BOOL_OR(c.relname IN ('goose_db_version', $1)), false),
			COUNT(*) FILTER (WHERE NOT has_table_privilege(c.oid, 'SELECT')), current_user
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')`, s.Table).Scan(&tables, &ours, &unreadable, &user)
	switch {
	case err != nil:
		return err
	case tables > 0 && !ours:
		return errors.New("it contains the tables of another program: create a separate database for notary")
	case unreadable > 0:
		return &notary.Error{Kind: notary.Forbidden, Message: fmt.Sprintf(
			"the tables of the database belong to another user, and %s has no permission to read them: "+
				"restore it with pg_restore --no-owner --role=%[1]s", user)}
	}
	return nil
}

var errNoVersion = errors.New("it has tables but no goose_db_version, which contains the version of the schema: " +
	"restore the whole backup")

var errUnreleased = errors.New("it was created before the first release, in a format that is no longer supported: " +
	"start with a new database")

// status returns the status of a versioned or empty database. It creates goose's version table if it does not exist.
func (s Schema) status(ctx context.Context, d dialect, db *sql.DB, provider *goose.Provider) (SchemaStatus, error) {
	current, err := provider.GetDBVersion(ctx)
	switch {
	case err != nil:
		return SchemaStatus{}, fmt.Errorf("could not read the schema's version: %w", err)
	case current > 0 && current <= s.Unreleased:
		return SchemaStatus{}, errUnreleased
	}
	return s.statusOf(ctx, d, db, current)
}

// Status returns the status of a database's schema, or an error if the database belongs to another program. It changes
// nothing and can run while a server uses the database.
func (s Schema) Status(ctx context.Context, database string) (SchemaStatus, error) {
	d, db, err := s.open(ctx, database)
	if err != nil {
		return SchemaStatus{}, err
	}
	defer db.Close()
	status, err := s.readStatus(ctx, d, db)
	var ours *notary.Error
	if err != nil && !errors.As(err, &ours) {
		err = fmt.Errorf("the database: %w", err)
	}
	return status, err
}

func (s Schema) readStatus(ctx context.Context, d dialect, db *sql.DB) (status SchemaStatus, err error) {
	if d == postgresDialect {
		err = s.refuseOthers(ctx, db)
	} else {
		_, err = s.isMarked(ctx, db)
	}
	if err != nil {
		return SchemaStatus{}, err
	}
	var versioned, tables bool
	err = errors.Join(db.QueryRowContext(ctx, d.hasTable, "goose_db_version").Scan(&versioned),
		db.QueryRowContext(ctx, d.hasTable, s.Table).Scan(&tables))
	switch {
	case err != nil:
		return SchemaStatus{}, MapError(err)
	case !versioned && tables:
		return SchemaStatus{}, errNoVersion
	case !versioned:
		return s.statusOf(ctx, d, db, 0)
	}
	provider, err := s.provider(d, db)
	if err != nil {
		return SchemaStatus{}, err
	}
	status, err = s.status(ctx, d, db, provider)
	if err != nil || d != postgresDialect {
		return status, err
	}
	status.Running, err = s.running(ctx, db, status.Current, time.Now())
	return status, MapError(err)
}

func (s Schema) open(ctx context.Context, database string) (dialect, *sql.DB, error) {
	if IsPostgres(database) {
		e, err := connectPostgres(ctx, database, s, newLimits(nil))
		if err != nil {
			return dialect{}, nil, err
		}
		return postgresDialect, e.db, nil
	}
	if _, err := os.Stat(database); err != nil {
		return dialect{}, nil, notary.Errorf(notary.NotFound, "there is no database %s", database)
	}
	db, err := sql.Open("sqlite", fileURI(database)+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	return sqliteDialect, db, err
}
