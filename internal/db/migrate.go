package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"notary"
)

// claimFile marks a new file as the program's, and refuses that of another program before anything
// is changed in it.
func (s Schema) claimFile(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	defer db.Close()
	if claimed, err := s.claimed(ctx, db); claimed || err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, s.ApplicationID))
	return err
}

// claimed reports whether a file is marked as the program's. A file of another program is an error.
func (s Schema) claimed(ctx context.Context, db *sql.DB) (bool, error) {
	var id int32
	var objects int
	err := db.QueryRowContext(ctx, `SELECT application_id, (SELECT COUNT(*) FROM sqlite_master)
		FROM pragma_application_id`).Scan(&id, &objects)
	switch {
	case err != nil:
		return false, fmt.Errorf("it cannot be read (is this a database of notary?): %w", err)
	case id != s.ApplicationID && (id != 0 || objects > 0):
		return false, errors.New("it belongs to another program: name another file")
	}
	return id == s.ApplicationID, nil
}

func (s Schema) sqliteMigrations(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(s.Migrations, "sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files)
}

// postgresMigrations run under a lock in the database: of nodes that start together, one
// makes the changes and the others wait.
func (s Schema) postgresMigrations(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(s.Migrations, "postgres")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // each second, for five minutes
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
}

func (s Schema) migrateSQLite(ctx context.Context, db *sql.DB) error {
	provider, err := s.sqliteMigrations(db)
	if err != nil {
		return err
	}
	return s.migrate(ctx, provider)
}

func (s Schema) migratePostgres(ctx context.Context, db *sql.DB) error {
	provider, err := s.postgresMigrations(db)
	if err != nil {
		return err
	}
	return s.migrate(ctx, provider)
}

// refuseOthers refuses a PostgreSQL database with the tables of another program, or with tables that
// this user may not read, as a restore by another user leaves them.
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
		return errors.New("it holds the tables of another program: create a database for notary alone")
	case unreadable > 0:
		return &notary.Error{Kind: notary.Forbidden, Message: fmt.Sprintf(
			"the tables of the database belong to another user, and %s may not read them: "+
				"restore it with pg_restore --no-owner --role=%[1]s", user)}
	}
	return nil
}

// errNoVersion is returned for a database with tables but no record of their version.
var errNoVersion = errors.New("it has tables but no goose_db_version, which holds the version of the schema: " +
	"restore the whole backup")

// errUnreleased is returned for a database from before the first release.
var errUnreleased = errors.New("it was made before the first release, in a form that is no longer read: " +
	"begin with a new one")

// migrate migrates the schema to the newest version. A database that is newer than this program is
// refused.
func (s Schema) migrate(ctx context.Context, provider *goose.Provider) error {
	newest := provider.ListSources()[len(provider.ListSources())-1].Version
	current, err := provider.GetDBVersion(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("could not read the schema's version: %w", err)
	case current > newest:
		return fmt.Errorf("its schema has version %d, this program knows %d: run the newer program that made it",
			current, newest)
	case current > 0 && current <= s.Unreleased:
		return errUnreleased
	case current == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return errors.Join(errors.New("could not bring the schema up to date"), err)
	}
	return nil
}

// Version returns the version of a database's schema, 0 for an empty one, and that to which this program
// would migrate it. It fails if this program could not. Nothing is changed; a server may be running.
func (s Schema) Version(ctx context.Context, database string) (current, newest int64, err error) {
	db, provider, err := s.open(ctx, database)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	newest = provider.ListSources()[len(provider.ListSources())-1].Version
	var versioned, tables bool
	query := `SELECT COUNT(*) FILTER (WHERE name = 'goose_db_version') > 0, COUNT(*) FILTER (WHERE name = $1) > 0
		FROM sqlite_master`
	if IsPostgres(database) {
		query = `SELECT to_regclass('goose_db_version') IS NOT NULL, to_regclass($1) IS NOT NULL`
		err = s.refuseOthers(ctx, db)
	} else {
		_, err = s.claimed(ctx, db)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("the database: %w", err)
	}
	if err := db.QueryRowContext(ctx, query, s.Table).Scan(&versioned, &tables); err != nil {
		return 0, 0, MapError(err)
	}
	if !versioned && tables {
		return 0, 0, fmt.Errorf("the database: %w", errNoVersion)
	}
	if versioned {
		current, err = provider.GetDBVersion(ctx)
	}
	if err == nil && current > 0 && current <= s.Unreleased {
		return 0, 0, fmt.Errorf("the database: %w", errUnreleased)
	}
	return current, newest, MapError(err)
}

func (s Schema) open(ctx context.Context, database string) (*sql.DB, *goose.Provider, error) {
	if IsPostgres(database) {
		e, err := connectPostgres(ctx, database, s, newLimits(nil))
		if err != nil {
			return nil, nil, err
		}
		provider, err := s.postgresMigrations(e.db)
		return e.db, provider, err
	}
	if _, err := os.Stat(database); err != nil {
		return nil, nil, notary.Errorf(notary.NotFound, "there is no database %s", database)
	}
	db, err := sql.Open("sqlite", fileURI(database)+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		return nil, nil, err
	}
	provider, err := s.sqliteMigrations(db)
	return db, provider, err
}
