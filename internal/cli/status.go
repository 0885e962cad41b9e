package cli

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the server's version, whether its database is available, and your login",
		Args: cobra.NoArgs, RunE: p.call(p.status),
	}
}

func (p *program) status(ctx context.Context, c *client.Client) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	answers := c.Ready(ctx)
	who, database := "no one; log in with: notary login", "available"
	switch {
	case answers != nil && notary.KindOf(answers) != notary.Unavailable:
		return answers
	case answers != nil:
		who, database = "unknown", "unavailable"
	case !status.Initialized:
		who = "no one; create the first account with: notary account create --first --email YOU"
	case !p.json:
		me, err := c.Me(ctx)
		switch {
		case err == nil:
			who = me.Email + " (" + notary.Role(me.RoleID).String() + ")"
		case notary.KindOf(err) != notary.Unauthenticated:
			return err
		}
	}
	ready := struct {
		api.Status
		Ready bool `json:"ready"`
	}{status, answers == nil}
	return p.printOne(ready,
		field{"Server", c.Server()},
		field{"Version", cmp.Or(status.Version, "unknown")},
		field{"Database", database},
		field{"Logged in", who},
	)
}
