package web

import (
	"cmp"
	"fmt"
	"slices"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type rulesPage struct{ Rules []*notary.Rule }

func (s *site) rules(c *call) error {
	all, err := s.ca.Rules(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b *notary.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return c.show("rules", "Rules", rulesPage{all})
}

type rulePage struct {
	*notary.Rule
	Authority   string // its name
	MayActivate bool
	Form        page.Form
}

func (s *site) rulePage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	version := int64(0)
	if text := c.r.URL.Query().Get("version"); text != "" {
		if version, err = readID(text); err != nil {
			return err
		}
	}
	r, err := s.ca.Rule(c.r.Context(), c.caller, id, int(version))
	if err != nil {
		return err
	}
	p := rulePage{Rule: r, Form: f.Fields(page.FieldSure)}
	if r.AuthorityID != 0 {
		p.Authority = fmt.Sprintf("CA %d", r.AuthorityID)
		authorities, err := s.ca.Authorities(c.r.Context(), c.caller)
		if err != nil {
			return err
		}
		p.Authority = cmp.Or(authorityName(r.AuthorityID, authorities), p.Authority)
	}
	if p.MayActivate, err = s.ca.MayActivate(c.r.Context(), c.caller, r); err != nil {
		return err
	}
	return c.show("rule", "Rule "+r.Name, p)
}

func rulePath(id int64) string { return fmt.Sprintf("/rules/%d", id) }

func (p rulePage) Versions() (all []int) {
	for v := p.Latest; v > 0; v-- {
		all = append(all, v)
	}
	return all
}

func (s *site) activateRule(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	version, err := readID(c.value("version"))
	if err != nil {
		return err
	}
	t, err := s.ca.ActivateRule(c.r.Context(), c.caller, id, int(version))
	if err != nil {
		return c.again(err, s.rulePage)
	}
	return c.done(rulePath(id), fmt.Sprintf("Version %d is active. Of the last %d requests, the active rules would have "+
		"signed %d, held %d and refused %d.", version, t.Looked, t.Effects[notary.SignEffect],
		t.Effects[notary.HoldEffect], t.Effects[notary.RefuseEffect]))
}

func (s *site) deactivateRule(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.ca.DeactivateRule(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.rulePage)
	}
	return c.done(rulePath(id), "Rule deactivated. It no longer applies to new requests.")
}

func (s *site) deleteRule(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.rulePage)
	}
	if err := s.ca.DeleteRule(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.rulePage)
	}
	return c.done("/rules", "Rule deleted.")
}

// Variables and Functions return the syntax help.
func (ruleForm) Variables() []policy.Variable { return policy.Variables }
func (ruleForm) Functions() []policy.Function { return policy.Functions }
