package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) authorityCommand() *cobra.Command {
	return group("authority", "Manage certificate authorities",
		p.authorityCreate(), p.authorityImport(), p.authorityImportCertificates(), p.authorityList(), p.authorityShow(),
		p.authorityState(), p.authoritySign(), p.authorityUpload(),
		p.authorityCertificates(), p.authorityCrossSign(), p.authorityUse(), p.authorityRollOver(),
		p.authorityEnable(), p.authorityDisable(), p.authorityImpact(), p.authorityRevoke(), p.authorityCRL(),
		p.authoritySettings(), p.authorityDelete())
}

func (p *program) authorityList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List CAs", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.CertificateAuthorities(ctx)), table[api.CertificateAuthority]{
				header: []string{"ID", "STATUS", "COMMON NAME", "KEY", "ISSUER", "EXPIRES"},
				row: func(a api.CertificateAuthority) []string {
					return []string{strconv.FormatInt(a.ID, 10), a.Status, a.CommonName, listedKey(a), optionalID(a.IssuerID),
						relative(a.NotAfter, p.now())}
				},
				empty: "no CAs yet",
				next: suggest(ctx, c, notary.ManageAuthorities, "create a root with: notary authority create --root "+
					"--common-name NAME"),
			})
		})}
}

func (p *program) authorityShow() *cobra.Command {
	var certificate, csr bool
	c := &cobra.Command{Use: "show ID", Short: "Show a CA, or print its certificate chain or CSR", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			a, err := c.CertificateAuthority(ctx, id)
			switch {
			case err != nil:
				return err
			case certificate && a.Certificate == "":
				err := notary.Errorf(notary.Conflict, "CA %d is %s: it has no certificate", id, a.Status)
				if allowed(ctx, c, notary.ManageAuthorities) {
					return withHint(err, "sign it with: notary authority sign %d --authority ID", id)
				}
				return err
			case certificate:
				return outFlags{}.write(p, []byte(a.Certificate))
			case csr && a.Offline:
				return notary.Errorf(notary.Conflict, "the key of CA %d is offline: its CSR is kept with the key", id)
			case csr:
				return outFlags{}.write(p, []byte(a.CSR))
			default:
				return p.printAuthority(a)
			}
		})}
	c.Flags().BoolVar(&certificate, "certificate", false, "print the CA's certificate chain as PEM")
	c.Flags().BoolVar(&csr, "csr", false, "print the CA's CSR as PEM, for an external CA to sign")
	c.MarkFlagsMutuallyExclusive("certificate", "csr")
	return c
}

func keyText(a api.CertificateAuthority) string {
	if a.KeyKnownOutside && !a.Offline {
		return a.Key + ", imported (a copy may exist elsewhere)"
	}
	return listedKey(a)
}

func listedKey(a api.CertificateAuthority) string {
	if a.Offline {
		return a.Key + ", offline"
	}
	return a.Key
}

func (p *program) printAuthority(a api.CertificateAuthority) error {
	pathLength, constraints := "", api.NameConstraints{}
	if a.PathLength != nil {
		pathLength = strconv.Itoa(*a.PathLength)
	}
	if a.NameConstraints != nil {
		constraints = *a.NameConstraints
	}
	return p.printOne(a,
		field{"CA", strconv.FormatInt(a.ID, 10)},
		field{"Status", a.Status},
		field{"Common name", a.CommonName},
		field{"Key", keyText(a)},
		field{"Issuer", optionalID(a.IssuerID)},
		field{"Successor of", optionalID(a.PredecessorID)},
		field{"Path length", pathLength},
		field{"Permitted names", subtreesText(constraints.Permitted)},
		field{"Excluded names", subtreesText(constraints.Excluded)},
		field{"Valid from", exact(a.NotBefore, p.now())},
		field{"Valid until", exact(a.NotAfter, p.now())},
		field{"Created", exact(&a.CreatedAt, p.now())},
	)
}

func (p *program) authoritySign() *cobra.Command {
	var issuer idFlag
	var profile string
	c := p.idCommand("sign ID", "Sign or renew a CA's certificate with another CA", "CA %d is signed and can sign",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.SignCertificateAuthority(ctx, id,
				api.SignCertificateAuthority{CertificateAuthorityID: api.ID(issuer), Profile: profile})
		})
	p.signerFlags(c, &issuer, &profile)
	return c
}

func (p *program) signerFlags(c *cobra.Command, issuer *idFlag, profile *string) {
	authorityFlag(c, issuer, "authority", "the `ID` or common name of the signing CA")
	c.Flags().StringVar(profile, "profile", "", "the `name` of a CA profile (default intermediate)")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
	c.MarkFlagRequired("authority")
}

func (p *program) authorityEnable() *cobra.Command {
	return p.idCommand("enable ID", "Enable a CA", "CA %d is enabled",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.UpdateCertificateAuthority(ctx, id, api.UpdateCertificateAuthority{Enabled: true})
		})
}

func (p *program) authorityDisable() *cobra.Command {
	return p.idCommand("disable ID", "Disable a CA: issuance stops; CRL and OCSP responder stay available",
		"CA %d is disabled", func(ctx context.Context, c *client.Client, id int64) error {
			return c.UpdateCertificateAuthority(ctx, id, api.UpdateCertificateAuthority{})
		})
}

func (p *program) authorityDelete() *cobra.Command {
	var force bool
	c := p.destructive("delete ID", "Delete a CA and its key",
		"Delete CA %d and its key?", "CA %d is deleted",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.DeleteCertificateAuthority(ctx, id, force)
		})
	c.Flags().BoolVar(&force, "force", false, "delete the CA even if certificates that it issued are still valid")
	return c
}
