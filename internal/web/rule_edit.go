package web

import (
	"fmt"
	"net/url"
	"strconv"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type ruleForm struct {
	Rule    *notary.Rule // nil for a new one
	Form    page.Form
	Choices signChoices
	Tried   *notary.RuleTrial // nil if no trial was run
}

var ruleFormFields = []string{"name", "priority", "expression", "effect", "certificate_authority_id", "profile",
	"max_validity", "reason", "last", "csr"}

var ruleEffects = []page.Option{{Value: "sign", Label: "Sign"}, {Value: "hold", Label: "Hold for review"},
	{Value: "refuse", Label: "Refuse"}}

func (s *site) newRulePage(c *call, f page.Form) error { return s.showRuleForm(c, nil, f, nil) }

func (s *site) editRulePage(c *call, f page.Form) error {
	r, err := s.ruleOf(c)
	if err != nil {
		return err
	}
	return s.showRuleForm(c, r, f, nil)
}

func (s *site) ruleOf(c *call) (*notary.Rule, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	return s.ca.Rule(c.r.Context(), c.caller, id, 0)
}

func (s *site) showRuleForm(c *call, r *notary.Rule, f page.Form, tried *notary.RuleTrial) error {
	if err := policy.AllowRole(c.caller, policy.ManageRules, policy.Resource{}); err != nil {
		return err
	}
	choices, err := s.signChoices(c)
	if err != nil {
		return err
	}
	title := "New rule"
	if r != nil {
		title = "Edit rule " + r.Name
	}
	if !f.Given("expression") { // not submitted yet
		f = f.WithValues(ruleValues(r))
	}
	return c.show("rule-edit", title, ruleForm{r, f.Fields(ruleFormFields...), choices, tried})
}

func ruleValues(r *notary.Rule) url.Values {
	values := url.Values{"last": {"1000"}, "effect": {string(notary.HoldEffect)}}
	if r == nil {
		return values
	}
	for name, value := range map[string]string{"name": r.Name, "priority": strconv.Itoa(r.Priority),
		"expression": r.Expression, "effect": string(r.Effect), "profile": r.Profile, "reason": r.Reason,
		"version": strconv.Itoa(r.Latest)} {
		values.Set(name, value)
	}
	if r.AuthorityID != 0 {
		values.Set("certificate_authority_id", strconv.FormatInt(r.AuthorityID, 10))
	}
	if r.MaxValidity != 0 {
		values.Set("max_validity", notary.FormatPeriod(r.MaxValidity))
	}
	return values
}

// Authorities and Profiles return the choices, none of them preselected.
func (f ruleForm) Authorities() []page.Option { return optional(f.Choices.Authorities) }
func (f ruleForm) Profiles() []page.Option    { return optional(f.Choices.Profiles) }
func (ruleForm) Effects() []page.Option       { return ruleEffects }

func optional(options []page.Option) []page.Option {
	all := []page.Option{{Value: "", Label: "None"}}
	for _, o := range options {
		o.Chosen = false
		all = append(all, o)
	}
	return all
}

func readRule(c *call) (t notary.RuleTerms, err error) {
	t = notary.RuleTerms{Name: c.value("name"), Expression: c.value("expression"), Effect: notary.Effect(c.value("effect")),
		Profile: c.value("profile"), Reason: c.value("reason")}
	if t.Priority, err = number(c.r.PostForm, "priority", 0); err != nil {
		return t, err
	}
	if text := c.value("certificate_authority_id"); text != "" {
		if t.AuthorityID, err = strconv.ParseInt(text, 10, 64); err != nil {
			return t, notary.FieldErrorf("certificate_authority_id", "choose a CA")
		}
	}
	if text := c.value("max_validity"); text != "" {
		var ok bool
		if t.MaxValidity, ok = notary.ParsePeriod(text); !ok {
			return t, notary.FieldErrorf("max_validity", "enter a duration such as 90d, 12h or 30m")
		}
	}
	return t, nil
}

func (s *site) newRule(c *call) error {
	terms, err := readRule(c)
	if err != nil {
		return c.again(err, s.newRulePage)
	}
	if c.value("do") == "try" {
		return s.tryRule(c, nil, terms, s.newRulePage)
	}
	id, err := s.ca.CreateRule(c.r.Context(), c.caller, terms)
	if err != nil {
		return c.again(err, s.newRulePage)
	}
	return c.done(rulePath(id), "Rule created. It takes effect when activated.")
}

func (s *site) editRule(c *call) error {
	r, err := s.ruleOf(c)
	if err != nil {
		return err
	}
	terms, err := readRule(c)
	if err != nil {
		return c.again(err, s.editRulePage)
	}
	if c.value("do") == "try" {
		return s.tryRule(c, r, terms, s.editRulePage)
	}
	from, err := strconv.Atoi(c.value("version"))
	if err != nil {
		return errNotFound
	}
	version, err := s.ca.UpdateRule(c.r.Context(), c.caller, r.ID, from, terms)
	if err != nil {
		return c.again(err, s.editRulePage)
	}
	return c.done(rulePath(r.ID), fmt.Sprintf("Version %d saved. It takes effect when activated.", version))
}

func (s *site) tryRule(c *call, r *notary.Rule, terms notary.RuleTerms, again func(*call, page.Form) error) error {
	last, err := number(c.r.PostForm, "last", 0)
	if err != nil {
		return c.again(err, again)
	}
	proposed := ca.ProposedRule{Terms: &terms}
	if r != nil {
		proposed.ID = r.ID
	}
	tried, err := s.ca.TryRules(c.r.Context(), c.caller, ca.RuleTryOptions{Rules: []ca.ProposedRule{proposed},
		CSR: c.value("csr"), Last: last})
	if err != nil {
		return c.again(outOfField("rules", err), again)
	}
	return s.showRuleForm(c, r, page.NewForm(c.r.PostForm), tried)
}

// Signed, Held and Refused return how many of the tried requests have the effect.
func (f ruleForm) Signed() int  { return f.Tried.Effects[notary.SignEffect] }
func (f ruleForm) Held() int    { return f.Tried.Effects[notary.HoldEffect] }
func (f ruleForm) Refused() int { return f.Tried.Effects[notary.RefuseEffect] }
