package cli

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) requestCommand() *cobra.Command {
	return group("request", "Manage certificate requests",
		p.requestCreate(), p.requestList(), p.requestShow(), p.requestSign(), p.requestReject(),
		p.requestRevoke(), p.requestReopen(), p.requestTransfer(), p.requestLabel(),
		p.requestNote(), p.requestDelete(), p.requestUpload(), p.requestDownload(), p.requestRemoveCertificate())
}

func (p *program) requestList() *cobra.Command {
	var flags listFlags
	c := &cobra.Command{Use: "list", Short: "List certificate requests", Args: cobra.NoArgs,
		Example: "  notary request list --status Outstanding --domain example.com\n" +
			"  notary request list --expiring 30d --sort not_after --limit 20\n" +
			"  notary request list --search \"web example.com\" --watch",
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			t := p.requestTable()
			t.next = suggest(ctx, c, notary.CreateRequests, "create one with: notary request create --name "+
				"host.example.com")
			return lister[api.CertificateRequest, api.RequestFilter]{
				flags: &flags, table: t, filter: flags.requests,
				id:  func(r api.CertificateRequest) int64 { return r.ID },
				all: c.CertificateRequests,
				find: func(ctx context.Context, page api.Paging,
					f api.RequestFilter) iter.Seq2[api.CertificateRequest, error] {
					return c.FindCertificateRequests(ctx, api.RequestQuery{Paging: page, RequestFilter: f})
				},
			}.run(ctx, p)
		})}
	flags.register(c)
	flags.registerStatus()
	return c
}

func (p *program) requestTable() table[api.CertificateRequest] {
	return table[api.CertificateRequest]{
		header: []string{"ID", "STATUS", "NAME", "KEY", "EXPIRES", "SUBMITTED BY"},
		row: func(r api.CertificateRequest) []string {
			names := slices.Concat(r.DNSNames, r.IPAddresses, r.EmailAddresses, r.URIs, r.UPNs)
			return []string{strconv.FormatInt(r.ID, 10), p.requestStatus(r), shortName(r.CommonName, names), r.Key,
				relative(r.NotAfter, p.now()), r.Email}
		},
		empty: "no requests yet",
	}
}

// shownRequest is a request as displayed. A revoked request includes its latest revocation.
type shownRequest struct {
	api.CertificateRequest
	Revocation *revocation `json:"revocation,omitempty"`
}

type revocation struct {
	CertificateID          int64      `json:"certificate_id"`
	SerialNumber           string     `json:"serial_number"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id"`
	RevokedAt              *time.Time `json:"revoked_at"`
	Reason                 string     `json:"reason"`
}

func revocationOf(ctx context.Context, c *client.Client, r api.CertificateRequest) (last *revocation, err error) {
	if r.Status != string(notary.Revoked) {
		return nil, nil
	}
	all, err := c.CertificatesOfRequest(ctx, r.ID)
	for _, e := range all {
		if e.RevokedAt != nil && (last == nil || !e.RevokedAt.Before(*last.RevokedAt)) {
			last = &revocation{e.ID, e.SerialNumber, e.CertificateAuthorityID, e.RevokedAt, e.RevocationReason}
		}
	}
	return last, err
}

func (p *program) revokedFields(r *revocation) []field {
	if r == nil {
		return nil
	}
	return []field{
		{"Certificate", optionalID(&r.CertificateID)},
		{"Serial number", r.SerialNumber},
		{"Issuer", optionalID(r.CertificateAuthorityID)},
		{"Revoked", exact(r.RevokedAt, p.now())},
		{"Reason", r.Reason},
	}
}

func (p *program) requestStatus(r api.CertificateRequest) string {
	if r.NotAfter != nil && p.now().After(*r.NotAfter) {
		return r.Status + " (expired)"
	}
	return r.Status
}

func shortName(commonName string, names []string) string {
	if len(names) == 0 {
		return commonName
	}
	name := cmp.Or(commonName, names[0])
	others := len(names)
	if slices.Contains(names, name) {
		others--
	}
	if others > 0 {
		name += fmt.Sprintf(" +%d", others)
	}
	return name
}

