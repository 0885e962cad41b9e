package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) requestTransfer() *cobra.Command {
	c := p.transfer("request", (*client.Client).TransferCertificateRequest)
	c.Long = "Transfer a request, with all its certificates, to an account or a group. The former owner no longer\n" +
		"sees them. Owners can transfer to their own groups; other transfers require permission."
	c.Example = "  notary request transfer 7 --group web-team\n" +
		"  notary request transfer web.example.com --account dana@example.com"
	return c
}

func (p *program) certificateTransfer() *cobra.Command {
	c := p.transfer("certificate", (*client.Client).TransferCertificate)
	c.Long = "Transfer a certificate that has no request, such as an imported one, to an account or a group. The former\n" +
		"owner no longer sees it. Other certificates are transferred with their request: notary request transfer."
	c.Example = "  notary certificate transfer 12 --group web-team"
	return c
}

// transfer returns a command that transfers an object to another owner.
func (p *program) transfer(noun string,
	do func(c *client.Client, ctx context.Context, id int64, to api.NewOwner) error) *cobra.Command {
	var account, group string
	c := &cobra.Command{
		Use:   "transfer ID",
		Short: "Transfer a " + noun + " to another owner",
		Args:  cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			to, err := newOwner(account, group)
			if err != nil {
				return err
			}
			if err := do(c, ctx, id, to); err != nil {
				return err
			}
			return p.done("%s %d now belongs to %s %s", noun, id, to.Kind, account+group)
		}),
	}
	c.Flags().StringVar(&account, "account", "", "transfer to the account with this `ID` or email address")
	c.Flags().StringVar(&group, "group", "", "transfer to the group with this `ID` or name")
	return c
}

// newOwner returns the owner given by one of the flags. The server resolves names, because only Admins can list them.
func newOwner(account, group string) (to api.NewOwner, err error) {
	name := strings.TrimSpace(account + group)
	switch {
	case (account == "") == (group == ""):
		return to, usagef("specify either --account or --group")
	case account != "":
		to.Kind = "account"
	default:
		to.Kind = "group"
	}
	if !isNumber(name) {
		to.Name = name
		return to, nil
	}
	to.ID, err = parseID(name)
	return to, err
}
