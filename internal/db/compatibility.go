package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"notary"
)

// Migration is one of the migrations of a [Schema].
type Migration struct {
	Version int64
	Name    string

	// CompatibleFrom is the lowest schema version that a program must know to use the database after the migration.
	CompatibleFrom int64
}

// A migration records its CompatibleFrom in the database, so that older programs can check whether they are compatible.
// These expressions find it in the migration's file before the migration runs.
var (
	compatibilityRows = regexp.MustCompile(
		`INSERT INTO schema_compatibility \(version, compatible_from\) VALUES([^;]*);`)
	compatibilityRow = regexp.MustCompile(`\((\d+), (\d+)\)`)
)

// List returns the migrations in order. If a migration records no CompatibleFrom, the default is its own version.
func (s Schema) List() ([]Migration, error) { return s.list(sqliteDialect.folder) }

func (s Schema) list(folder string) ([]Migration, error) {
	files, err := fs.Glob(s.Migrations, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	var all []Migration
	stated := map[int64]int64{}
	for _, file := range files {
		text, err := fs.ReadFile(s.Migrations, file)
		if err != nil {
			return nil, err
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the name of the migration %s does not begin with a number", file)
		}
		all = append(all, Migration{Version: version, Name: name})
		for _, statement := range compatibilityRows.FindAllSubmatch(text, -1) {
			for _, pair := range compatibilityRow.FindAllSubmatch(statement[1], -1) {
				of, _ := strconv.ParseInt(string(pair[1]), 10, 64)
				stated[of], _ = strconv.ParseInt(string(pair[2]), 10, 64)
			}
		}
	}
	for i, m := range all {
		all[i].CompatibleFrom = m.Version
		if from, ok := stated[m.Version]; ok {
			all[i].CompatibleFrom = from
		}
	}
	return all, nil
}

// SchemaStatus compares a database's schema with this program's.
type SchemaStatus struct {
	Current        int64             // version of the database's schema; 0 for an empty database
	Newest         int64             // version to which this program migrates
	CompatibleFrom int64             // lowest schema version that a program must know to use the database
	Pending        []Migration       // the migrations that this program would apply
	Running        []RunningPrograms // on PostgreSQL only
}

// RunningPrograms describes the programs of one schema version that have the database open.
type RunningPrograms struct {
	Version   int64
	Addresses string // client addresses as seen by PostgreSQL; "" if unknown
}

// Usable returns an error if this program is too old for the schema of the database.
func (s SchemaStatus) Usable() error {
	if s.Newest >= s.CompatibleFrom {
		return nil
	}
	return fmt.Errorf("its schema has version %d, which requires a program of schema version %d or later, but this one "+
		"has %d: run the newer program that upgraded it, or restore the backup from before the upgrade",
		s.Current, s.CompatibleFrom, s.Newest)
}

// Required returns the lowest schema version that a program must know to use the database after the pending migrations.
func (s SchemaStatus) Required() int64 {
	required := s.CompatibleFrom
	for _, m := range s.Pending {
		required = max(required, m.CompatibleFrom)
	}
	return required
}

// Blocking returns the running programs that must stop before the pending migrations can be applied.
func (s SchemaStatus) Blocking() (blocking []RunningPrograms) {
	for _, r := range s.Running {
		if r.Version < s.Required() {
			blocking = append(blocking, r)
		}
	}
	return blocking
}

func (s SchemaStatus) refusal() error {
	var which []string
	for _, r := range s.Blocking() {
		text := fmt.Sprintf("version %d", r.Version)
		if r.Addresses != "" {
			text += " (" + r.Addresses + ")"
		}
		which = append(which, text)
	}
	return notary.Errorf(notary.Conflict, "the database has to be upgraded from schema version %d to %d, which requires "+
		"every node to have version %d or later, but nodes of other versions are running: %s. Stop them, then start "+
		"this program again",
		s.Current, s.Newest, s.Required(), strings.Join(which, ", "))
}

func (s Schema) statusOf(ctx context.Context, d dialect, db *sql.DB, current int64) (SchemaStatus, error) {
	all, err := s.list(d.folder)
	if err != nil {
		return SchemaStatus{}, err
	}
	status := SchemaStatus{Current: current, Newest: all[len(all)-1].Version}
	for _, m := range all {
		if m.Version > current {
			status.Pending = append(status.Pending, m)
		}
	}
	status.CompatibleFrom, err = compatibleFrom(ctx, d, db, current)
	return status, err
}

// compatibleFrom returns the lowest schema version that a program must know to use the database. It returns current if
// no requirement is recorded for that version.
func compatibleFrom(ctx context.Context, d dialect, db *sql.DB, current int64) (from int64, err error) {
	var recorded bool
	if err := db.QueryRowContext(ctx, d.hasTable, "schema_compatibility").Scan(&recorded); err != nil {
		return 0, MapError(err)
	}
	if !recorded {
		return current, nil
	}
	var stated bool
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(compatible_from), 0), COUNT(CASE WHEN version = $1 THEN 1 END)
		FROM schema_compatibility`, current).Scan(&from, &stated)
	if !stated {
		from = current
	}
	return from, MapError(err)
}
