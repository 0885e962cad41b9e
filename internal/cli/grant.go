package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) grantCommand() *cobra.Command {
	return group("grant", "Manage grants (permissions beyond an account's role)",
		p.grantCreate(), p.grantList(), p.grantShow(), p.grantDelete())
}

const listedNames = "dns:ci.example.com (that name and all below it), dns:.ci.example.com (only those below it), " +
	"ip:10.0.0.0/8, email:example.com, uri:spiffe://example.org/web"

func (p *program) grantCreate() *cobra.Command {
	var account, groupID idFlag
	var terms api.GrantTerms
	var names []string
	c := &cobra.Command{
		Use:   "create",
		Short: "Grant actions to an account or a group",
		Long: "Grant actions to an account, or to the members of a group, beyond what their roles allow. A grant\n" +
			"applies within all of its limits. request.view lets the account see requests and certificates of others.\n" +
			"Other actions on requests and certificates apply only to objects that the account can see.\n\n" +
			"Actions: request.view, request.sign, request.upload, request.reject, request.revoke,\n" +
			"request.remove_certificate, request.reopen, request.delete, request.annotate, request.transfer,\n" +
			"certificate.revoke, certificate.transfer, rule.activate.",
		Example: "  notary grant create --group web-team --action request.sign --authority 'Example Issuing' " +
			"--name dns:team.example.com",
		Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) (err error) {
			switch {
			case (account == 0) == (groupID == 0):
				return usagef("specify either --account or --group")
			case account != 0:
				terms.Grantee = api.Grantee{Kind: "account", ID: int64(account)}
			default:
				terms.Grantee = api.Grantee{Kind: "group", ID: int64(groupID)}
			}
			listed, err := subtrees("name", names, listedNames)
			if err != nil {
				return err
			}
			terms.Names = api.NameLists(listed)
			id, err := c.CreateGrant(ctx, terms)
			if err != nil {
				return err
			}
			return p.created(id, "grant %d created", id)
		}),
	}
	accountFlag(c, &account, "account", "grant to the account with this `ID` or email address")
	groupFlag(c, &groupID, "group", "grant to the group with this `ID` or name")
	c.Flags().StringSliceVar(&terms.Actions, "action", nil, "an `action`, such as request.sign; may be repeated")
	c.Flags().Var(&namedListFlag{ids: &terms.AuthorityIDs, find: findAuthority}, "authority",
		"only for the CA with this `ID` or common name; may be repeated")
	c.Flags().StringSliceVar(&terms.Profiles, "profile", nil, "only for the profile with this `name`; may be repeated")
	c.Flags().StringArrayVar(&names, "name", nil,
		"an allowed name, as `type:name`: "+listedNames+"; may be repeated; every name in the certificate must match one")
	c.Flags().Var(&namedListFlag{ids: &terms.OwnerIDs, find: findAccount}, "owner",
		"only requests and certificates owned by the account with this `ID` or email address; may be repeated")
	c.Flags().Var(&namedListFlag{ids: &terms.OwnerGroupIDs, find: findGroup}, "owner-group",
		"only requests and certificates owned by the group with this `ID` or name or by its members; may be repeated")
	c.MarkFlagRequired("action")
	return c
}

func grantee(g api.Grantee) string { return g.Kind + " " + strconv.FormatInt(g.ID, 10) }

func limitsText(t api.GrantTerms) string {
	var parts []string
	add := func(name string, values string) {
		if values != "" {
			parts = append(parts, name+" "+values)
		}
	}
	add("authority", joinIDs(t.AuthorityIDs))
	add("profile", strings.Join(t.Profiles, " "))
	add("names", subtreesText(api.Subtrees(t.Names)))
	add("owner", joinIDs(t.OwnerIDs))
	add("owner group", joinIDs(t.OwnerGroupIDs))
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, "; ")
}

func (p *program) grantList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List grants", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Grants(ctx)), table[api.Grant]{
				header: []string{"ID", "TO", "ACTIONS", "LIMITS", "CREATED"},
				row: func(g api.Grant) []string {
					return []string{strconv.FormatInt(g.ID, 10), grantee(g.Grantee), strings.Join(g.Actions, " "),
						limitsText(g.GrantTerms), relative(&g.CreatedAt, p.now())}
				},
				empty: "no grants: accounts may do what their roles allow",
			})
		})}
}

func (p *program) grantShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a grant", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			g, err := c.Grant(ctx, id)
			if err != nil {
				return err
			}
			return p.printOne(g,
				field{"Grant", strconv.FormatInt(g.ID, 10)},
				field{"To", grantee(g.Grantee)},
				field{"Actions", strings.Join(g.Actions, " ")},
				field{"Limits", limitsText(g.GrantTerms)},
				field{"Created", exact(&g.CreatedAt, p.now())},
			)
		})}
}

func (p *program) grantDelete() *cobra.Command {
	return p.destructive("delete ID", "Delete a grant", "Delete grant %d?", "grant %d deleted",
		func(ctx context.Context, c *client.Client, id int64) error { return c.DeleteGrant(ctx, id) })
}
