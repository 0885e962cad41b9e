package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the server's version, whether its database is available, and your login or API token",
		Args: cobra.NoArgs, RunE: p.call(p.status),
	}
}

func (p *program) status(ctx context.Context, c *client.Client) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	answers := c.Ready(ctx)
	var token []field
	who, database := "no one; log in with: notary login", "available"
	switch {
	case answers != nil && notary.KindOf(answers) != notary.Unavailable:
		return answers
	case answers != nil:
		who, database = "unknown", "unavailable"
	case !status.Initialized:
		who = "no one; create the first account with: notary account create --first --email YOU"
	case !p.json:
		var known string
		if known, token, err = p.whoAmI(ctx, c); err != nil {
			return err
		}
		who = cmp.Or(known, who)
	}
	ready := struct {
		api.Status
		Ready bool `json:"ready"`
	}{status, answers == nil}
	return p.printOne(ready, append([]field{
		{"Server", c.Server()},
		{"Version", cmp.Or(status.Version, "unknown")},
		{"Database", database},
		{"Logged in", who},
	}, token...)...)
}

// whoAmI returns the account or API token of the caller, or "" if there is none. For a token, it also returns what the
// token may do.
func (p *program) whoAmI(ctx context.Context, c *client.Client) (who string, token []field, err error) {
	me, err := c.Me(ctx)
	switch notary.KindOf(err) {
	case "":
		return me.Email + " (" + notary.Role(me.RoleID).String() + ")", nil, nil
	case notary.Unauthenticated:
		return "", nil, nil
	case notary.Forbidden: // as for API tokens
	default:
		return "", nil, err
	}
	for t, err := range c.APITokens(ctx) {
		if err != nil {
			return "", nil, err
		}
		return fmt.Sprintf("API token %d (%s) of %s", t.ID, t.Name, t.Creator.Name), append(grantFields(t),
			field{"Addresses", strings.Join(t.AddressRanges, ", ")},
			field{"Quota", quotaText(t)},
			field{"Expires", exact(&t.ExpiresAt, p.now())}), nil
	}
	return "", nil, err
}
