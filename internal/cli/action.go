package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"notary"
	"notary/client"
)

type action func(ctx context.Context, c *client.Client) error

// call returns a RunE function that calls do with a client. It ignores the arguments.
func (p *program) call(do action) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, _ []string) error {
		c, err := p.connect()
		if err != nil {
			return err
		}
		return do(command.Context(), c)
	}
}

func (p *program) callOn(do func(ctx context.Context, c *client.Client,
	id int64) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		return p.call(func(ctx context.Context, c *client.Client) error { return do(ctx, c, id) })(command, nil)
	}
}

// allowed reports whether the caller's role grants p, or true if the role is unknown. Commands call it before they
// suggest something that the server might refuse.
func allowed(ctx context.Context, c *client.Client, p notary.Permission) bool {
	me, err := c.Me(ctx)
	return err != nil || (&notary.Account{ID: me.ID, Role: notary.Role(me.RoleID)}).Caller().May(p)
}

func suggest(ctx context.Context, c *client.Client, p notary.Permission, suggestion string) func() string {
	return func() string {
		if !allowed(ctx, c, p) {
			return ""
		}
		return "; " + suggestion
	}
}

func parseID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("%q is not an ID: IDs are positive numbers", s)
	}
	return id, nil
}

// idFlag is the value of a flag with the ID of an object; 0 if the flag is not given.
type idFlag int64

func (f *idFlag) String() string { return strconv.FormatInt(int64(*f), 10) }
func (f *idFlag) Type() string   { return "ID" }

func (f *idFlag) Set(s string) error {
	id, err := parseID(s)
	*f = idFlag(id)
	return err
}

// idCommand returns a command that acts on the object with the given ID. On success it prints sentence, formatted with
// the ID.
func (p *program) idCommand(use, short, sentence string,
	do func(ctx context.Context, c *client.Client, id int64) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			if err := do(ctx, c, id); err != nil {
				return err
			}
			return p.done(sentence, id)
		})}
}

// destructive is like [program.idCommand] for an irreversible action, which requires confirmation.
func (p *program) destructive(use, short, question, sentence string,
	do func(ctx context.Context, c *client.Client, id int64) error) *cobra.Command {
	var yes bool
	c := p.idCommand(use, short, sentence, func(ctx context.Context, c *client.Client, id int64) error {
		if err := p.confirm(ctx, yes, question, id); err != nil {
			return err
		}
		return do(ctx, c, id)
	})
	yesFlag(c, &yes)
	return c
}

func yesFlag(c *cobra.Command, yes *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do not ask for confirmation; implied if standard input is not a terminal")
}

func reasonFlag(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "the revocation `reason` (RFC 5280), such as keyCompromise or "+
		"superseded (default unspecified)")
	var names []string
	for name := range notary.RevocationReasons {
		if _, err := notary.ParseRevocationReason(string(name)); err == nil {
			names = append(names, string(name))
		}
	}
	c.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}
