package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"notary"
	"notary/client"
)

func (p *program) summaryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "summary", Short: "Show the numbers of requests, certificates and upcoming expirations", Args: cobra.NoArgs,
		RunE: p.call(p.summary),
	}
}

func (p *program) summary(ctx context.Context, c *client.Client) error {
	sum, err := c.Summary(ctx)
	if notary.KindOf(err) == notary.Forbidden {
		return withHint(err, "a %s sees only its own requests: notary request list", notary.CertificateRequestor)
	} else if err != nil {
		return err
	}
	var fields []field
	for _, status := range notary.RequestStatuses {
		fields = append(fields, field{string(status) + " requests",
			strconv.FormatInt(sum.CertificateRequests[string(status)], 10)})
	}
	fields = append(fields, field{"Certificates", fmt.Sprintf("%d, %d of them revoked", sum.Certificates,
		sum.Revoked)})
	for _, e := range sum.Expiring {
		within := fmt.Sprintf("Expiring within %d days", e.Days)
		if e.Days == 1 {
			within = "Expiring within a day"
		}
		fields = append(fields, field{within, strconv.FormatInt(e.Count, 10)})
	}
	return p.printOne(sum, fields...)
}
