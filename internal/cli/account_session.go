package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) accountSessions() *cobra.Command {
	return &cobra.Command{Use: "sessions", Short: "List your sessions, newest first", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Sessions(ctx)), table[api.Session]{
				header: []string{"ID", "KIND", "FROM", "PROGRAM", "CREATED", "LAST SEEN", "EXPIRES"},
				row: func(s api.Session) []string {
					kind := "token"
					if s.Browser {
						kind = "browser"
					}
					if s.Current {
						kind += " (this one)"
					}
					return []string{strconv.FormatInt(s.ID, 10), kind, s.Address, s.UserAgent,
						relative(&s.CreatedAt, p.now()), relative(&s.LastSeenAt, p.now()),
						relative(&s.ExpiresAt, p.now())}
				},
			})
		})}
}

func (p *program) accountEndSession() *cobra.Command {
	return p.idCommand("end-session ID", "End one of your sessions", "session %d ended",
		func(ctx context.Context, c *client.Client, id int64) error { return c.EndSession(ctx, id) })
}

func (p *program) accountEndOthers() *cobra.Command {
	return &cobra.Command{Use: "end-other-sessions", Short: "End all your other sessions", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			if err := c.EndOtherSessions(ctx); err != nil {
				return err
			}
			return p.done("all other sessions ended")
		})}
}
