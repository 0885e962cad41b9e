package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) certificateChains() *cobra.Command {
	var number int
	var out outFlags
	c := &cobra.Command{
		Use: "chains ID", Short: "List a certificate's chains, or print one as PEM", Args: cobra.ExactArgs(1),
		Example: "  notary certificate chains 12\n" +
			"  notary certificate chains 12 --chain 2 --out chain.pem",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		found, err := client.CertificateChains(ctx, id)
		switch {
		case err != nil:
			return err
		case c.Flags().Changed("chain"):
			if number < 1 || number > len(found.Chains) {
				return notary.Errorf(notary.NotFound, "there is no chain %d: certificate %d has %d", number, id,
					len(found.Chains))
			}
			return out.write(p, []byte(found.Chains[number-1].CertificateChain))
		case p.json:
			return p.printJSON(found)
		}
		if !found.Complete {
			p.notice("there may be more chains: the search is limited")
		}
		n := 0
		return printList(p, each(found.Chains, nil), table[api.CertificateChain]{
			header: []string{"CHAIN", "CERTIFICATES", "PROBLEM"},
			row: func(chain api.CertificateChain) []string {
				n++
				return []string{strconv.Itoa(n), strings.Join(chain.Names, " < "), chain.Problem}
			},
			empty: "no chain: every issuing certificate is revoked or has expired",
		})
	})
	c.Flags().IntVar(&number, "chain", 0, "print the chain with this `number` as PEM")
	out.register(c)
	return c
}
