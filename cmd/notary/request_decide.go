package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

// The commands that decide on requests: on one, on several by their ids, or on all that fit
// a filter.

func (p *program) requestSign() *cobra.Command {
	var authority idFlag
	var profile string
	var end endFlags
	c, on := p.deciding("sign", "Have requests signed by an authority", notary.Outstanding, "issued-by",
		"  notary request sign 7 --authority 2\n"+
			"  notary request sign 7 8 9 --authority 2 --profile server --days 30\n"+
			"  notary request sign --domain example.com --authority 2")
	c.RunE = func(command *cobra.Command, args []string) error {
		notAfter, err := end.end(p.now())
		if err != nil {
			return err
		}
		body := api.SignCertificateRequest{CertificateAuthorityID: api.ID(authority), Profile: profile, NotValidAfter: notAfter}
		return p.decide(command, args, on, decision{
			one: func(ctx context.Context, c *client.Client, id int64) error {
				if err := c.SignCertificateRequest(ctx, id, body); err != nil {
					return err
				}
				return p.done("request %d is signed; its certificate: notary request download %d", id, id)
			},
			many: func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error] {
				return c.SignCertificateRequests(ctx, api.BulkSign{Bulk: on, SignCertificateRequest: body})
			},
			question: fmt.Sprintf("Sign %%s with authority %d?", authority), doing: "signing", done: "signed",
		})
	}
	authorityFlag(c, &authority, "authority", "the `id` or common name of the authority that signs")
	c.Flags().StringVar(&profile, "profile", "", "the profile's `name`: see notary profile list (default server-client)")
	end.register(c, "the profile's: 90 days for the built-in ones of servers and clients")
	c.MarkFlagRequired("authority")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
	return c
}

func (p *program) requestReject() *cobra.Command {
	var body api.Reject
	c, on := p.deciding("reject", "Reject requests that have no certificate", notary.Outstanding, "authority",
		"  notary request reject 7 --reason \"ask for web.example.com instead\"\n  notary request reject --email someone@example.com")
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
	c.Flags().StringVar(&body.Reason, "reason", "", "a `text` for whoever submitted the request")
	return c
}

func (p *program) requestRevoke() *cobra.Command {
	var reason string
	c, on := p.deciding("revoke", "Revoke the certificates of requests, for ever", notary.Active, "authority",
		"  notary request revoke 7 --reason keyCompromise\n"+
			"  notary request revoke --authority 2 --domain example.com --reason cessationOfOperation")
	c.RunE = func(command *cobra.Command, args []string) error {
		return p.decide(command, args, on, decision{
			one: func(ctx context.Context, c *client.Client, id int64) error {
				if err := p.confirm(ctx, on.yes, "Revoke the certificate of request %d for ever?", id); err != nil {
					return err
				}
				if err := c.RevokeCertificate(ctx, id, api.Revoke{Reason: reason}); err != nil {
					return err
				}
				return p.done("the certificate of request %d is revoked", id)
			},
			many: func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error] {
				return c.RevokeCertificates(ctx, api.BulkRevoke{Bulk: on, Revoke: api.Revoke{Reason: reason}})
			},
			question: "Revoke the certificates of %s for ever?", doing: "revoking", done: "revoked", forEver: true,
		})
	}
	reasonFlag(c, &reason)
	return c
}

// decidedOn are the requests that a command is for, as far as its flags say so.
type decidedOn struct {
	filterFlags
	yes    bool
	status notary.RequestStatus // that the filter is narrowed to where no other is asked for
}

// deciding is a command on requests by ids or filter, but for what it does.
func (p *program) deciding(verb, short string, status notary.RequestStatus, issuerFlag, example string) (*cobra.Command, *decidedOn) {
	c := &cobra.Command{Use: verb + " [ID...]", Short: short, Example: example, Args: cobra.ArbitraryArgs,
		Long: short + ".\n\nThe requests are named by their ids, or found by the flags that narrow a list. With these,\n" +
			"without --status, only those are meant that are " + string(status) + "; they are counted first, and nothing\n" +
			"is done where their number has changed since."}
	on := &decidedOn{status: status}
	on.register(c, issuerFlag)
	on.registerStatus()
	c.Flags().BoolVarP(&on.yes, "yes", "y", false, "do not ask; without a terminal to ask on, requests that flags find are only "+
		"decided on with this one")
	return c, on
}