func (p *program) requestShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a request and its certificate", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			r, err := c.CertificateRequest(ctx, id)
			if err != nil {
				return err
			}
			revoked, err := revocationOf(ctx, c, r)
			if err != nil {
				return err
			}
			return p.printOne(shownRequest{r, revoked}, append([]field{
				{"Request", strconv.FormatInt(r.ID, 10)},
				{"Status", p.requestStatus(r)},
				{"Common name", r.CommonName},
				{"DNS names", strings.Join(r.DNSNames, ", ")},
				{"IP addresses", strings.Join(r.IPAddresses, ", ")},
				{"Email addresses", strings.Join(r.EmailAddresses, ", ")},
				{"URIs", strings.Join(r.URIs, ", ")},
				{"User principal names", strings.Join(r.UPNs, ", ")},
				{"Key", r.Key},
				{"Submitted by", r.Email},
				{"Submitted via", submittedVia(r.SubmittedBy)},
				{"Owner", ownerGroup(r.Owner)},
				{"Submitted", exact(&r.CreatedAt, p.now())},
				{"Updated", exact(&r.UpdatedAt, p.now())},
				{"Rejection reason", r.RejectionReason},
				{"Decided by", ruleText(r.RuleDecision)},
				{"Requested", requestedText(r.Requested)},
				{"Labels", labelTexts(r.Labels)},
				{"Note", r.Note},
				{"Certificate", optionalID(r.CertificateID)},
				{"Serial number", r.SerialNumber},
				{"Valid from", exact(r.NotBefore, p.now())},
				{"Valid until", exact(r.NotAfter, p.now())},
				{"Issuer", optionalID(r.CertificateAuthorityID)},
			}, append(p.revokedFields(revoked), findingFields(r.Findings)...)...)...)
		})}
}

// submittedVia returns the API token that submitted a request, or "" if an account did.
func submittedVia(by *api.Ref) string {
	if by == nil || by.Kind != notary.TokenPrincipal {
		return ""
	}
	return notary.Ref(*by).String()
}

func optionalID(id *int64) string {
	if id == nil {
		return ""
	}
	return strconv.FormatInt(*id, 10)
}

func (p *program) requestReopen() *cobra.Command {
	c := p.idCommand("reopen ID", "Reopen a rejected or revoked request", "request %d is outstanding again",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.ReopenCertificateRequest(ctx, id)
		})
	yesFlag(c, new(bool))
	return namedYesUsage(c, "request")
}

func (p *program) requestDelete() *cobra.Command {
	return namedYesUsage(p.destructive("delete ID", "Delete a request; its certificates stay in the inventory",
		"Delete request %d?", "request %d is deleted",
		func(ctx context.Context, c *client.Client, id int64) error {
			return c.DeleteCertificateRequest(ctx, id)
		}), "request")
}

func (p *program) requestRemoveCertificate() *cobra.Command {
	return namedYesUsage(p.destructive("remove-certificate ID", "Remove the certificate from a request; the "+
		"certificate stays in the inventory",
		"Remove the certificate of request %d?", "request %d no longer has a certificate and is outstanding again",
		func(ctx context.Context, c *client.Client, id int64) error { return c.RemoveCertificate(ctx, id) }), "request")
}

func (p *program) requestUpload() *cobra.Command {
	var chain string
	c := &cobra.Command{
		Use: "upload ID", Short: "Upload a certificate that an external CA signed for a request",
		Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			text, err := p.readCertificates(ctx, chain)
			if err != nil {
				return err
			}
			certificate, err := c.UploadCertificate(ctx, id, api.UploadCertificate{Certificate: text})
			if err != nil {
				return err
			}
			return p.created(certificate, "request %d now has certificate %d", id, certificate)
		}),
	}
	c.Flags().StringVar(&chain, "chain", "", "the `file` with the chain, leaf first, as PEM, DER or PKCS #7; - for "+
		"standard input")
	c.MarkFlagRequired("chain")
	yesFlag(c, new(bool))
	return namedYesUsage(c, "request")
}

func (p *program) requestDownload() *cobra.Command {
	return p.download("Download a request's certificate, chain or PKCS #12 bundle",
		"  notary request download 7 --out a.example.com.pem\n"+
			"  notary request download 7 --format leaf | openssl x509 -noout -text\n"+
			"  notary request download 7 --pkcs12 a.p12 --key a.example.com.key",
		func(ctx context.Context, c *client.Client, id int64) (string, error) {
			r, err := c.CertificateRequest(ctx, id)
			if err != nil || r.CertificateChain != "" {
				return r.CertificateChain, err
			}
			err = notary.Errorf(notary.Conflict, "request %d is %s: it has no certificate", r.ID, r.Status)
			switch {
			case r.Status != string(notary.Outstanding):
			case allowed(ctx, c, notary.DecideRequests):
				err = withHint(err, "sign it with: notary request sign %d --authority ID", r.ID)
			default:
				err = withHint(err, "a Certificate Manager has to sign it first")
			}
			return "", err
		})
}
