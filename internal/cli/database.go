package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/app"
	"notary/internal/ca"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/store"
	"notary/internal/store/archive"
)

// onDatabase makes c call do with the configuration that "notary start" would use with the same flags, and returns c.
func onDatabase(c *cobra.Command, do func(ctx context.Context, c *config.Config, args []string) error) *cobra.Command {
	var file string
	c.RunE = func(command *cobra.Command, args []string) error {
		c, err := config.Load(cmp.Or(file, os.Getenv(config.EnvConfig)), os.Environ(), changedFlags(command))
		if err != nil {
			return err
		}
		return do(command.Context(), c, args)
	}
	c.Annotations = map[string]string{localCommand: ""}
	c.Flags().StringVar(&file, "config", "", "YAML `file` with the server's configuration (default $NOTARY_CONFIG)")
	c.Flags().String(config.KeyData, "", "the server's data `folder` (default $NOTARY_DATA or ./notary-data)")
	return c
}

// asServerUser returns a function that calls do unless the SQLite database is in a folder of another user.
func asServerUser(do func(ctx context.Context, c *config.Config, args []string) error,
) func(ctx context.Context, c *config.Config, args []string) error {
	return func(ctx context.Context, c *config.Config, args []string) error {
		if err := app.RequireServerUser(c); err != nil {
			return err
		}
		return do(ctx, c, args)
	}
}

func withDatabaseFlag(c *cobra.Command) *cobra.Command {
	c.Flags().String(config.KeyDatabase, "", "`URL` of a PostgreSQL database (default $NOTARY_DATABASE)")
	return c
}

func (p *program) storeCommand() *cobra.Command {
	return group("store", "Copy databases", p.storeCopy())
}

func (p *program) storeCopy() *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "copy",
		Short: "Copy a database to a new SQLite or PostgreSQL database",
		Long: "Copy a whole database into an empty one, for example from SQLite to PostgreSQL. Stop the server first.\n" +
			"The digests of the copy and the original are compared, and all invariants are checked. The key file is\n" +
			"not copied: keep using the existing one.",
		Example: "  notary store copy --from notary-data/notary.db --to postgres://notary@db.example.com/notary\n" +
			"  notary store copy --from postgres://notary@db.example.com/notary --to new/notary.db",
		Args:        cobra.NoArgs,
		Annotations: map[string]string{localCommand: ""},
		RunE:        func(c *cobra.Command, _ []string) error { return p.copyStore(c.Context(), from, to) },
	}
	c.Flags().StringVar(&from, "from", "", "SQLite `file` or PostgreSQL URL to copy; - for the URL in $NOTARY_DATABASE")
	c.Flags().StringVar(&to, "to", "", "SQLite `file` to create, or URL of an empty PostgreSQL database; - for the "+
		"URL in $NOTARY_DATABASE")
	c.MarkFlagRequired("from")
	c.MarkFlagRequired("to")
	return c
}

