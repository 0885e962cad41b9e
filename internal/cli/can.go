package cli

import (
	"context"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) canCommand() *cobra.Command {
	var q api.PermissionQuery
	var authority, account, owner, ownerGroup idFlag
	c := &cobra.Command{
		Use:   "can [ACTION]",
		Short: "Explain what an account may do",
		Long: "Explain whether an account may perform an action, and which role or grant decides. By default, explain\n" +
			"every action. The flags describe the request or certificate, which need not exist; nothing is changed.",
		Example: "  notary can request.sign --authority 3 --profile server-client --name a.team.example.com\n" +
			"  notary can request.sign --as dana@example.com",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				q.Action = args[0]
			}
			q.AuthorityID, q.AccountID, q.OwnerID = api.ID(authority), api.ID(account), api.ID(owner)
			q.OwnerGroupID = api.ID(ownerGroup)
			return p.call(func(ctx context.Context, c *client.Client) error {
				return printList(p, each(c.Permissions(ctx, q)), table[api.Decision]{
					header: []string{"ACTION", "ALLOWED", "REASON"},
					row: func(d api.Decision) []string {
						allowed := "no"
						if d.Allowed {
							allowed = "yes"
						}
						return []string{d.Action, allowed, d.Reason}
					},
				})
			})(command, nil)
		},
	}
	authorityFlag(c, &authority, "authority", "the `ID` or common name of the signing CA")
	c.Flags().StringVar(&q.Profile, "profile", "", "the `name` of the profile")
	c.Flags().StringSliceVar(&q.Names, "name", nil, "a `name` in the certificate; may be repeated")
	accountFlag(c, &owner, "owner", "the `ID` or email address of the account that owns the request or "+
		"certificate (default: the checked account)")
	groupFlag(c, &ownerGroup, "owner-group", "the `ID` or name of the group that owns the request "+
		"or certificate")
	accountFlag(c, &account, "as", "check the account with this `ID` or email address instead of yours (Admins only)")
	return c
}
