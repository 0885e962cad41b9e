package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

// passwordVariable names the environment variable with the password, for scripts that do not pass it on standard input.
const passwordVariable = "NOTARY_PASSWORD"

func (p *program) loginCommand() *cobra.Command {
	var email string
	var stdin, acceptNew bool
	c := &cobra.Command{
		Use:   "login",
		Short: "Log in to a server",
		Long: "Log in to a server and save its address, the token and, unless the system trusts it, its certificate.\n" +
			"Other commands then need neither --server nor --token.\n\n" +
			"The password comes from a prompt, from $" + passwordVariable + " or, with --password-stdin, from the first line\n" +
			"of standard input.",
		Example: "  notary login --server https://ca.example.com:2111 --email me@example.com",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.login(c.Context(), email, stdin, acceptNew)
		},
	}
	c.Flags().StringVar(&email, "email", "", "the account's email address")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	p.fingerprintFlag(c)
	c.Flags().BoolVar(&acceptNew, "accept-new-certificate", false, "trust the server's new certificate instead of "+
		"the previous one")
	return c
}

func (p *program) fingerprintFlag(c *cobra.Command) {
	c.Flags().StringVar(&p.fingerprint, "fingerprint", "",
		"the SHA-256 `fingerprint` of the server's certificate, to trust it without a prompt")
}

func (p *program) login(ctx context.Context, email string, stdin, acceptNew bool) error {
	t, c, err := p.firstContact(ctx, acceptNew)
	if err != nil {
		return err
	}
	if email = cmp.Or(email, t.memory.Email); email == "" {
		if email, err = p.askEmail(ctx); err != nil {
			return err
		}
	}
	password, err := p.readSecret(ctx, secret{stdin: stdin, variable: passwordVariable, prompt: "Password of " + email})
	if err != nil {
		return err
	}
	if err := p.logInAndRemember(ctx, t, c, email, password); err != nil {
		return err
	}
	return p.done("logged in to %s as %s", t.server, email)
}

func (p *program) askEmail(ctx context.Context) (string, error) {
	if _, ok := p.terminal(); !ok {
		return "", usagef("--email is required")
	}
	fmt.Fprint(p.err, "Email: ")
	return p.readLine(ctx)
}

func (p *program) logInAndRemember(ctx context.Context, t target, c *client.Client, email, password string) error {
	token, err := c.Login(ctx, api.Login{Email: email, Password: password})
	if notary.KindOf(err) == notary.Unauthenticated {
		return withHint(err, "check the email address and the password")
	}
	if err != nil {
		return err
	}
	t.memory.Email, t.memory.Token = email, token
	return p.changeServers(func(s *servers) {
		s.Default = t.server
		s.Servers[t.server] = t.memory
	})
}

func (p *program) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Log out of the server, but keep trusting its certificate", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.logout(c.Context()) },
	}
}

func (p *program) logout(ctx context.Context) error {
	t, err := p.target()
	if err != nil {
		return err
	}
	token := cmp.Or(p.token, p.env("NOTARY_TOKEN"), t.memory.Token)
	if token == "" {
		return p.done("not logged in to %s", t.server)
	}
	c, err := t.client(token)
	if err != nil {
		return err
	}
	// A token unknown to the server counts as logged out.
	if err := c.Logout(ctx); err != nil && notary.KindOf(err) != notary.Unauthenticated {
		return err
	}
	if token == t.memory.Token {
		err = p.changeServers(func(s *servers) {
			memory := s.Servers[t.server]
			memory.Token = ""
			s.Servers[t.server] = memory
		})
	}
	if err != nil {
		return err
	}
	return p.done("logged out of %s", t.server)
}
