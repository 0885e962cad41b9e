package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) ruleCommand() *cobra.Command {
	return group("rule", "Manage rules that sign, hold or refuse requests automatically",
		p.ruleList(), p.ruleShow(), p.ruleCreate(), p.ruleUpdate(), p.ruleDelete(), p.ruleActivate(), p.ruleDeactivate(),
		p.ruleCheck())
}

func (p *program) ruleList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List rules by priority", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(rulesByPriority(ctx, c)), table[api.Rule]{
				header: []string{"PRIORITY", "ID", "NAME", "EFFECT", "ACTIVE", "EXPRESSION"},
				row: func(r api.Rule) []string {
					return []string{strconv.Itoa(r.Priority), strconv.FormatInt(r.ID, 10), r.Name, r.Effect, activeText(r),
						oneLine(r.Expression)}
				},
				empty: "no rules: all requests are reviewed manually",
			})
		})}
}

func (p *program) ruleShow() *cobra.Command {
	var version int
	c := &cobra.Command{Use: "show ID", Short: "Show a rule", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			r, err := c.Rule(ctx, id, version)
			if err != nil {
				return err
			}
			authority := ""
			if r.CertificateAuthorityID != 0 {
				authority = strconv.FormatInt(int64(r.CertificateAuthorityID), 10)
			}
			return p.printOne(r,
				field{"Rule", strconv.FormatInt(r.ID, 10)},
				field{"Name", r.Name},
				field{"Version", fmt.Sprintf("%d, from %s", r.Version, exact(&r.UpdatedAt, p.now()))},
				field{"Active", activeText(r)},
				field{"Priority", strconv.Itoa(r.Priority)},
				field{"Expression", oneLine(r.Expression)},
				field{"Effect", r.Effect},
				field{"CA", authority},
				field{"Profile", r.Profile},
				field{"Maximum validity", r.MaxValidity},
				field{"Reason", r.Reason},
				field{"Created", exact(&r.CreatedAt, p.now())},
			)
		})}
	c.Flags().IntVar(&version, "version", 0, "an earlier version `number` (default: the newest)")
	return c
}

// activeText returns "no", "yes", or both versions if the latest one is not active yet.
func activeText(r api.Rule) string {
	switch {
	case r.ActiveVersion == nil:
		return "no"
	case *r.ActiveVersion == r.LatestVersion:
		return "yes"
	}
	return fmt.Sprintf("version %d, not %d", *r.ActiveVersion, r.LatestVersion)
}

// ruleText describes the rule that decided a request, such as "rule 3 (other domains), version 2: refuse".
func ruleText(d *api.RuleDecision) string {
	if d == nil {
		return ""
	}
	text := fmt.Sprintf("rule %d (%s), version %d: %s", d.RuleID, d.RuleName, d.RuleVersion, d.Effect)
	if d.Reason != "" {
		text += ", " + d.Reason
	}
	return text
}

type ruleFlags struct {
	terms     api.RuleTerms
	authority idFlag
	file      string
}

func (f *ruleFlags) register(c *cobra.Command, p *program) {
	flags := c.Flags()
	flags.StringVar(&f.terms.Name, "name", "", "the rule's `name`")
	flags.IntVar(&f.terms.Priority, "priority", 0, "the priority, a `number` from 1; lower numbers are evaluated first")
	flags.StringVar(&f.terms.Expression, "if", "", "the condition, a CEL `expression` such as "+
		`names.below("dev.example.com")`)
	flags.StringVar(&f.file, "if-file", "", "the `file` with the condition; - for standard input")
	flags.StringVar(&f.terms.Effect, "effect", "", "the `effect`: sign, hold or refuse")
	authorityFlag(c, &f.authority, "authority", "with effect sign: the `ID` or common name of the CA")
	flags.StringVar(&f.terms.Profile, "profile", "", "with effect sign: the `name` of the profile")
	flags.StringVar(&f.terms.MaxValidity, "max-validity", "", "with effect sign: the maximum `validity`, such as 30d")
	flags.StringVar(&f.terms.Reason, "reason", "", "the `reason` shown to the requester; required with effect refuse")
	c.MarkFlagsMutuallyExclusive("if", "if-file")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
	c.RegisterFlagCompletionFunc("effect", cobra.FixedCompletions([]string{"sign", "hold", "refuse"},
		cobra.ShellCompDirectiveNoFileComp))
}

// apply sets the terms in t that are given as flags. A new effect first resets the terms that depend on it.
func (f *ruleFlags) apply(ctx context.Context, p *program, c *cobra.Command, t *api.RuleTerms) (err error) {
	if f.file != "" {
		if t.Expression, err = p.readInput(ctx, f.file); err != nil {
			return err
		}
	}
	given := c.Flags().Changed
	if given("effect") && f.terms.Effect != t.Effect {
		t.CertificateAuthorityID, t.Profile, t.MaxValidity, t.Reason = 0, "", "", ""
	}
	for name, set := range map[string]func(){
		"name":         func() { t.Name = f.terms.Name },
		"priority":     func() { t.Priority = f.terms.Priority },
		"if":           func() { t.Expression = f.terms.Expression },
		"effect":       func() { t.Effect = f.terms.Effect },
		"authority":    func() { t.CertificateAuthorityID = api.ID(f.authority) },
		"profile":      func() { t.Profile = f.terms.Profile },
		"max-validity": func() { t.MaxValidity = f.terms.MaxValidity },
		"reason":       func() { t.Reason = f.terms.Reason },
	} {
		if given(name) {
			set()
		}
	}
	return nil
}

