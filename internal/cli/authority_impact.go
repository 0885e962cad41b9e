package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) authorityImpact() *cobra.Command {
	return &cobra.Command{
		Use: "impact ID", Short: "Show what depends on a CA: the CAs and certificates below it",
		Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			impact, err := c.AuthorityImpact(ctx, id)
			if err != nil {
				return err
			}
			return p.printOne(impact, p.impactFields(impact)...)
		}),
	}
}

func (p *program) authorityRevoke() *cobra.Command {
	var yes bool
	var reason string
	c := p.idCommand("revoke ID", "Revoke a CA permanently and disable it", "CA %d is revoked",
		func(ctx context.Context, c *client.Client, id int64) error {
			impact, err := c.AuthorityImpact(ctx, id)
			if err != nil {
				return err
			}
			for _, f := range p.impactFields(impact) {
				if f.value != "" {
					p.notice("%s: %s", f.name, f.value)
				}
			}
			if err := p.confirm(ctx, yes, "Revoke CA %d permanently?", id); err != nil {
				return err
			}
			_, err = c.RevokeCertificateAuthority(ctx, id, api.Revoke{Reason: reason})
			return err
		})
	yesFlag(c, &yes)
	reasonFlag(c, &reason)
	return c
}

func (p *program) impactFields(i api.AuthorityImpact) []field {
	fields := []field{
		{"Valid certificates below it", impactCount(i.Certificates, i.AtLeast)},
		{"First expiry", exact(i.First, p.now())},
		{"Last expiry", exact(i.Last, p.now())},
	}
	for _, r := range i.Requesters {
		who := r.Email
		if who == "" {
			who = "unknown requester"
		}
		fields = append(fields, field{"Requested by " + who, strconv.FormatInt(r.Certificates, 10)})
	}
	if i.Others > 0 {
		fields = append(fields, field{"Requested by others", strconv.FormatInt(i.Others, 10)})
	}
	for _, m := range i.Months {
		fields = append(fields, field{"Expiring in " + m.Month, strconv.FormatInt(m.Certificates, 10)})
	}
	for _, a := range i.Authorities {
		fields = append(fields, field{fmt.Sprintf("Subordinate CA %d", a.ID), subordinateText(a)})
	}
	return fields
}

func subordinateText(a api.SubordinateImpact) string {
	certificates := " certificates"
	if a.Certificates == 1 {
		certificates = " certificate"
	}
	parts := []string{a.CommonName, "until " + a.NotAfter.UTC().Format(time.DateOnly),
		impactCount(a.Certificates, a.AtLeast) + certificates}
	if a.Deleted {
		parts = append(parts, "deleted")
	}
	if a.Elsewhere {
		parts = append(parts, "still trusted through another path")
	}
	return strings.Join(parts, ", ")
}

func impactCount(n int64, atLeast bool) string {
	if atLeast {
		return fmt.Sprintf("at least %d", n)
	}
	return strconv.FormatInt(n, 10)
}
