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
		Use: "certificates ID", Short: "List a CA's own certificates, including earlier, cross and link certificates",
		Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			return printList(p, each(c.AuthorityCertificates(ctx, id)), table[api.AuthorityCertificate]{
				header: []string{"ID", "CURRENT", "SERIAL NUMBER", "ISSUER", "EXPIRES", "REVOKED"},
				row: func(e api.AuthorityCertificate) []string {
					inUse := ""
					if e.InUse {
						inUse = "yes"
					}
					return []string{strconv.FormatInt(e.ID, 10), inUse, e.SerialNumber,
						optionalID(e.CertificateAuthorityID),
						relative(&e.NotAfter, p.now()), relative(e.RevokedAt, p.now())}
				},
				empty: "the CA is pending: it has no certificate yet",
			})
		}),
	}
}

func (p *program) authorityCrossSign() *cobra.Command {
	var issuer idFlag
	var profile string
	c := &cobra.Command{
		Use: "cross-sign ID", Short: "Cross-sign a CA with another CA", Args: cobra.ExactArgs(1),
		Long: "Have another CA on the server sign an additional certificate for a CA that already has one.\n" +
			"The current certificate does not change; to select another one, use notary authority use. To add a\n" +
			"cross-certificate from an external CA, use notary authority upload --cross.",
		Example: "  notary authority cross-sign 3 --authority 2\n" +
			"  notary authority certificates 3",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		cert, err := client.CrossSignCertificateAuthority(ctx, id,
			api.CrossSignCertificateAuthority{CertificateAuthorityID: api.ID(issuer), Profile: profile})
		if err != nil {
			return err
		}
		return p.created(cert, "CA %d also has certificate %d from CA %d\nto use it: notary "+
			"authority use %d --certificate %d", id, cert, int64(issuer), id, cert)
	})
	p.signerFlags(c, &issuer, &profile)
	return c
}

func (p *program) authorityUse() *cobra.Command {
	var certificate idFlag
	c := p.idCommand("use ID", "Select the current certificate of a CA", "CA %d has a new current "+
		"certificate", func(ctx context.Context, c *client.Client, id int64) error {
		return c.UseAuthorityCertificate(ctx, id, api.UseAuthorityCertificate{CertificateID: api.ID(certificate)})
	})
	c.Flags().Var(&certificate, "certificate", "the `ID` of one of the CA's certificates: see notary authority "+
		"certificates")
	c.MarkFlagRequired("certificate")
	return c
}

func (p *program) authorityRollOver() *cobra.Command {
	var key string
	var end endFlags
	c := &cobra.Command{
		Use: "roll-over ID", Short: "Create a CA's successor with the same name and a new key",
		Args: cobra.ExactArgs(1),
		Long: "Create a CA's successor with the same name and a new key. The successor of a root is self-signed, and\n" +
			"link certificates connect both keys. The successor of a subordinate CA is signed by the same issuer. If\n" +
			"that is external or offline, the successor is pending until you upload its certificate. Once the\n" +
			"successor can sign, the old CA is disabled: its CRL and OCSP responder stay available, and its\n" +
			"certificates can still be revoked.",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		notAfter, err := end.end(p.now())
		if err != nil {
			return err
		}
		successor, err := client.RollOverCertificateAuthority(ctx, id,
			api.RollOverCertificateAuthority{KeyAlgorithm: key, NotValidAfter: notAfter})
		if err != nil {
			return err
		}
		a, err := client.CertificateAuthority(ctx, successor)
		if err != nil {
			return err
		}
		if a.Certificate == "" {
			return p.created(successor, "CA %d was created and is pending; until it is signed, "+
				"CA %d keeps signing\n"+
				"next: notary authority show %d --csr, then notary authority upload %d", successor, id, successor,
				successor)
		}
		return p.created(successor, "CA %d was created and can sign; CA %d is disabled\nnext: notary "+
			"request sign ID --authority %d", successor, id, successor)
	})
	c.Flags().StringVar(&key, "key-algorithm", "", "the key algorithm (default: the old CA's): "+algorithmList())
	end.register(c, "ten years for a root, otherwise the profile's validity")
	completeAlgorithms(c)
	return c
}
