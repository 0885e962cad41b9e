package cli

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"notary/internal/app"
	"notary/internal/auth"
	"notary/internal/config"
)

func (p *program) accountRecover() *cobra.Command {
	var email string
	var stdin, generate, create bool
	c := withDatabaseFlag(onDatabase(&cobra.Command{
		Use:   "recover",
		Short: "Reset an Admin's password on the server",
		Long: "Reset an Admin's password when no one can log in. Run the command on the server's machine, as the user\n" +
			"that runs the server. It needs no login, and the server may be running. The account's sessions end, and\n" +
			"the reset is recorded as an event.\n\n" +
			"The new password comes from a prompt, from $" + passwordVariable + " or, with --password-stdin, from the first\n" +
			"line of standard input. With --generate, a random password is printed once.",
		Example: "  notary account recover --email admin@example.com --data /var/lib/notary\n" +
			"  notary account recover --email admin@example.com --generate --config /etc/notary.yaml",
		Args: cobra.NoArgs,
	}, asServerUser(func(ctx context.Context, c *config.Config, _ []string) error {
		password := ""
		if generate {
			password = rand.Text()
		} else {
			var err error
			if password, err = p.readSecret(ctx, newPassword(email, stdin)); err != nil {
				return err
			}
		}
		hash, err := auth.NewPasswordHash(ctx, password, email)
		if err != nil {
			return err
		}
		if err := app.RecoverAccount(ctx, c,
			auth.Recovery{Email: email, PasswordHash: hash, Create: create}); err != nil {
			return err
		}
		if generate {
			if p.json {
				return p.printJSON(map[string]string{"email": email, "password": password})
			}
			p.notice("%s has a new password; its sessions were ended", email)
			_, err := fmt.Fprintln(p.out, password)
			return err
		}
		return p.done("%s has a new password; its sessions were ended", email)
	})))
	c.Flags().StringVar(&email, "email", "", "the Admin's email address")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	c.Flags().BoolVar(&generate, "generate", false, "generate a random password and print it")
	c.Flags().BoolVar(&create, "create", false, "if there is no Admin, create the account or make it an Admin")
	c.MarkFlagRequired("email")
	c.MarkFlagsMutuallyExclusive("password-stdin", "generate")
	return c
}
