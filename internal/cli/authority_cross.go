package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) authorityCertificates() *cobra.Command {
	return &cobra.Command{
		Use: "certificates ID", Short: "List the certificates of an authority's key: renewed, cross-signed and link certificates", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			return printList(p, each(c.AuthorityCertificates(ctx, id)), table[api.AuthorityCertificate]{
				header: []string{"ID", "IN USE", "SERIAL NUMBER", "SIGNED BY AUTHORITY", "EXPIRES", "REVOKED"},
				row: func(e api.AuthorityCertificate) []string {
					inUse := ""
					if e.InUse {
						inUse = "yes"
					}
					return []string{strconv.FormatInt(e.ID, 10), inUse, e.SerialNumber, optionalID(e.CertificateAuthorityID),
						relative(&e.NotAfter, p.now()), relative(e.RevokedAt, p.now())}
				},
				empty: "the authority is pending: it has no certificate yet",
			})
		}),
	}
}

func (p *program) authorityCrossSign() *cobra.Command {
	var issuer idFlag
	var profile string
	c := &cobra.Command{
		Use: "cross-sign ID", Short: "Have another authority sign a further certificate for one that has a certificate already", Args: cobra.ExactArgs(1),
		Long: "Have another authority of the server sign a further certificate for an authority that has\n" +
			"a certificate already. That one stays in use; with authority use it can be another one.\n" +
			"For a certificate that an outside authority signed: authority upload --cross.",
		Example: "  notary authority cross-sign 3 --authority 2\n" +
			"  notary authority certificates 3",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		cert, err := client.CrossSignCertificateAuthority(ctx, id, api.CrossSignCertificateAuthority{CertificateAuthorityID: api.ID(issuer), Profile: profile})
		if err != nil {
			return err
		}
		return p.created(cert, "authority %d has the certificate %d from authority %d, too\nto put it in use: notary authority use %d --certificate %d",
			id, cert, int64(issuer), id, cert)
	})
	p.signerFlags(c, &issuer, &profile)
	return c
}

func (p *program) authorityUse() *cobra.Command {
	var certificate idFlag
	c := p.onOne("use ID", "Choose which of an authority's certificates is in use", "authority %d has its other certificate in use",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.UseAuthorityCertificate(ctx, id, api.UseAuthorityCertificate{CertificateID: api.ID(certificate)})
		})
	c.Flags().Var(&certificate, "certificate", "the `id` of one of the certificates of its key: see authority certificates")
	c.MarkFlagRequired("certificate")
	return c
}

func (p *program) authorityRollOver() *cobra.Command {
	var key string
	var end endFlags
	c := &cobra.Command{
		Use: "roll-over ID", Short: "Make the successor of an authority: the same name with a new key", Args: cobra.ExactArgs(1),
		Long: "Make the successor of an authority: the same name with a new key. A root signs itself, and\n" +
			"the two keys vouch for one another. Others are signed by the same parent, or are pending\n" +
			"until an outside one has signed them. As soon as the successor can sign, the old one is\n" +
			"disabled; it goes on publishing its CRL, and what it issued can be revoked.",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		notAfter, err := end.end(p.now())
		if err != nil {
			return err
		}
		successor, err := client.RollOverCertificateAuthority(ctx, id, api.RollOverCertificateAuthority{KeyAlgorithm: key, NotValidAfter: notAfter})
		if err != nil {
			return err
		}
		a, err := client.CertificateAuthority(ctx, successor)
		if err != nil {
			return err
		}
		if a.Certificate == "" {
			return p.created(successor, "authority %d is made and pending; until it has its certificate, authority %d can sign\n"+
				"next: notary authority show %d --csr, then notary authority upload %d", successor, id, successor, successor)
		}
		return p.created(successor, "authority %d is made and can sign; authority %d is disabled\nnext: notary request sign ID --authority %d",
			successor, id, successor)
	})
	c.Flags().StringVar(&key, "key-algorithm", "", "the key's algorithm (default that of the old one): "+algorithmList())
	end.register(c, "ten years for a root, as the profile says for others")
	completeAlgorithms(c)
	return c
}
