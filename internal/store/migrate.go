package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// applicationID marks a SQLite file as ours: the letters NTRY.
const applicationID = 0x4e545259

// claim marks a new file as ours, and refuses one that is somebody else's before anything is
// changed in it.
func claim(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	defer db.Close()
	var id, objects int
	err = db.QueryRowContext(ctx, `SELECT application_id, (SELECT COUNT(*) FROM sqlite_master)
		FROM pragma_application_id`).Scan(&id, &objects)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be read (is this a database of notary?): %w", err)
	case id == applicationID:
		return nil
	case id != 0 || objects > 0:
		return errors.New("it belongs to another program: name another file")
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
	return err
}

// migrate brings the schema up to date. A database that is newer than this program is
// refused.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	newest := provider.ListSources()[len(provider.ListSources())-1].Version
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("could not read the schema's version: %w", err)
	}
	if current > newest {
		return fmt.Errorf("its schema has version %d, this program knows %d: run the newer program that made it", current, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return errors.Join(errors.New("could not bring the schema up to date"), err)
	}
	return nil
}
