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

	"notary/api"
	"notary/client"
)

func rulesByPriority(ctx context.Context, c *client.Client) ([]api.Rule, error) {
	all, err := c.Rules(ctx)
	slices.SortFunc(all, func(a, b api.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return all, err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (p *program) ruleCheck() *cobra.Command {
	var csr string
	var authority idFlag
	var body api.CheckRules
	c := &cobra.Command{Use: "check [ID...]", Short: "Test rules on a CSR or on the latest requests",
		Long: "Test the active rules on a CSR, as if you submitted it, on the latest requests, or on both. Rules given by\n" +
			"ID are tested in their latest version, as if that were active. Nothing is issued or recorded. If the CSR\n" +
			"would be refused, the exit code is 1.",
		Example: "  notary rule check --csr web.csr\n  notary rule check 3 --last 1000\n" +
			"  notary rule check 3 4 --only --last 100000"}
	c.Flags().StringVar(&csr, "csr", "", "PEM `file` with the CSR to test; - for standard input")
	c.Flags().IntVar(&body.Last, "last", 0, "the `number` of latest requests to test, up to 100000")
	c.Flags().BoolVar(&body.Only, "only", false, "evaluate only the given rules, not the active ones")
	c.Flags().StringVar(&body.Profile, "profile", "", "with --csr: the `name` of the profile that you would request")
	authorityFlag(c, &authority, "authority", "with --csr: the `ID` or common name of the CA that you would request")
	c.MarkFlagsOneRequired("csr", "last")
	c.RunE = func(command *cobra.Command, args []string) error {
		for _, arg := range args {
			id, err := parseID(arg)
			if err != nil {
				return err
			}
			body.Rules = append(body.Rules, api.ProposedRule{ID: id})
		}
		return p.call(func(ctx context.Context, c *client.Client) (err error) {
			if csr != "" {
				if body.CSR, err = p.readInput(ctx, csr); err != nil {
					return err
				}
			}
			body.CertificateAuthorityID = api.ID(authority)
			check, err := c.CheckRules(ctx, body)
			if err != nil {
				return err
			}
			return p.showRuleCheck(check)
		})(command, nil)
	}
	return c
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
	if check.CSR != nil && check.CSR.Effect == "refuse" {
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
	if len(check.First) > 0 {
		err := printList(p, each(check.First, nil), table[api.DifferingDecision]{
			header: []string{"REQUEST", "NAME", "STATUS", "WOULD BE", "RULE"},
			row: func(d api.DifferingDecision) []string {
				names := slices.Concat(d.DNSNames, d.IPAddresses, d.EmailAddresses, d.URIs, d.UPNs)
				return []string{strconv.FormatInt(d.ID, 10), shortName(d.CommonName, names), d.Status,
					map[string]string{"sign": "signed", "refuse": "refused"}[d.Effect], d.RuleName}
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
		header: []string{"REQUEST", "RULE", "PROBLEM"},
		row: func(f api.RuleFailure) []string {
			return []string{strconv.FormatInt(f.ID, 10), f.RuleName, f.Reason}
		},
	})
}