func (p *program) ruleCreate() *cobra.Command {
	var flags ruleFlags
	c := &cobra.Command{Use: "create", Short: "Create a rule, which has no effect until it is activated",
		Example: "  notary rule create --name 'development names' --priority 100 --if 'names.below(\"dev.example.com\")' \\\n" +
			"    --effect sign --authority 'Example Issuing' --profile server --max-validity 30d\n" +
			"  notary rule create --name 'other domains' --priority 10 --if '!names.below(\"example.com\")' \\\n" +
			"    --effect refuse --reason 'only names below example.com'",
		Args: cobra.NoArgs}
	flags.register(c, p)
	c.RunE = p.call(func(ctx context.Context, cl *client.Client) error {
		var terms api.RuleTerms
		if err := flags.apply(ctx, p, c, &terms); err != nil {
			return err
		}
		id, err := cl.CreateRule(ctx, terms)
		if err != nil {
			return err
		}
		return p.created(id, "rule %d was created\nnext: notary rule check %[1]d --last 1000, then notary rule activate %[1]d",
			id)
	})
	for _, name := range []string{"name", "priority", "effect"} {
		c.MarkFlagRequired(name)
	}
	c.MarkFlagsOneRequired("if", "if-file")
	return c
}

func (p *program) ruleUpdate() *cobra.Command {
	var flags ruleFlags
	c := &cobra.Command{Use: "update ID", Short: "Update a rule, which creates a new version",
		Long: "Change the given terms of a rule. This creates a new version; the active version remains in use until you\n" +
			"activate the new one. A different --effect resets the CA, profile, maximum validity and reason.",
		Example: "  notary rule update 3 --priority 50", Args: cobra.ExactArgs(1)}
	flags.register(c, p)
	c.RunE = p.callOn(func(ctx context.Context, cl *client.Client, id int64) error {
		r, err := cl.Rule(ctx, id, 0)
		if err != nil {
			return err
		}
		body := api.UpdateRule{Version: &r.Version, RuleTerms: r.RuleTerms}
		if err := flags.apply(ctx, p, c, &body.RuleTerms); err != nil {
			return err
		}
		version, err := cl.UpdateRule(ctx, id, body)
		switch {
		case err != nil:
			return err
		case p.json:
			return p.printJSON(api.UpdatedRule{Message: api.Success, Version: version})
		}
		return p.done("rule %d has version %d\nnext: notary rule check %[1]d --last 1000, then notary rule activate %[1]d",
			id, version)
	})
	return c
}

func (p *program) ruleDelete() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "delete ID", Short: "Delete a rule that is not active", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			if err := p.confirm(ctx, yes, "Delete rule %d?", id); err != nil {
				return err
			}
			if err := c.DeleteRule(ctx, id); err != nil {
				return err
			}
			return p.done("rule %d is deleted", id)
		})}
	yesFlag(c, &yes)
	return c
}

func (p *program) ruleActivate() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "activate ID", Short: "Activate the latest version of a rule",
		Long: "Activate the latest version of a rule, and show how the active rules, including this one, would have\n" +
			"decided the last 1,000 requests. To see that beforehand, use notary rule check ID --last 1000.",
		Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			r, err := c.Rule(ctx, id, 0)
			if err != nil {
				return err
			}
			if err := p.confirm(ctx, yes, "Activate version %d of rule %d (%s), which %s?", r.Version, id, r.Name,
				effectText(r.Effect)); err != nil {
				return err
			}
			check, err := c.ActivateRule(ctx, id, api.ActivateRule{Version: &r.Version})
			switch {
			case err != nil:
				return err
			case p.json:
				return p.printJSON(check)
			}
			if err := p.done("version %d of rule %d is active", r.Version, id); err != nil {
				return err
			}
			return p.printRuleCheck(check)
		})}
	yesFlag(c, &yes)
	return c
}

func effectText(effect string) string {
	return map[string]string{"sign": "signs requests", "hold": "holds requests for review",
		"refuse": "refuses requests"}[effect]
}

func (p *program) ruleDeactivate() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "deactivate ID", Short: "Deactivate a rule", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			if err := p.confirm(ctx, yes, "Deactivate rule %d?", id); err != nil {
				return err
			}
			if err := c.DeactivateRule(ctx, id); err != nil {
				return err
			}
			return p.done("rule %d is no longer active", id)
		})}
	yesFlag(c, &yes)
	return c
}
