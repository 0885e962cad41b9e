package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func rulesByPriority(ctx context.Context, c *client.Client) ([]api.Rule, error) {
	all, err := c.Rules(ctx)
	slices.SortFunc(all, func(a, b api.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return all, err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

type ruleCheckFlags struct {
	csr              string
	token, authority idFlag
	group            idFlag
	labels           labelFlags
	end              endFlags
	body             api.CheckRules
}

func (p *program) ruleCheck() *cobra.Command {
	var f ruleCheckFlags
	c := &cobra.Command{Use: "check [ID...]", Short: "Test rules on a CSR or on the latest requests",
		Long: "Test the active rules on a CSR, on the latest requests, or on both. Rules given by ID are tested in their\n" +
			"latest version, as if that were active. Nothing is issued or recorded.\n\n" +
			"The CSR is tested as if you submitted it now from your address, with the given CA, profile, validity, labels\n" +
			"and group. With permission to manage rules, --as-token tests it as if one of your API tokens submitted it or,\n" +
			"as an Admin, any. If the CSR would be refused, the exit code is 1.",
		Example: "  notary rule check --csr web.csr\n  notary rule check 3 --last 1000\n" +
			"  notary rule check --csr build.csr --as-token ci-deploy --label team=build --days 7\n" +
			"  notary rule check 3 4 --only --last 100000"}
	f.register(c, p)
	c.RunE = func(command *cobra.Command, args []string) error {
		for _, arg := range args {
			id, err := parseID(arg)
			if err != nil {
				return err
			}
			f.body.Rules = append(f.body.Rules, api.ProposedRule{ID: id})
		}
		return p.call(func(ctx context.Context, c *client.Client) error { return p.checkRules(ctx, c, f) })(command, nil)
	}
	return c
}

func (f *ruleCheckFlags) register(c *cobra.Command, p *program) {
	c.Flags().StringVar(&f.csr, "csr", "", "PEM `file` with the CSR to test; - for standard input")
	c.Flags().IntVar(&f.body.Last, "last", 0, "the `number` of latest requests to test, up to 100000")
	c.Flags().BoolVar(&f.body.Only, "only", false, "evaluate only the given rules, not the active ones")
	c.Flags().Var(&namedFlag{id: &f.token, find: findToken}, "as-token",
		"with --csr: the `ID` or name of the API token that would submit it (default: you)")
	c.Flags().StringVar(&f.body.Profile, "profile", "", "with --csr: the `name` of the profile to request")
	authorityFlag(c, &f.authority, "authority", "with --csr: the `ID` or common name of the CA to request")
	f.end.register(c, "the profile's validity")
	c.Flags().StringArrayVar(&f.labels.labels, "label", nil, "with --csr: a `label` for the request, such as "+
		"team=payments; may be repeated")
	groupFlag(c, &f.group, "group", "with --csr: the `ID` or name of the group that would own the request")
	c.MarkFlagsOneRequired("csr", "last")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
}

func (p *program) checkRules(ctx context.Context, c *client.Client, f ruleCheckFlags) (err error) {
	if f.csr != "" {
		if f.body.CSR, err = p.readInput(ctx, f.csr); err != nil {
			return err
		}
	}
	if f.body.NotValidAfter, err = f.end.end(p.now()); err != nil {
		return err
	}
	if f.body.Labels, err = f.labels.all(); err != nil {
		return err
	}
	if f.token != 0 {
		f.body.Principal = &api.TriedPrincipal{Kind: notary.TokenPrincipal, ID: int64(f.token)}
	}
	f.body.CertificateAuthorityID, f.body.Owner = api.ID(f.authority), groupOwner(f.group)
	check, err := c.CheckRules(ctx, f.body)
	if err != nil {
		return err
	}
	return p.showRuleCheck(check)
}

var errRefusedByRule = errors.New("the request would be refused")

func (p *program) showRuleCheck(check api.RuleCheck) error {
	if p.json {
		if err := p.printJSON(check); err != nil {
			return err
		}
	} else if err := p.printRuleCheck(check); err != nil {
		return err
	}
	if o := check.CSR; o != nil && (o.Effect == "refuse" || o.Forbidden != "") {
		return errRefusedByRule
	}
	return nil
}

func (p *program) printRuleCheck(check api.RuleCheck) error {
	if o := check.CSR; o != nil {
		fmt.Fprintln(p.out, printable("the CSR "+outcomeText(*o)))
	}
	if check.Looked == 0 {
		if check.CSR == nil {
			fmt.Fprintln(p.out, "no requests to test the rules with")
		}
		return nil
	}
	fmt.Fprintf(p.out, "of the last %d requests, %d would be signed, %d held and %d refused\n", check.Looked, check.Signed,
		check.Held, check.Refused)
	err := printList(p, each(check.Rules, nil), table[api.RuleMatches]{
		header: []string{"PRIORITY", "RULE", "EFFECT", "REQUESTS"},
		row: func(r api.RuleMatches) []string {
			return []string{strconv.Itoa(r.Priority), r.Name, r.Effect, strconv.Itoa(r.Matches)}
		},
		empty: "no rules",
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%d match no rule; %d would be held because a rule cannot be evaluated; %d were decided "+
		"differently\n", check.Unmatched, check.Failed, check.Differing)
	return p.printDiffering(check)
}

func outcomeText(o api.RuleOutcome) string {
	by := ""
	if o.RuleID != 0 || o.RuleName != "" {
		by = " by rule " + o.RuleName
	}
	switch {
	case o.Forbidden != "":
		return "would not be accepted (403): " + o.Forbidden
	case o.Effect == "sign" && o.Problem == "":
		return "would be signed" + by
	case o.Effect == "sign":
		return "would be held: " + o.RuleName + " signs it, but " + o.Problem
	case o.Effect == "refuse":
		return "would be refused" + by + ": " + o.Reason
	case o.Reason == "":
		return "would be held" + by
	}
	return "would be held" + by + ": " + o.Reason
}

func (p *program) printDiffering(check api.RuleCheck) error {
	name := func(r api.TestedRequest) string {
		return shortName(r.CommonName, slices.Concat(r.DNSNames, r.IPAddresses, r.EmailAddresses, r.URIs, r.UPNs))
	}
	would := map[string]string{"sign": "signed", "hold": "held", "refuse": "refused"}
	if len(check.First) > 0 {
		err := printList(p, each(check.First, nil), table[api.DifferingDecision]{
			header: []string{"REQUEST", "NAME", "STATUS", "WOULD BE", "RULE"},
			row: func(d api.DifferingDecision) []string {
				return []string{strconv.FormatInt(d.ID, 10), name(d.TestedRequest), d.Status, would[d.Effect], d.RuleName}
			},
		})
		if err != nil {
			return err
		}
	}
	if check.Changed > 0 {
		fmt.Fprintf(p.out, "with the active rules, %d would be decided differently\n", check.Changed)
		err := printList(p, each(check.FirstChanged, nil), table[api.ChangedDecision]{
			header: []string{"REQUEST", "NAME", "WITH ACTIVE RULES", "WOULD BE", "RULE"},
			row: func(d api.ChangedDecision) []string {
				return []string{strconv.FormatInt(d.ID, 10), name(d.TestedRequest), would[d.Active.Effect], would[d.Effect],
					d.RuleName}
			},
		})
		if err != nil {
			return err
		}
	}
	if len(check.Failures) == 0 {
		return nil
	}
	return printList(p, each(check.Failures, nil), table[api.RuleFailure]{
		header: []string{"REQUESTS", "LATEST", "RULE", "PROBLEM"},
		row: func(f api.RuleFailure) []string {
			return []string{strconv.Itoa(f.Count), strconv.FormatInt(f.ID, 10), f.RuleName, f.Reason}
		},
	})
}
