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

// The commands below revoke certificates, selected by request or in the inventory.

func (p *program) requestRevoke() *cobra.Command {
	var body api.RevokeCertificateRequest
	c, on := p.decisionCommand("revoke", "Revoke the certificates of requests permanently", notary.Active, "authority",
		"  notary request revoke 7 --reason keyCompromise\n"+
			"  notary request revoke 7 --only-current\n"+
			"  notary request revoke --authority 2 --domain example.com --reason cessationOfOperation")
	c.Long += "\n\n" +
		"Every valid certificate of a request is revoked, unless --only-current is given. For a revoked request,\n" +
		"--reason keyCompromise corrects the reason and blocks the key."
	c.RunE = func(command *cobra.Command, args []string) error {
		return p.decide(command, args, on, decision{
			one: func(ctx context.Context, c *client.Client, id int64) error {
				if err := p.confirmRevocation(ctx, c, id, body.OnlyCurrent, on.yes); err != nil {
					return err
				}
				done, err := c.RevokeCertificate(ctx, id, body)
				if err != nil {
					return err
				}
				return p.revoked(done, fmt.Sprintf("request %d", id))
			},
			many: func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error] {
				return c.RevokeCertificates(ctx, api.BulkRevoke{Bulk: on, RevokeCertificateRequest: body})
			},
			question: "Revoke the certificates of %s permanently?", doing: "revoking", done: "revoked", permanent: true,
		})
	}
	reasonFlag(c, &body.Reason)
	c.Flags().BoolVar(&body.OnlyCurrent, "only-current", false, "revoke only the current certificate; older "+
		"ones stay valid")
	revokeYesUsage(c)
	return c
}

func revokeYesUsage(c *cobra.Command) {
	c.Flags().Lookup("yes").Usage = "do not ask for confirmation; required without a terminal if certificates are " +
		"selected by filters or by name"
}

func (p *program) confirmRevocation(ctx context.Context, c *client.Client, id int64, onlyCurrent, yes bool) error {
	if _, asked := p.terminal(); yes || !asked {
		return nil
	}
	all, err := c.CertificatesOfRequest(ctx, id)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(e api.Certificate) bool {
		return e.RevokedAt != nil ||
			p.now().After(e.NotAfter)
	})
	if onlyCurrent || len(all) < 2 {
		return p.confirm(ctx, false, "Revoke the certificate of request %d permanently?", id)
	}
	var ids []int64
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return p.confirm(ctx, false, "Revoke all %d valid certificates of request %d (%s) permanently?", len(ids), id,
		joinIDs(ids))
}

func (p *program) certificateRevoke() *cobra.Command {
	var on filterFlags
	var yes bool
	var body api.Revoke
	c := &cobra.Command{Use: "revoke [ID...]", Short: "Revoke certificates permanently", Args: cobra.ArbitraryArgs,
		Long: "Revoke certificates permanently.\n\n" +
			"Select certificates by ID or with filters. Without --revoked, filters select only certificates that are\n" +
			"not revoked. The matching certificates are counted first; if the matches change in the meantime, nothing\n" +
			"is done.\n\n" +
			"The current certificate of a CA can be revoked only by itself, given as a single ID; this also disables\n" +
			"the CA. For a revoked certificate, --reason keyCompromise corrects the reason and blocks the key.",
		Example: "  notary certificate revoke 9 --reason superseded\n" +
			"  notary certificate revoke 9 12 13 --reason keyCompromise\n" +
			"  notary certificate revoke --domain old.example.com --reason cessationOfOperation"}
	c.RunE = func(command *cobra.Command, args []string) error {
		switch {
		case len(args) > 0 && on.given():
			return usagef("specify either IDs or filter flags, not both")
		case len(args) == 0 && !on.given():
			return usagef("specify the certificates by ID or with filter flags such as --domain example.com")
		case len(args) == 1:
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				return p.revokeCertificate(ctx, c, id, body, yes)
			})(command, args)
		}
		ids, err := parseIDs(args)
		if err != nil {
			return err
		}
		return p.call(func(ctx context.Context, c *client.Client) error {
			return p.revokeCertificates(ctx, c, ids, &on, body, yes)
		})(command, nil)
	}
	on.register(c, "authority")
	on.registerRevoked()
	reasonFlag(c, &body.Reason)
	yesFlag(c, &yes)
	revokeYesUsage(c)
	return c
}

func (p *program) revokeCertificate(ctx context.Context, c *client.Client, id int64, body api.Revoke, yes bool) error {
	if err := p.confirm(ctx, yes, "Revoke certificate %d permanently?", id); err != nil {
		return err
	}
	done, err := c.RevokeInventoryCertificate(ctx, id, body)
	if err != nil {
		return err
	}
	return p.revoked(done, fmt.Sprintf("certificate %d", id))
}

func (p *program) revokeCertificates(ctx context.Context, c *client.Client, ids []int64, on *filterFlags,
	body api.Revoke, yes bool) error {
	bulk := api.BulkRevokeCertificates{IDs: ids, Revoke: body}
	n := len(ids)
	if n == 0 {
		filter, err := on.certificates(p.now())
		if err != nil {
			return err
		}
		if filter.Revoked == "" {
			filter.Revoked = "false"
		}
		found, err := c.CountCertificates(ctx, filter)
		if err != nil {
			return err
		}
		bulk.Filter, bulk.Selection, n = &filter, found.Selection, int(found.Count)
		if _, asked := p.terminal(); !asked && !yes && n > 0 {
			return usagef("the flags select %s, and there is no terminal to confirm on: add --yes",
				counted(n, "certificate"))
		}
	}
	switch {
	case n == 0 && p.json:
		return p.printJSON([]api.Outcome{})
	case n == 0:
		return p.done("no certificate matches: nothing to do")
	}
	if err := p.confirm(ctx, yes, "Revoke %s permanently?", counted(n, "certificate")); err != nil {
		return err
	}
	return p.follow(c.RevokeInventoryCertificates(ctx, bulk), n,
		decision{noun: "certificate", doing: "revoking", done: "revoked"})
}

func (p *program) revoked(done api.Revocations, of string) error {
	if p.json {
		return p.printJSON(done)
	}
	var revoked, corrected []int64
	for _, e := range done.Revoked {
		if e.PreviousReason == "" {
			revoked = append(revoked, e.ID)
		} else {
			corrected = append(corrected, e.ID)
		}
	}
	text := of + " is revoked"
	if len(corrected) > 0 {
		text = of + ": reason corrected (" + idsOf("certificate", corrected) + ")"
	}
	if len(revoked) > 1 || len(corrected) > 0 && len(revoked) > 0 {
		text += "; revoked: " + idsOf("certificate", revoked)
	}
	if err := p.done("%s", text); err != nil {
		return err
	}
	for _, e := range done.NotRevoked {
		p.notice("certificate %d is still valid: %s", e.ID, e.Error)
	}
	return nil
}

func idsOf(noun string, ids []int64) string {
	if len(ids) > 1 {
		noun += "s"
	}
	return noun + " " + joinIDs(ids)
}

func joinIDs(ids []int64) string {
	var all []string
	for _, id := range ids {
		all = append(all, strconv.FormatInt(id, 10))
	}
	return strings.Join(all, ", ")
}

func parseIDs(args []string) (ids []int64, err error) {
	for _, arg := range args {
		id, err := parseID(arg)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
