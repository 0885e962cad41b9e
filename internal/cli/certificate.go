package cli

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) certificateCommand() *cobra.Command {
	return group("certificate", "Manage issued and uploaded certificates",
		p.certificateIssue(), p.certificateList(), p.certificateShow(), p.certificateDownload(), p.certificateChains(),
		p.certificateExport(), p.certificateRevoke(), p.certificateTransfer())
}

func (p *program) certificateList() *cobra.Command {
	var flags listFlags
	c := &cobra.Command{Use: "list", Short: "List certificates", Args: cobra.NoArgs,
		Example: "  notary certificate list --expiring 30d --sort not_after\n" +
			"  notary certificate list --serial 3A:F0:12",
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return lister[api.Certificate, api.CertificateFilter]{
				flags: &flags, table: p.certificateTable(), filter: flags.certificates,
				id:  func(e api.Certificate) int64 { return e.ID },
				all: c.Certificates,
				find: func(ctx context.Context, page api.Paging,
					f api.CertificateFilter) iter.Seq2[api.Certificate, error] {
					return c.FindCertificates(ctx, api.CertificateQuery{Paging: page, CertificateFilter: f})
				},
			}.run(ctx, p)
		})}
	flags.register(c)
	flags.registerRevoked()
	return c
}

func (p *program) certificateTable() table[api.Certificate] {
	return table[api.Certificate]{
		header: []string{"ID", "STATUS", "NAME", "SERIAL NUMBER", "ISSUER", "EXPIRES", "REVOKED"},
		row: func(e api.Certificate) []string {
			names := slices.Concat(e.DNSNames, e.IPAddresses, e.EmailAddresses, e.URIs, e.UPNs)
			return []string{strconv.FormatInt(e.ID, 10), p.certificateStatus(e), shortName(e.CommonName, names),
				e.SerialNumber,
				optionalID(e.CertificateAuthorityID), relative(&e.NotAfter, p.now()), relative(e.RevokedAt, p.now())}
		},
		empty: "no certificates yet; sign a request to issue one: notary request list",
	}
}

func (p *program) certificateStatus(e api.Certificate) string {
	c := notary.Certificate{NotBefore: e.NotBefore, NotAfter: e.NotAfter}
	if e.RevokedAt != nil {
		c.Revocation = &notary.Revocation{}
	}
	return c.Status(p.now())
}

func (p *program) certificateShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a certificate", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			e, err := c.Certificate(ctx, id)
			if err != nil {
				return err
			}
			return p.printOne(e, append([]field{
				{"Certificate", strconv.FormatInt(e.ID, 10)},
				{"Status", p.certificateStatus(e)},
				{"Common name", e.CommonName},
				{"DNS names", strings.Join(e.DNSNames, ", ")},
				{"IP addresses", strings.Join(e.IPAddresses, ", ")},
				{"Email addresses", strings.Join(e.EmailAddresses, ", ")},
				{"URIs", strings.Join(e.URIs, ", ")},
				{"User principal names", strings.Join(e.UPNs, ", ")},
				{"Key", e.Key},
				{"Profile", profileText(e)},
				{"Serial number", e.SerialNumber},
				{"SHA-256", e.Fingerprint},
				{"Submitted by", e.Email},
				{"Owner", certificateOwner(e.Owner)},
				{"Labels", labelTexts(e.Labels)},
				{"Valid from", exact(&e.NotBefore, p.now())},
				{"Valid until", exact(&e.NotAfter, p.now())},
				{"Request", optionalID(e.CertificateRequestID)},
				{"Issuer", optionalID(e.CertificateAuthorityID)},
				{"Revoked", exact(e.RevokedAt, p.now())},
				{"Reason", e.RevocationReason},
			}, findingFields(e.Findings)...)...)
		})}
}

// certificateOwner describes the owner if it is a group, and otherwise returns "": the email address of an account is
// shown anyway.
func certificateOwner(o *api.Owner) string {
	if o == nil {
		return ""
	}
	return ownerGroup(*o)
}

func profileText(e api.Certificate) string {
	if e.ProfileVersion == 0 {
		return e.Profile
	}
	return fmt.Sprintf("%s, version %d", e.Profile, e.ProfileVersion)
}

func findingFields(findings []api.LintFinding) []field {
	fields := make([]field, len(findings))
	for i, f := range findings {
		fields[i] = field{"Finding", lintText(f)}
	}
	return fields
}

func (p *program) certificateDownload() *cobra.Command {
	return p.download("Download a certificate, chain or PKCS #12 bundle",
		"  notary certificate download 12 --format pkcs7 --out chain.p7b\n"+
			"  notary certificate download 12 --trust-store root.p12",
		func(ctx context.Context, c *client.Client, id int64) (string, error) {
			e, err := c.Certificate(ctx, id)
			return e.CertificateChain, err
		})
}
