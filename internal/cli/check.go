package cli

import (
	"context"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/ca"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/keystore"
	"notary/internal/store/archive"
)

func (p *program) checkCommand() *cobra.Command {
	return withDatabaseFlag(onDatabase(&cobra.Command{
		Use:   "check",
		Short: "Check the whole database for damage",
		Long: "Check the whole database for damage; a server may be using it. The check covers SQLite's file, the\n" +
			"schema, the rules between the rows, every value, and every certificate, CSR and CRL against its\n" +
			"fingerprint or signature. With the key file or passphrase it also opens every sealed private key. It\n" +
			"changes nothing. Each finding is a line; the exit code is 1 if there are any.",
		Example: "  notary check --data /var/lib/notary\n  notary check --database " +
			"postgres://notary@db.example.com/notary",
		Args: cobra.NoArgs,
	}, p.check))
}

func (p *program) check(ctx context.Context, c *config.Config, _ []string) error {
	keys, err := existingKeys(c)
	if err != nil {
		return err
	}
	if keys == nil {
		p.notice("there is no key file %s: sealed private keys are not checked", c.SealKey)
	}
	bar := p.newBar()
	found := []map[string]string{}
	count := 0
	err = archive.CheckDatabase(ctx, c.DB, ca.RecordChecks(keys), bar.of("checking"), func(d archive.Damage) {
		count++
		if p.json {
			found = append(found, map[string]string{"kind": string(d.Kind), "text": d.Text})
			return
		}
		bar.end()
		_ = p.done("%s", d)
	})
	bar.end()
	if err != nil {
		return err
	}
	if p.json {
		if err := p.printJSON(map[string]any{"damage": found}); err != nil {
			return err
		}
	} else if count == 0 {
		return p.done("no damage found")
	}
	if count > 0 {
		return notary.Errorf(notary.Internal,
			"the database is damaged (number of findings: %d): stop the server and restore a backup", count)
	}
	return nil
}

// existingKeys returns the keys of the passphrase or the key file, or nil if neither exists.
func existingKeys(c *config.Config) (keystore.Keys, error) {
	switch {
	case c.Passphrase != "":
		return keystore.FromPassphrase(c.Passphrase)
	case files.IsFile(c.SealKey):
		return keystore.FromFile(c.SealKey)
	}
	return nil, nil
}
