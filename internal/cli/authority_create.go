package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

type authorityFlags struct {
	root, selfSigned bool
	issuer           idFlag
	subject          subjectFlags
	dnsNames         []string
	key              string
	pathLength       int
	constraints      constraintFlags
	end              endFlags
}

func (p *program) authorityCreate() *cobra.Command {
	var flags authorityFlags
	c := &cobra.Command{
		Use:   "create",
		Short: "Create a root or subordinate CA",
		Long: "Create a CA with a new key, which stays on the server.\n\n" +
			"With --root, the new CA is a self-signed root. With --issuer, a CA on the server signs its certificate.\n" +
			"In both cases the new CA can sign immediately. Otherwise it is pending until a CA on the server signs it\n" +
			"(notary authority sign) or an external CA signs its CSR (notary authority show --csr, then notary\n" +
			"authority upload).",
		Example: "  notary authority create --root --common-name 'Example Root'\n" +
			"  notary authority create --issuer 1 --common-name 'Example Issuing' --path-length 0 --permit " +
			"dns:example.com",
		Args: cobra.NoArgs,
	}
	flags.subject.register(c, "required")
	c.Flags().BoolVar(&flags.root, "root", false, "create a self-signed root")
	c.Flags().BoolVar(&flags.selfSigned, "self-signed", false, "alias for --root")
	authorityFlag(c, &flags.issuer, "issuer", "the `ID` or common name of the CA that signs the new CA")
	c.Flags().StringArrayVar(&flags.dnsNames, "dns-name", nil, "a DNS `name` for the CA's certificate; may be repeated")
	c.Flags().StringVar(&flags.key, "key-algorithm", string(notary.ECDSAP256), "the key algorithm: "+algorithmList())
	c.Flags().IntVar(&flags.pathLength, "path-length", 0, "the path length constraint: the maximum number "+
		"of CA levels below the CA (default: unlimited for a root, otherwise the profile's)")
	flags.constraints.register(c)
	flags.end.register(c, "ten years for a root, otherwise the profile's validity")
	c.MarkFlagRequired("common-name")
	c.MarkFlagsMutuallyExclusive("root", "issuer")
	c.MarkFlagsMutuallyExclusive("self-signed", "issuer")
	completeAlgorithms(c)
	c.RunE = p.call(func(ctx context.Context, cl *client.Client) error {
		body, err := flags.body(p, c.Flags().Changed("path-length"))
		if err != nil {
			return err
		}
		return p.createAuthority(ctx, cl, body, int64(flags.issuer))
	})
	return c
}

func (f authorityFlags) body(p *program, hasPathLength bool) (api.CreateCertificateAuthority, error) {
	end, err := f.end.end(p.now())
	if err != nil {
		return api.CreateCertificateAuthority{}, err
	}
	constraints, err := f.constraints.constraints()
	body := api.CreateCertificateAuthority{
		SelfSigned:             f.root || f.selfSigned,
		CommonName:             f.subject.commonName,
		SANsDNS:                strings.Join(f.dnsNames, ","),
		CountryName:            f.subject.country,
		StateOrProvinceName:    f.subject.state,
		LocalityName:           f.subject.locality,
		OrganizationName:       f.subject.organization,
		OrganizationalUnitName: f.subject.organizationalUnit,
		NotValidAfter:          end,
		KeyAlgorithm:           f.key,
		NameConstraints:        constraints,
	}
	if hasPathLength {
		body.PathLength = &f.pathLength
	}
	return body, err
}

func (p *program) createAuthority(ctx context.Context, c *client.Client, body api.CreateCertificateAuthority,
	issuer int64) error {
	id, err := c.CreateCertificateAuthority(ctx, body)
	if err != nil {
		return err
	}
	switch {
	case issuer != 0:
		err := c.SignCertificateAuthority(ctx, id, api.SignCertificateAuthority{CertificateAuthorityID: api.ID(issuer)})
		if err != nil {
			return withHint(err, "CA %d was created and is pending: sign it with: notary authority sign %d "+
				"--authority ID, or delete it", id, id)
		}
		return p.created(id, "CA %d was created, signed by CA %d, and can sign\nnext: notary request "+
			"sign ID --authority %d", id, issuer, id)
	case body.SelfSigned:
		return p.created(id, "CA %d was created and can sign\nnext: let clients trust its certificate: notary "+
			"authority show %d --certificate", id, id)
	default:
		return p.created(id, "CA %d was created and is pending\nnext: notary authority sign %d --authority "+
			"ID, or notary authority show %d --csr for an external CA", id, id, id)
	}
}
