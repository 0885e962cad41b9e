package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"notary/client"
)

func (p *program) clockCommand() *cobra.Command {
	confirm := &cobra.Command{
		Use: "confirm", Short: "Confirm the server's clock to resume issuance", Args: cobra.NoArgs,
		Long: "Confirm the server's clock to resume issuance. If the clock is set back by more than a minute, or forward\n" +
			"by more than a day, the server issues no certificates until an Admin confirms the clock. CRLs and OCSP\n" +
			"responses are still issued. Check the time first (notary clock show), and correct a wrong clock.",
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			if err := c.ConfirmClock(ctx); err != nil {
				return err
			}
			return p.done("the clock is confirmed")
		})}
	return group("clock", "Show and confirm the server's clock", p.clockShow(), confirm)
}

func (p *program) clockShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the server's time and whether issuance is stopped", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			state, err := c.Clock(ctx)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(state)
			}
			if state.DatabaseTime != nil {
				p.notice("the database's clock shows %s", state.DatabaseTime.UTC().Format(time.RFC3339))
			}
			if state.Stopped != "" {
				return p.done("%s; issuance has stopped: %s", state.Time.UTC().Format(time.RFC3339), state.Stopped)
			}
			return p.done("%s", state.Time.UTC().Format(time.RFC3339))
		})}
}
