package cli

import (
	"context"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
	"notary/internal/pki"
)

type uploadFlags struct {
	chain, crl          string
	unsigned, signature string
	cross               bool
}

func (p *program) authorityUpload() *cobra.Command {
	var flags uploadFlags
	c := &cobra.Command{
		Use: "upload ID", Short: "Upload a certificate for a CA, or the CRL of an offline CA", Args: cobra.ExactArgs(1),
		Long: "Upload a certificate that an external CA signed for a CA on the server (--chain), or publish a CRL that an\n" +
			"offline CA signed (--crl, or --unsigned-crl and --signature). The CRL must be newer than the last one and\n" +
			"include every revocation recorded on the server, except of certificates that had expired when the last\n" +
			"CRL was issued.",
		Example: "  notary authority upload 'Example Issuing' --chain issuing-chain.pem\n" +
			"  notary authority upload 'Example Root' --crl root.crl\n" +
			"  notary authority upload 'Example Root' --unsigned-crl root.tbs --signature root.sig",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		if flags.crl+flags.unsigned != "" {
			return p.uploadCRL(ctx, client, id, flags)
		}
		text, err := p.readCertificates(ctx, flags.chain)
		if err != nil {
			return err
		}
		body := api.UploadAuthorityCertificate{CertificateChain: text, Cross: flags.cross}
		if err := client.UploadAuthorityCertificate(ctx, id, body); err != nil {
			return err
		}
		return p.done("certificate of CA %d uploaded", id)
	})
	c.Flags().StringVar(&flags.chain, "chain", "", "the `file` with the chain, the CA's own certificate first, as "+
		"PEM, DER or PKCS #7; - for standard input")
	c.Flags().BoolVar(&flags.cross, "cross", false, "add a cross-certificate: the current certificate does not change")
	c.Flags().StringVar(&flags.crl, "crl", "", "the `file` with the CRL, in PEM or DER")
	c.Flags().StringVar(&flags.unsigned, "unsigned-crl", "", "the unsigned CRL `file` written by notary authority "+
		"crl --unsigned")
	c.Flags().StringVar(&flags.signature, "signature", "", "the `file` with the signature of the unsigned CRL")
	c.MarkFlagsOneRequired("chain", "crl", "unsigned-crl")
	c.MarkFlagsMutuallyExclusive("chain", "crl", "unsigned-crl")
	c.MarkFlagsMutuallyExclusive("cross", "crl", "unsigned-crl")
	c.MarkFlagsRequiredTogether("unsigned-crl", "signature")
	return c
}

func (p *program) uploadCRL(ctx context.Context, c *client.Client, id int64, flags uploadFlags) error {
	var body api.UploadCRL
	for _, part := range []struct {
		file string
		to   *string
	}{{flags.crl, &body.CRL}, {flags.unsigned, &body.UnsignedCRL}, {flags.signature, &body.Signature}} {
		if part.file == "" {
			continue
		}
		content, err := readLarge(part.file, pki.MaxCRLSize)
		if err != nil {
			return err
		}
		*part.to = asText(content)
	}
	done, err := c.UploadCRL(ctx, id, body)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(done)
	}
	return p.done("CRL %d of CA %d is published: %d entries, %d of them new here; it expires %s", done.CRLNumber,
		id,
		done.Entries, done.Added, exact(&done.NextUpdate, p.now()))
}
