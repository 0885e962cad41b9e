package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// objects maps the kind and name of each schema object, such as a table, column, index or trigger, to its definition.
type objects map[string]string

// SchemaDifferences returns the differences between the database's schema and the one that this program's migrations
// create.
func (d *DB) SchemaDifferences(ctx context.Context) (differences []string, err error) {
	err = d.engine.snapshot(ctx, false, func(conn *sql.Conn) error {
		got, want, err := d.engine.schemas(ctx, conn)
		if err != nil {
			return err
		}
		differences = got.differences(want)
		return nil
	})
	return differences, err
}

func (got objects) differences(want objects) (differences []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch text, ok := got[name]; {
		case !ok:
			differences = append(differences, name+" is missing")
		case text != want[name]:
			differences = append(differences, fmt.Sprintf("%s differs: %s instead of %s", name, text, want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			differences = append(differences, name+" is unexpected")
		}
	}
	return differences
}

func readObjects(ctx context.Context, conn *sql.Conn, query string, args ...any) (objects, error) {
	all := objects{}
	_, err := Collect(ctx, OnConn(conn), func(row Row) (none struct{}, err error) {
		var name, text string
		err = row.Scan(&name, &text)
		all[name] = strings.Join(strings.Fields(text), " ")
		return none, err
	}, query, args...)
	return all, err
}

const sqliteObjects = `SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_master
	WHERE name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`

func (e *sqliteEngine) schemas(ctx context.Context, conn *sql.Conn) (got, want objects, err error) {
	if got, err = readObjects(ctx, conn, sqliteObjects); err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection has its own database
	if err := e.schema.migrateSQLite(ctx, db); err != nil {
		return nil, nil, err
	}
	memory, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, MapError(err)
	}
	defer memory.Close()
	want, err = readObjects(ctx, memory, sqliteObjects)
	return got, want, err
}

// referenceSchema names the schema in which the migrations run for comparison, in a transaction that is rolled back.
const referenceSchema = "notary_reference"

const postgresObjects = `
	SELECT 'column ' || table_name || '.' || column_name,
		data_type || ' ' || COALESCE(collation_name, '') || ' nullable ' || is_nullable ||
			' default ' || COALESCE(column_default, '') || ' identity ' || is_identity
	FROM information_schema.columns WHERE table_schema = $1 AND table_name <> 'goose_db_version'
	UNION ALL
	SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename <> 'goose_db_version'
	UNION ALL
	SELECT 'constraint ' || r.relname || '.' || c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
	JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
	WHERE n.nspname = $1 AND r.relname <> 'goose_db_version'
	UNION ALL
	SELECT 'trigger ' || r.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t
	JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
	WHERE n.nspname = $1 AND NOT t.tgisinternal
	UNION ALL
	SELECT 'rule ' || tablename || '.' || rulename, definition FROM pg_rules WHERE schemaname = $1
	UNION ALL
	SELECT 'view ' || viewname, definition FROM pg_views WHERE schemaname = $1`

// schemas implements [engine]. It runs the migrations in [referenceSchema], which the user must have permission to
// create.
func (e *postgresEngine) schemas(ctx context.Context, conn *sql.Conn) (got, want objects, err error) {
	var name string
	if err := conn.QueryRowContext(ctx, `SELECT current_schema()`).Scan(&name); err != nil {
		return nil, nil, MapError(err)
	}
	if got, err = readObjects(ctx, conn, postgresObjects, name); err != nil {
		return nil, nil, err
	}
	own, err := e.db.Conn(ctx)
	if err != nil {
		return nil, nil, MapError(err)
	}
	defer own.Close()
	tx, err := own.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, MapError(err)
	}
	defer tx.Rollback()
	text, err := e.schema.postgresText()
	if err != nil {
		return nil, nil, err
	}
	_, err = tx.ExecContext(ctx, "CREATE SCHEMA "+referenceSchema+"; SET LOCAL search_path TO "+referenceSchema+";\n"+text,
		pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, nil, MapError(err)
	}
	want, err = readObjects(ctx, own, postgresObjects, referenceSchema)
	return unqualified(got, name), unqualified(want, referenceSchema), err
}

func unqualified(all objects, schema string) objects {
	for name, text := range all {
		all[name] = strings.ReplaceAll(text, schema+".", "")
	}
	return all
}

func (s Schema) postgresText() (string, error) {
	files, err := fs.Glob(s.Migrations, "postgres/*.sql")
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, file := range files {
		text, err := fs.ReadFile(s.Migrations, file)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}
