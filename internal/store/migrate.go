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
		return fmt.Errorf("could not read the schema's version (is this a database of notary?): %w", err)
	}
	if current > newest {
		return fmt.Errorf("its schema has version %d, this program knows %d: run the newer program that made it", current, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return errors.Join(errors.New("could not bring the schema up to date"), err)
	}
	return nil
}
