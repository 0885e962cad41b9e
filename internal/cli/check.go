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
		Short: "Check the database for corruption",
		Long: "Check the whole database for corruption. A server may be using it, and nothing is changed. The check\n" +
			"covers the SQLite file, the schema, the invariants between rows, every value, and the fingerprint or\n" +
			"signature of every certificate, CSR and CRL. With the key file or passphrase, it also decrypts every\n" +
			"private key. Each finding is printed on its own line, and any finding makes the exit code 1.",
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

// existingKeys opens the keystore with the passphrase or the key file. It returns nil if there is neither.
func existingKeys(c *config.Config) (keystore.Keys, error) {
	switch {
	case c.Passphrase != "":
		return keystore.FromPassphrase(c.Passphrase)
	case files.IsFile(c.SealKey):
		return keystore.FromFile(c.SealKey)
	}
	return nil, nil
}
