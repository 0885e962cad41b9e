package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"notary/client"
)

func (p *program) clockCommand() *cobra.Command {
	confirm := &cobra.Command{Use: "confirm", Short: "Confirm that the server's clock is right, so that issuance continues", Args: cobra.NoArgs,
		Long: "Confirm that the server's clock is right, so that issuance continues. When the clock goes back, or ahead by more\n" +
			"than a day, the server issues nothing until an Admin confirms the clock; CRLs and OCSP responses continue.\n" +
			"Look at the time first (notary clock show), and correct the clock if it is wrong.",
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			if err := c.ConfirmClock(ctx); err != nil {
				return err
			}
			return p.done("the clock is confirmed")
		})}
	return group("clock", "Show and confirm the server's clock", p.clockShow(), confirm)
}

func (p *program) clockShow() *cobra.Command {
	return &cobra.Command{Use: "show", Short: "Show the server's time, and whether its clock has stopped issuance", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			state, err := c.Clock(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(state)
			}
			if state.DatabaseTime != nil {
				p.notice("the database's clock says %s", state.DatabaseTime.UTC().Format(time.RFC3339))
			}
			if state.Stopped != "" {
				return p.done("%s; issuance has stopped: %s", state.Time.UTC().Format(time.RFC3339), state.Stopped)
			}
			return p.done("%s", state.Time.UTC().Format(time.RFC3339))
		})}
}
