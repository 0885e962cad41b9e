package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/app"
	"notary/internal/config"
	"notary/internal/server"
)

func (p *program) accountCommand() *cobra.Command {
	return group("account", "Manage accounts",
		p.accountCreate(), p.accountList(), p.accountShow(), p.accountMe(), p.accountDelete(),
		p.accountPassword(), p.accountRecover(), p.accountRole(),
		p.accountSessions(), p.accountEndSession(), p.accountEndOthers())
}

var roleWords = []string{"admin", "manager", "requestor", "read-only"}

const roleHelp = "admin, manager, requestor or read-only"

func parseRole(word string) (int, error) {
	for i, name := range roleWords {
		if word == name || word == strconv.Itoa(i) || strings.EqualFold(word, notary.Roles[i].String()) {
			return int(notary.Roles[i]), nil
		}
	}
	return 0, usagef("%q is not a role: use %s", word, roleHelp)
}

func (p *program) accountCreate() *cobra.Command {
	var email, role string
	var first, stdin bool
	c := &cobra.Command{
		Use:   "create",
		Short: "Create an account",
		Long: "Create an account.\n\n" +
			"With --first, create the server's first account, an Admin, and log in to it. This requires the setup code,\n" +
			"which the server prints at startup unless it is set in the configuration. The code is read from\n" +
			"$" + config.EnvSetupCode + ", from the data folder if the server runs on this machine, or from a prompt.\n\n" +
			"The new account's password comes from a prompt, from $" + passwordVariable + " or, with --password-stdin, from\n" +
			"the first line of standard input.",
		Example: "  notary account create --first --email me@example.com\n" +
			"  notary account create --email web@example.com --role requestor",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if first {
				return p.createFirstAccount(c.Context(), email,
					cmp.Or(p.data, p.env(config.EnvData), config.DefaultData), stdin)
			}
			if role == "" {
				return usagef("--role is required: %s", roleHelp)
			}
			return p.call(func(ctx context.Context, c *client.Client) error {
				return p.createAccount(ctx, c, email, role, stdin)
			})(c, nil)
		},
	}
	c.Flags().StringVar(&email, "email", "", "the account's email address")
	c.Flags().StringVar(&role, "role", "", "the account's `role`: "+roleHelp)
	c.Flags().BoolVar(&first, "first", false, "create the server's first account and log in")
	p.fingerprintFlag(c)
	c.Flags().StringVar(&p.data, config.KeyData, "", "with --first: the server's data `folder`, which contains "+
		"the setup code (default $NOTARY_DATA or ./"+config.DefaultData+")")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	c.MarkFlagRequired("email")
	c.MarkFlagsMutuallyExclusive("first", "role")
	c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roleWords, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func newPassword(email string, stdin bool) secret {
	return secret{stdin: stdin, variable: passwordVariable, prompt: "New password of " + email, repeat: true}
}

func (p *program) createAccount(ctx context.Context, c *client.Client, email, role string, stdin bool) error {
	roleID, err := parseRole(role)
	if err != nil {
		return err
	}
	password, err := p.readSecret(ctx, newPassword(email, stdin))
	if err != nil {
		return err
	}
	id, err := c.CreateAccount(ctx, api.CreateAccount{Email: email, Password: password, RoleID: &roleID})
	if err != nil {
		return err
	}
	return p.created(id, "account %d created for %s (%s)", id, email, notary.Role(roleID))
}

func (p *program) createFirstAccount(ctx context.Context, email, data string, stdin bool) error {
	t, c, err := p.firstContact(ctx, false)
	if err != nil {
		return err
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if status.Initialized {
		return withHint(notary.Errorf(notary.Conflict, "%s already has its first account", t.server),
			"log in with: notary login; an Admin creates more accounts without --first")
	}
	password, err := p.readSecret(ctx, newPassword(email, stdin))
	if err != nil {
		return err
	}
	id, err := p.sendFirstAccount(ctx, c, api.CreateAccount{
		Email: email, Password: password, SetupCode: p.setupCode(t.server, data)})
	if err != nil {
		return err
	}
	if err := p.logInAndRemember(ctx, t, c, email, password); err != nil {
		return withHint(err, "the account was created: log in with: notary login --email %s", email)
	}
	return p.created(id, "account %d created for %s (%s), and logged in to %s", id, email, notary.Admin, t.server)
}

// setupCode returns the setup code from the environment or from a local server's data folder, or "" if there is none.
func (p *program) setupCode(serverURL, data string) string {
	if code := p.env(config.EnvSetupCode); config.IsSetupCode(code) {
		return code
	}
	if !server.IsLoopback(serverURL) {
		return ""
	}
	code, err := app.ReadSetupCode(data)
	if err != nil {
		return ""
	}
	return code
}

// sendFirstAccount creates the account. If the server rejects the setup code and there is a terminal, it prompts for
// another code and retries once.
func (p *program) sendFirstAccount(ctx context.Context, c *client.Client, body api.CreateAccount) (int64, error) {
	id, err := c.CreateAccount(ctx, body)
	var e *notary.Error
	if !errors.As(err, &e) || e.Field != "setup_code" {
		return id, err
	}
	if _, ok := p.terminal(); !ok {
		return 0, withHint(err, "set %s, or specify the server's data folder with --data", config.EnvSetupCode)
	}
	p.notice("%s", e.Message)
	fmt.Fprint(p.err, "Setup code: ")
	if body.SetupCode, err = p.readLine(ctx); err != nil {
		return 0, err
	}
	return c.CreateAccount(ctx, body)
}

func (p *program) accountList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List accounts", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Accounts(ctx)), table[api.Account]{
				header: []string{"ID", "EMAIL", "ROLE", "CREATED"},
				row: func(a api.Account) []string {
					return []string{strconv.FormatInt(a.ID, 10), a.Email, notary.Role(a.RoleID).String(),
						relative(&a.CreatedAt, p.now())}
				},
				empty: "no accounts yet; create the first with: notary account create --first --email YOU",
			})
		})}
}

