package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"notary"
	"notary/client"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the server, its version and who is logged in", Args: cobra.NoArgs,
		RunE: p.call(p.status),
	}
}

func (p *program) status(ctx context.Context, c *client.Client) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	who := "nobody; log in with: notary login"
	if !status.Initialized {
		who = "nobody; make the first account with: notary account create --first --email YOU"
	} else if !p.json {
		me, err := c.Me(ctx)
		switch {
		case err == nil:
			who = me.Email + " (" + notary.Role(me.RoleID).String() + ")"
		case notary.KindOf(err) != notary.Unauthenticated:
			return err
		}
	}
	return p.printOne(status,
		field{"Server", c.Server()},
		field{"Version", cmp.Or(status.Version, "unknown")},
		field{"Logged in", who},
	)
}
