package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) tokenCommand() *cobra.Command {
	return group("token", "Manage API tokens, which let programs act on an account's behalf",
		p.tokenCreate(), p.tokenList(), p.tokenShow(), p.tokenRevoke(), p.tokenTakeOver())
}

type tokenFlags struct {
	body    api.CreateAPIToken
	grant   api.TokenGrant
	names   []string
	expires string
}

func (p *program) tokenCreate() *cobra.Command {
	var f tokenFlags
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Create an API token",
		Long: "Create an API token and print it. It is not shown again. Pass it to programs in $NOTARY_TOKEN.\n\n" +
			"The token acts on your behalf. It can do only what its actions and limits allow and what you may do\n" +
			"yourself. Requests that it creates belong to you or, with notary request create --group, to a group.\n" +
			"Every token can list profiles, and see requests and certificates that belong to you or your groups and\n" +
			"are within its limits on names and owners.\n\n" +
			"Actions: request.create, request.view (requests and certificates of others), request.sign,\n" +
			"request.upload, request.reject, request.revoke, request.remove_certificate, request.reopen,\n" +
			"request.delete, request.annotate, request.transfer, certificate.revoke, certificate.transfer,\n" +
			"rule.activate and, only without limits, authority.view, authority.manage, profile.view, profile.manage,\n" +
			"event.view.",
		Example: "  notary token create ci-deploy --expires 90d --action request.create,request.sign \\\n" +
			"      --name dns:ci.example.com --profile server --per-hour 100",
		Args: cobra.ExactArgs(1),
	}
	c.RunE = func(command *cobra.Command, args []string) error {
		return p.call(func(ctx context.Context, c *client.Client) error { return p.createToken(ctx, c, args[0], f) })(command,
			nil)
	}
	f.register(c)
	return c
}

func (f *tokenFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.expires, "expires", "", "the `period` after which the token expires, such as 90d or 12h")
	c.Flags().StringSliceVar(&f.grant.Actions, "action", nil, "an `action`, such as request.sign; may be repeated")
	c.Flags().Var(&namedListFlag{ids: &f.grant.AuthorityIDs, find: findAuthority}, "authority",
		"only for the CA with this `ID` or common name; may be repeated")
	c.Flags().StringSliceVar(&f.grant.Profiles, "profile", nil, "only for the profile with this `name`; may be repeated")
	c.Flags().StringArrayVar(&f.names, "name", nil,
		"an allowed name, as `type:name`: "+listedNames+"; may be repeated; every name in the certificate must match one")
	c.Flags().Var(&namedListFlag{ids: &f.grant.OwnerIDs, find: findAccount}, "owner",
		"only requests and certificates owned by the account with this `ID` or email address; may be repeated")
	c.Flags().Var(&namedListFlag{ids: &f.grant.OwnerGroupIDs, find: findGroup}, "owner-group",
		"only requests and certificates owned by the group with this `ID` or name or by its members; may be repeated")
	c.Flags().StringSliceVar(&f.body.AddressRanges, "address", nil,
		"only from client addresses in this `range`, such as 10.0.0.0/8; may be repeated")
	c.Flags().Int64Var(&f.body.QuotaPerHour, "per-hour", 0, "the maximum `number` of certificates signed per hour")
	c.Flags().Int64Var(&f.body.QuotaPerDay, "per-day", 0, "the maximum `number` of certificates signed per day (UTC)")
	c.MarkFlagRequired("expires")
	c.MarkFlagRequired("action")
}

func (p *program) createToken(ctx context.Context, c *client.Client, name string, f tokenFlags) error {
	life, ok := notary.ParsePeriod(f.expires)
	if !ok || life == 0 {
		return usagef("--expires %q is not a duration: use one such as 90d or 12h", f.expires)
	}
	listed, err := subtrees("name", f.names, listedNames)
	if err != nil {
		return err
	}
	f.grant.Names = api.NameLists(listed)
	end := p.now().UTC().Add(life)
	f.body.Name, f.body.ExpiresAt, f.body.Grants = name, &end, []api.TokenGrant{f.grant}
	created, err := c.CreateAPIToken(ctx, f.body)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(created)
	}
	p.notice("API token %d created. Save it now: it is not shown again.", created.ID)
	_, err = fmt.Fprintln(p.out, created.Token)
	return err
}

