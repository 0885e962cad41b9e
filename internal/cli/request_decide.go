package cli

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

// The commands below decide on one request, on several by ID, or on all that match the filter flags.

func (p *program) requestSign() *cobra.Command {
	var authority idFlag
	var body api.SignCertificateRequest
	var end endFlags
	var own signFlags
	c, on := p.decisionCommand("sign", "Sign requests with a CA", notary.Outstanding, "issued-by",
		"  notary request sign 7 --authority 2\n"+
			"  notary request sign 7 8 9 --authority 2 --profile server --days 30\n"+
			"  notary request sign --domain example.com --authority 2\n"+
			"  notary request sign --status Active --expires-before 30d\n"+
			"  notary request sign 7 --authority 2 --subject 'CN=web.example.com,O=Example' --name web.example.com\n"+
			"  notary request sign 7 --authority 1 --profile intermediate --path-length 0 --permit dns:example.com")
	c.Long += "\n\n" +
		"The CA and profile default to those of the previous certificate. For a first certificate, they default\n" +
		"to the requested CA, and to the requested profile or server-client. --authority is required if there is\n" +
		"neither a previous nor a requested CA."
	c.RunE = func(command *cobra.Command, args []string) error {
		notAfter, err := end.end(p.now())
		if err != nil {
			return err
		}
		body.CertificateAuthorityID, body.NotValidAfter = api.ID(authority), notAfter
		if err := own.fill(command, args, &body); err != nil {
			return err
		}
		return p.decide(command, args, on, decision{
			one: func(ctx context.Context, c *client.Client, id int64) error {
				if err := p.noticeRequested(ctx, c, id, body); err != nil {
					return err
				}
				if err := c.SignCertificateRequest(ctx, id, body); err != nil {
					return err
				}
				return p.done("request %d is signed; its certificate: notary request download %d", id, id)
			},
			many: func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error] {
				return c.SignCertificateRequests(ctx, api.BulkSign{Bulk: on, SignCertificateRequest: body})
			},
			explain: func(ctx context.Context, c *client.Client, on api.Bulk) error {
				preview, err := c.PreviewSign(ctx, api.BulkSign{Bulk: on, SignCertificateRequest: body})
				p.printGroups(preview.Groups)
				return err
			},
			question: "Sign %s?", doing: "signing", done: "signed",
		})
	}
	authorityFlag(c, &authority, "authority", "the `ID` or common name of the signing CA (default: the previous CA "+
		"or the requested one)")
	c.Flags().StringVar(&body.Profile, "profile", "", "the profile `name`: see notary profile list (default: "+
		"the previous profile, the requested one, or server-client)")
	c.Flags().BoolVar(&body.KeepFormer, "keep-former", false, "renew with the previous CA and profile; --authority "+
		"and --profile then apply only to requests without a certificate")
	end.register(c, "the requested expiry for a first certificate, if any; otherwise the profile's validity, which is "+
		"90 days for the built-in server and client profiles")
	own.register(c, on)
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
	return c
}

func (p *program) printGroups(groups []api.SignGroup) {
	for _, g := range groups {
		p.notice("%s: %s", requests(int(g.Count)), groupText(g))
	}
}

func groupText(g api.SignGroup) string {
	if g.Error != "" {
		return "not signed: " + g.Error
	}
	text := fmt.Sprintf("profile %s, CA %d", g.Profile, *g.CertificateAuthorityID)
	switch former := g.FormerCertificateAuthorityID; {
	case former == nil:
	case *former == *g.CertificateAuthorityID && g.FormerProfile == g.Profile:
		text += ", as before"
	default:
		text += fmt.Sprintf(" instead of profile %s, CA %d", g.FormerProfile, *former)
	}
	if g.Renewal {
		text += " (renewal)"
	}
	return text
}

func (p *program) requestReject() *cobra.Command {
	var body api.Reject
	c, on := p.decisionCommand("reject", "Reject requests that have no certificate", notary.Outstanding, "authority",
		"  notary request reject 7 --reason \"ask for web.example.com instead\"\n  notary request reject --email "+
			"someone@example.com")
	c.RunE = func(command *cobra.Command, args []string) error {
		return p.decide(command, args, on, decision{
			one: func(ctx context.Context, c *client.Client, id int64) error {
				if err := c.RejectCertificateRequest(ctx, id, body); err != nil {
					return err
				}
				return p.done("request %d is rejected", id)
			},
			many: func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error] {
				return c.RejectCertificateRequests(ctx, api.BulkReject{Bulk: on, Reject: body})
			},
			question: "Reject %s?", doing: "rejecting", done: "rejected",
		})
	}
	c.Flags().StringVar(&body.Reason, "reason", "", "the `reason`, which the requester sees")
	return c
}

type decidedOn struct {
	filterFlags
	yes    bool
	status notary.RequestStatus // default of --status
}

func (p *program) decisionCommand(verb, short string, status notary.RequestStatus, issuerFlag,
	example string) (*cobra.Command, *decidedOn) {
	c := &cobra.Command{Use: verb + " [ID...]", Short: short, Example: example, Args: cobra.ArbitraryArgs,
		Long: short + ".\n\n" +
			"Select requests by ID, by name or with filters. Without --status, filters select only requests with the\n" +
			"status " + string(status) + ". The matching requests are counted first; if the matches change in the " +
			"meantime,\nnothing is done."}
	on := &decidedOn{status: status}
	on.register(c, issuerFlag)
	on.registerStatus()
	c.Flags().BoolVarP(&on.yes, "yes", "y", false, "do not ask for confirmation; required without a terminal if "+
		"requests are selected by filters or "+
		"by name")
	return c, on
}
