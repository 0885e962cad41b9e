package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/app"
	"notary/internal/config"
	"notary/internal/files"
)

func (p *program) setupCodeCommand() *cobra.Command {
	return withDatabaseFlag(onDatabase(&cobra.Command{
		Use:   "setup-code",
		Short: "Replace the setup code for creating the first account",
		Long: "Replace the setup code, which is required to create the server's first account, and print the new code.\n" +
			"With SQLite, stop the server first; with PostgreSQL, nodes may be running.",
		Example: "  notary setup-code --data /var/lib/notary",
		Args:    cobra.NoArgs,
	}, asServerUser(p.newSetupCode)))
}

func (p *program) newSetupCode(ctx context.Context, c *config.Config, _ []string) error {
	code, err := app.ReplaceSetupCode(ctx, c)
	if file := app.SetupCodeFile(c.Data); notary.KindOf(err) == notary.Unavailable && files.IsFile(file) {
		return withHint(err, "its setup code is in %s", file)
	}
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(map[string]string{"setup_code": code})
	}
	_, err = fmt.Fprintln(p.out, code)
	return err
}
