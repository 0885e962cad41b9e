package cli

import (
	"context"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) settingsCommand() *cobra.Command {
	return &cobra.Command{Use: "settings", Short: "List the server's settings and their sources",
		Args: cobra.NoArgs, RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Settings(ctx)), table[api.Setting]{
				header: []string{"KEY", "VALUE", "FROM"},
				row: func(s api.Setting) []string {
					value, from := s.Value, s.Where
					if s.Secret {
						value = "(secret)"
					}
					if from == "" {
						from = s.Source
					}
					return []string{s.Key, value, from}
				},
			})
		})}
}
