package cli

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

type crlFlags struct {
	out      outFlags
	der      bool
	unsigned bool
	days     int
}

func (p *program) authorityCRL() *cobra.Command {
	var flags crlFlags
	c := &cobra.Command{
		Use: "crl ID", Short: "Download a CA's CRL, or export an offline CA's next CRL for signing", Args: cobra.ExactArgs(1),
		Long: "Download a CA's CRL. This needs no login.\n\n" +
			"With --unsigned, export the next CRL of an offline CA: the DER of its TBSCertList (RFC 5280, 5.1.2), with\n" +
			"all revocations recorded so far. Sign it where the key is kept, and publish it with notary authority\n" +
			"upload --unsigned-crl FILE --signature FILE.",
		Example: "  notary authority crl 1 | openssl crl -noout -text\n" +
			"  notary authority crl 1 --der --out root.crl\n" +
			"  notary authority crl 'Example Root' --unsigned --days 180 --out root.tbs",
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			if (flags.der || flags.unsigned) && flags.out.out == "" && !p.json && isTerminal(p.out) {
				return usagef("DER cannot be written to a terminal: use --out FILE")
			}
			if flags.unsigned {
				return p.exportCRL(ctx, c, id, flags)
			}
			return p.downloadCRL(ctx, c, id, flags)
		}),
	}
	flags.out.register(c)
	c.Flags().BoolVar(&flags.der, "der", false, "write DER instead of PEM")
	c.Flags().BoolVar(&flags.unsigned, "unsigned", false, "export the next CRL of an offline CA, without its signature")
	c.Flags().IntVar(&flags.days, "days", 180, "with --unsigned: the validity in days from now")
	c.MarkFlagsMutuallyExclusive("der", "unsigned")
	return c
}

func (p *program) downloadCRL(ctx context.Context, c *client.Client, id int64, flags crlFlags) error {
	crl, err := c.CRL(ctx, id)
	switch {
	case err != nil:
		return err
	case p.json:
		return p.printJSON(api.CRL{CRL: (&notary.CRL{DER: crl}).PEM()})
	case flags.der:
		return flags.out.write(p, crl)
	default:
		return flags.out.write(p, []byte((&notary.CRL{DER: crl}).PEM()))
	}
}

func (p *program) exportCRL(ctx context.Context, c *client.Client, id int64, flags crlFlags) error {
	if flags.days < 1 || flags.days > maxDays {
		return usagef("--days must be between 1 and %d", maxDays)
	}
	nextUpdate := p.now().UTC().Truncate(time.Second).AddDate(0, 0, flags.days)
	crl, err := c.ExportUnsignedCRL(ctx, id, api.ExportUnsignedCRL{NextUpdate: &nextUpdate})
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(crl)
	}
	tbs, err := base64.StdEncoding.DecodeString(crl.UnsignedCRL)
	if err != nil {
		return notary.InternalError("read the unsigned CRL", err)
	}
	if err := flags.out.write(p, tbs); err != nil {
		return err
	}
	sign := "openssl dgst -" + crl.Digest + " -sign KEY -out SIGNATURE FILE"
	if crl.Digest == "" {
		sign = "openssl pkeyutl -sign -rawin -inkey KEY -in FILE -out SIGNATURE"
	}
	p.notice("CRL %d with %d entries, until %s\nsign it: %s\nthen: notary authority upload %d --unsigned-crl FILE "+
		"--signature SIGNATURE", crl.CRLNumber, crl.Entries, exact(&crl.NextUpdate, p.now()), sign, id)
	return nil
}