func (p *program) printAccount(a api.Account, err error) error {
	if err != nil {
		return err
	}
	fields := []field{
		{"Account", strconv.FormatInt(a.ID, 10)},
		{"Email", a.Email},
		{"Role", notary.Role(a.RoleID).String()},
		{"Created", exact(&a.CreatedAt, p.now())},
	}
	if len(a.Groups) > 0 {
		fields = append(fields, field{"Groups", groupNames(a.Groups)})
	}
	return p.printOne(a, fields...)
}

func (p *program) accountShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show an account", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			return p.printAccount(c.Account(ctx, id))
		})}
}

func (p *program) accountMe() *cobra.Command {
	return &cobra.Command{Use: "me", Short: "Show your account", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error { return p.printAccount(c.Me(ctx)) })}
}

func (p *program) accountDelete() *cobra.Command {
	return p.destructive("delete ID", "Delete an account and end its sessions", "Delete account %d?",
		"account %d deleted",
		func(ctx context.Context, c *client.Client, id int64) error { return c.DeleteAccount(ctx, id) })
}

func (p *program) accountRole() *cobra.Command {
	return &cobra.Command{Use: "role ID ROLE", Short: "Change an account's role (" + roleHelp + ")",
		Args: cobra.ExactArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return roleWords, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(command *cobra.Command, args []string) error {
			role, err := parseRole(args[1])
			if err != nil {
				return err
			}
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				if err := c.ChangeRole(ctx, id, api.ChangeRole{RoleID: role}); err != nil {
					return err
				}
				return p.done("account %d is now %s and must log in again", id, notary.Role(role))
			})(command, args)
		}}
}

// newPasswordVariable names the environment variable with the new password. The current password is in
// [passwordVariable].
const newPasswordVariable = "NOTARY_NEW_PASSWORD"

func (p *program) accountPassword() *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use:   "password [ID]",
		Short: "Change your password or, as an Admin, the password of another account",
		Long: "Change your password or, as an Admin, the password of another account. All sessions of the account\n" +
			"end, except the one that you are using.\n\n" +
			"The new password comes from a prompt, from $" + newPasswordVariable + " or, with --password-stdin, from\n" +
			"standard input. To change your own password, you also need the current one: from a prompt, from\n" +
			"$" + passwordVariable + " or, with --password-stdin, from the line before the new password.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.call(func(ctx context.Context, c *client.Client) error {
					return p.changeMyPassword(ctx, c, stdin)
				})(command, args)
			}
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				return p.changePassword(ctx, c, id, stdin)
			})(command, args)
		},
	}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the passwords from standard input, one per line")
	return c
}

func (p *program) changePassword(ctx context.Context, c *client.Client, id int64, stdin bool) error {
	password, err := p.readSecret(ctx, secret{stdin: stdin, variable: newPasswordVariable, prompt: "New password",
		repeat: true})
	if err != nil {
		return err
	}
	if err := c.ChangePassword(ctx, id, api.ChangePassword{Password: password}); err != nil {
		return err
	}
	return p.done("password of account %d changed", id)
}

func (p *program) changeMyPassword(ctx context.Context, c *client.Client, stdin bool) error {
	me, err := c.Me(ctx)
	if err != nil {
		return err
	}
	old, err := p.readSecret(ctx, secret{stdin: stdin, variable: passwordVariable, prompt: "Current password of " +
		me.Email})
	if err != nil {
		return err
	}
	password, err := p.readSecret(ctx, secret{stdin: stdin, variable: newPasswordVariable, prompt: "New password",
		repeat: true})
	if err != nil {
		return err
	}
	if err := c.ChangeMyPassword(ctx, api.ChangeMyPassword{OldPassword: old, Password: password}); err != nil {
		return err
	}
	return p.done("password of %s changed; all other sessions ended", me.Email)
}
