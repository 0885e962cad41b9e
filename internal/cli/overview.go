package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) overviewCommand() *cobra.Command {
	return &cobra.Command{Use: "overview", Short: "Show pending approvals, expiring certificates and the " +
		"state of the CAs", Args: cobra.NoArgs, RunE: p.call(func(ctx context.Context, c *client.Client) error {
		o, err := c.Overview(ctx)
		if err != nil {
			return err
		}
		return p.printOne(o, p.overviewFields(o)...)
	})}
}

func (p *program) overviewFields(o api.Overview) (fields []field) {
	add := func(name, format string, args ...any) {
		fields = append(fields, field{name, fmt.Sprintf(format, args...)})
	}
	if o.Summary != nil {
		add("Pending approval", "%d", o.Summary.CertificateRequests[string(notary.Outstanding)])
		add("Certificates", "%d valid, %d revoked, %d expired", o.Certificates.InForce, o.Certificates.Revoked,
			o.Certificates.Expired)
	}
	for _, warning := range o.Warnings {
		add("Warning", "%s", warning)
	}
	for _, d := range o.DamagedRecords {
		add("Damaged record", "%s %d: %s", d.Kind, d.ID, d.Problem)
	}
	fields = append(fields, blockedFields(o)...)
	fields = append(fields, p.tokenFields(o)...)
	for _, w := range o.Weeks {
		if w.Count > 0 {
			add("Expiring in the week from "+w.From.UTC().Format(time.DateOnly), "%d", w.Count)
		}
	}
	for _, a := range o.Authorities {
		add(fmt.Sprintf("CA %d", a.ID), "%s", strings.Join(p.authoritySummary(a), ", "))
	}
	for _, r := range o.Outstanding {
		name := shortName(r.CommonName, slices.Concat(r.DNSNames, r.IPAddresses, r.EmailAddresses, r.URIs))
		add(fmt.Sprintf("Request %d is pending", r.ID), "%s", joined(name, r.Email, relative(&r.CreatedAt, p.now())))
	}
	for _, c := range o.ExpiringCertificates {
		name := shortName(c.CommonName, slices.Concat(c.DNSNames, c.IPAddresses, c.EmailAddresses, c.URIs))
		add(fmt.Sprintf("Certificate %d expires", c.ID), "%s", joined(name, c.Email, relative(&c.NotAfter, p.now())))
	}
	return fields
}

func blockedFields(o api.Overview) (fields []field) {
	for _, c := range o.BlockedCertificates {
		name := shortName(c.CommonName, slices.Concat(c.DNSNames, c.IPAddresses, c.EmailAddresses, c.URIs))
		fields = append(fields, field{"Blocked key", fmt.Sprintf("certificate %d, %s: replace it, and revoke it with "+
			"notary certificate revoke %[1]d --reason keyCompromise", c.ID, joined(name, c.Email))})
	}
	if o.BlockedMore {
		fields = append(fields, field{"Blocked key", "and more certificates"})
	}
	return fields
}

func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), ", ")
}

func (p *program) authoritySummary(a api.AuthorityState) []string {
	words := []string{a.CommonName, a.Status, counted(int(a.InForce), "valid certificate")}
	if a.EndsSoon {
		words = append(words, "its certificate expires "+relative(a.NotAfter, p.now()))
	}
	switch {
	case a.CRLDue && a.Offline && a.Unpublished > 0:
		words = append(words, fmt.Sprintf("upload a new CRL: the last one lacks %s",
			counted(int(a.Unpublished), "revocation")))
	case a.CRLDue && a.Offline && a.NextUpdate == nil:
		words = append(words, "upload its first CRL")
	case a.CRLDue && a.Offline:
		words = append(words, "upload a new CRL: its next update is due "+relative(a.NextUpdate, p.now()))
	case a.CRLDue:
		words = append(words, "a CRL is overdue")
	}
	return words
}

func (p *program) authorityState() *cobra.Command {
	return &cobra.Command{Use: "state ID", Short: "Show the state of a CA's CRL, OCSP responder and certificates",
		Args: cobra.ExactArgs(1), RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			a, err := c.AuthorityState(ctx, id)
			if err != nil {
				return err
			}
			return p.printOne(a,
				field{"CA", strconv.FormatInt(a.ID, 10)},
				field{"Common name", a.CommonName},
				field{"Status", a.Status},
				field{"Valid until", exact(a.NotAfter, p.now())},
				field{"Certificates", fmt.Sprintf("%d issued, %d valid", a.Issued, a.InForce)},
				field{"Revocations", strconv.FormatInt(a.Revocations, 10)},
				field{"Unpublished revocations", unpublished(a)},
				field{"CRL number", optionalID(a.CRLNumber)},
				field{"CRL issued", exact(a.ThisUpdate, p.now())},
				field{"CRL next update", exact(a.NextUpdate, p.now())},
				field{"Partitioned CRLs", strconv.Itoa(a.Shards)},
				field{"OCSP responder expires", exact(a.OCSPResponderEnd, p.now())},
			)
		})}
}

func unpublished(a api.AuthorityState) string {
	if !a.Offline {
		return "" // the next CRL has them within seconds
	}
	return strconv.FormatInt(a.Unpublished, 10)
}