func (p *program) copyStore(ctx context.Context, from, to string) (err error) {
	source, err := p.openNamed(ctx, from, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := p.openNamed(ctx, to, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	bar := p.newBar()
	read, err := archive.Copy(ctx, source, target, bar.of("copying"))
	if err != nil {
		bar.end()
		return err
	}
	written, err := archive.Digest(ctx, target, bar.of("comparing"))
	bar.end()
	switch {
	case err != nil:
		return err
	case read != written:
		return notary.Errorf(notary.Internal, "the copy differs from the original: do not use it (%s, %s)", read,
			written)
	}
	p.notice("checking all invariants …")
	if err := archive.CheckInvariants(ctx, target); err != nil {
		return notary.Errorf(notary.Internal, "the copy is identical to the original, but neither is intact: %v", err)
	}
	if p.json {
		return p.printJSON(map[string]string{"digest": written})
	}
	return p.done("copied; both have the same content, SHA-256 %s", written)
}

// openNamed opens a database by its name on the command line. With mustExist it does not create the database, and
// rejects one that a newer program upgraded, because this program does not know all of its tables.
func (p *program) openNamed(ctx context.Context, name string, mustExist bool) (*store.Store, error) {
	if name == "-" {
		if name = p.env(config.EnvDatabase); name == "" {
			return nil, usagef("- stands for the database in %s, which is not set: set it, or specify the database", config.EnvDatabase)
		}
	}
	if mustExist && !store.IsPostgres(name) && !files.IsFile(name) {
		return nil, notary.Errorf(notary.NotFound, "there is no file %s", name)
	}
	if mustExist {
		status, err := store.Schema(ctx, name)
		if err == nil && status.Current > status.Newest {
			err = notary.Errorf(notary.Unprocessable, "the database has schema version %d, but this program supports only "+
				"version %d: copy it with the newer program that upgraded it", status.Current, status.Newest)
		}
		if err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, name, time.Now)
}

func (p *program) backupCommand() *cobra.Command {
	return onDatabase(&cobra.Command{
		Use:   "backup FILE",
		Short: "Back up the SQLite database to a new file while the server runs",
		Long: "Copy the SQLite database to a new file. A server may be using it, and its writes are not delayed. The\n" +
			"copy is consistent and contains every change acknowledged before the call, including the CAs' encrypted\n" +
			"keys. It is checked as by notary check, except that keys are not decrypted; a damaged copy is deleted.\n" +
			"Keep the key file (seal.key), which decrypts the keys, in another place. For PostgreSQL, see\n" +
			"docs/operations.md.",
		Example: "  notary backup /backup/notary-2026-11-25.db --data /var/lib/notary",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, c *config.Config, args []string) error {
		if err := onlySQLite(c, "pg_dump or pg_basebackup"); err != nil {
			return err
		}
		bar := p.newBar()
		digest, err := archive.Backup(ctx, c.DB, args[0], ca.RecordChecks(nil), bar.of("checking the copy"))
		bar.end()
		if err != nil {
			return err
		}
		if err := archive.RecordBackup(ctx, c.DB, args[0], digest); err != nil {
			p.notice("the backup could not be recorded as an event: %v", err)
		}
		if p.json {
			return p.printJSON(map[string]string{"file": args[0], "digest": digest})
		}
		return p.done("backup written to %s, SHA-256 %s", args[0], digest)
	})
}

func (p *program) restoreCommand() *cobra.Command {
	var replace bool
	c := onDatabase(&cobra.Command{
		Use:   "restore FILE",
		Short: "Restore the SQLite database from a backup",
		Long: "Check a backup (its digest, schema and all invariants), then restore it as the SQLite database of a data\n" +
			"folder. Stop the server first, and run the command as the user that runs the server. All sessions end. An\n" +
			"existing database is replaced only with --replace, and is kept under another name.",
		Example: "  notary restore /backup/notary-2026-11-25.db --data /var/lib/notary",
		Args:    cobra.ExactArgs(1),
	}, asServerUser(func(ctx context.Context, c *config.Config, args []string) error {
		if err := onlySQLite(c, "pg_restore or the copied cluster"); err != nil {
			return err
		}
		if err := requireReadable(args[0]); err != nil {
			return err
		}
		if err := app.MakeDataFolder(filepath.Dir(c.DB)); err != nil {
			return err
		}
		bar := p.newBar()
		kept, err := archive.Restore(ctx, args[0], c.DB, replace, bar.of("checking"))
		bar.end()
		if err != nil {
			return err
		}
		if kept != "" {
			p.notice("the previous database is kept as %s", kept)
		}
		if !files.IsFile(c.SealKey) && c.Passphrase == "" {
			p.notice("there is no key file %s: restore the one of this database before you start the server", c.SealKey)
		}
		return p.done("%s is restored", c.DB)
	}))
	c.Flags().BoolVar(&replace, "replace", false, "replace the existing database, which is kept under another name")
	return c
}

// requireReadable returns an error if the file is missing or unreadable. SQLite does not distinguish the two.
func requireReadable(name string) error {
	if !files.IsFile(name) {
		return notary.Errorf(notary.NotFound, "there is no file %s", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return notary.Errorf(notary.Forbidden, "cannot read %s as this user: %v", name, err)
	}
	return file.Close()
}

func onlySQLite(c *config.Config, with string) error {
	if store.IsPostgres(c.DB) {
		return notary.Errorf(notary.Unprocessable, "the database is PostgreSQL: use its own tools, %s (see "+
			"docs/operations.md)", with)
	}
	return nil
}