func (p *program) tokenList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List your API tokens or, as an Admin, all tokens", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, c.APITokens(ctx), table[api.APIToken]{
				header: []string{"ID", "NAME", "CREATOR", "STATUS", "ACTIONS", "EXPIRES", "LAST USED"},
				row: func(t api.APIToken) []string {
					return []string{strconv.FormatInt(t.ID, 10), t.Name, t.Creator.Name, p.tokenStatus(t),
						strings.Join(tokenActions(t), " "), relative(&t.ExpiresAt, p.now()), p.lastUse(t)}
				},
				empty: "no API tokens; create one with: notary token create NAME",
			})
		})}
}

func (p *program) tokenStatus(t api.APIToken) string {
	if t.Unused {
		return t.Status + ", unused"
	}
	return t.Status
}

func (p *program) lastUse(t api.APIToken) string {
	if t.LastUsedAt == nil {
		return "never"
	}
	return relative(t.LastUsedAt, p.now()) + " from " + t.LastAddress
}

func tokenActions(t api.APIToken) (actions []string) {
	for _, g := range t.Grants {
		actions = append(actions, g.Actions...)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

func (p *program) tokenShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show an API token, without its secret", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			t, err := c.APIToken(ctx, id)
			if err != nil {
				return err
			}
			fields := append([]field{
				{"API token", strconv.FormatInt(t.ID, 10)},
				{"Name", t.Name},
				{"Creator", t.Creator.Name},
				{"Status", p.tokenStatus(t)},
				{"Begins with", t.Start},
			}, grantFields(t)...)
			return p.printOne(t, append(fields,
				field{"Addresses", strings.Join(t.AddressRanges, ", ")},
				field{"Quota", quotaText(t)},
				field{"Quota exceeded", exact(t.QuotaExceededAt, p.now())},
				field{"Created", exact(&t.CreatedAt, p.now())},
				field{"Expires", exact(&t.ExpiresAt, p.now())},
				field{"Revoked", exact(t.RevokedAt, p.now())},
				field{"Last used", p.lastUse(t)},
			)...)
		})}
}

func grantFields(t api.APIToken) (fields []field) {
	for _, g := range t.Grants {
		fields = append(fields, field{"Actions", strings.Join(g.Actions, " ")},
			field{"Limits", limitsText(api.GrantTerms{AuthorityIDs: g.AuthorityIDs, Profiles: g.Profiles, Names: g.Names,
				OwnerIDs: g.OwnerIDs, OwnerGroupIDs: g.OwnerGroupIDs})})
	}
	return fields
}

func quotaText(t api.APIToken) string {
	var parts []string
	if t.QuotaPerHour != nil && t.QuotaLeftHour != nil {
		parts = append(parts, fmt.Sprintf("%d per hour (%d left)", *t.QuotaPerHour, *t.QuotaLeftHour))
	}
	if t.QuotaPerDay != nil && t.QuotaLeftDay != nil {
		parts = append(parts, fmt.Sprintf("%d per day (%d left)", *t.QuotaPerDay, *t.QuotaLeftDay))
	}
	return strings.Join(parts, ", ")
}

func (p *program) tokenRevoke() *cobra.Command {
	return namedYesUsage(p.destructive("revoke ID", "Revoke an API token", "Revoke API token %d?", "API token %d revoked",
		func(ctx context.Context, c *client.Client, id int64) error { return c.RevokeAPIToken(ctx, id) }), "API token")
}

func (p *program) tokenTakeOver() *cobra.Command {
	c := p.idCommand("take-over ID", "Become the creator of an API token (Admins only)", "API token %d is yours now",
		func(ctx context.Context, c *client.Client, id int64) error { return c.TakeOverAPIToken(ctx, id) })
	yesFlag(c, new(bool))
	return namedYesUsage(c, "API token")
}

// tokenFields returns the fields of the overview about API tokens that need attention.
func (p *program) tokenFields(o api.Overview) (fields []field) {
	for _, t := range o.Tokens {
		var problem string
		switch {
		case t.Status == string(notary.TokenSuspended):
			problem = "its creator was deleted: take it over or revoke it"
		case t.Unused && t.LastUsedAt == nil:
			problem = "has never been used: revoke it if nothing needs it"
		case t.Unused:
			problem = "was last used " + relative(t.LastUsedAt, p.now()) + ": revoke it if nothing needs it"
		default:
			problem = "exceeded its quota " + relative(t.QuotaExceededAt, p.now())
		}
		fields = append(fields, field{fmt.Sprintf("API token %d", t.ID), joined(t.Name, t.Creator.Name, problem)})
	}
	return fields
}
