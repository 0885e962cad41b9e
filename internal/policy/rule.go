package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
)

// Limits on rules.
const (
	MaxRules     = 1000 // in a set
	MaxPriority  = 1_000_000
	maxRuleName  = 100 // characters
	maxReason    = 500 // characters
	maxValidDays = 100 * 366
)

// RuleSet is a set of compiled rules. It is safe for concurrent use.
type RuleSet struct {
	Version int64 // of the set of active rules in the database
	rules   []compiledRule
}

type compiledRule struct {
	*notary.Rule
	expression *Expression
	problem    string // why it could not be compiled
}

// NewRuleSet compiles rules with a function such as [Compile]. A rule that does not compile, such as one that only an
// earlier version of Notary accepted, holds every request that reaches it.
func NewRuleSet(version int64, rules []*notary.Rule, compile func(string) (*Expression, error)) *RuleSet {
	s := &RuleSet{Version: version, rules: make([]compiledRule, len(rules))}
	for i, r := range rules {
		s.rules[i].Rule = r
		var err error
		if s.rules[i].expression, err = compile(r.Expression); err != nil {
			s.rules[i].problem = shortened(err.Error())
		}
	}
	slices.SortStableFunc(s.rules, func(a, b compiledRule) int { return cmp.Compare(a.Priority, b.Priority) })
	return s
}

// Compiler compiles every expression only once. It is not safe for concurrent use.
type Compiler map[string]*Expression

// Compile is like the function [Compile].
func (c Compiler) Compile(text string) (*Expression, error) {
	if e := c[text]; e != nil {
		return e, nil
	}
	e, err := Compile(text)
	if err == nil {
		c[text] = e
	}
	return e, err
}

// Compiler returns a compiler that knows the expressions of the set.
func (s *RuleSet) Compiler() Compiler {
	c := make(Compiler, len(s.rules))
	for _, r := range s.rules {
		if r.expression != nil {
			c[r.Expression] = r.expression
		}
	}
	return c
}

// Empty reports whether the set has no rules.
func (s *RuleSet) Empty() bool { return len(s.rules) == 0 }

// Rules returns the rules in order of priority.
func (s *RuleSet) Rules() []*notary.Rule {
	all := make([]*notary.Rule, len(s.rules))
	for i, r := range s.rules {
		all[i] = r.Rule
	}
	return all
}

// Verdict is the decision of a set of rules on a request.
type Verdict struct {
	Rule     *notary.Rule // nil if none matches, which holds the request
	Decision *notary.RuleDecision
	Failed   bool // whether the rule could not be evaluated
}

// Decide returns the decision of the first rule that matches. A rule that cannot be evaluated holds the request. Decide
// returns an error only if a function in the facts fails.
func (s *RuleSet) Decide(f *Facts) (Verdict, error) {
	for i := range s.rules {
		r := &s.rules[i]
		matches, problem := false, r.problem
		if problem == "" {
			var err error
			if matches, err = r.expression.Matches(f); err != nil {
				problem = err.Error()
			}
		}
		switch {
		case f.failed != nil:
			return Verdict{}, f.failed
		case problem != "":
			return Verdict{r.Rule, Held(r.Rule, "the rule could not be evaluated: "+problem), true}, nil
		case matches:
			return Verdict{r.Rule, decisionOf(r.Rule), false}, nil
		}
	}
	return Verdict{}, nil
}

func decisionOf(r *notary.Rule) *notary.RuleDecision {
	return &notary.RuleDecision{Effect: r.Effect, RuleID: r.ID, RuleName: r.Name, RuleVersion: r.Version, Reason: r.Reason}
}

// Held returns the decision of a rule to hold a request, regardless of the rule's effect.
func Held(r *notary.Rule, reason string) *notary.RuleDecision {
	d := decisionOf(r)
	d.Effect, d.Reason = notary.HoldEffect, reason
	return d
}

// CheckRule normalises and validates the terms of a rule. Errors are Invalid, with the API name of the offending field.
// The caller must check that the authority and profile exist.
func CheckRule(t *notary.RuleTerms, compile func(string) (*Expression, error)) error {
	t.Name, t.Reason = strings.TrimSpace(t.Name), strings.TrimSpace(t.Reason)
	t.Expression = strings.TrimSpace(strings.ReplaceAll(t.Expression, "\r\n", "\n"))
	switch {
	case t.Name == "" || utf8.RuneCountInString(t.Name) > maxRuleName || !plain(t.Name):
		return notary.FieldErrorf("name", "a rule needs a name: one line of at most %d characters", maxRuleName)
	case t.Priority < 1 || t.Priority > MaxPriority:
		return notary.FieldErrorf("priority", "the priority must be from 1 (evaluated first) to %d", MaxPriority)
	case t.Expression == "":
		return notary.FieldErrorf("expression", "the expression is missing: true matches every request")
	case utf8.RuneCountInString(t.Expression) > MaxExpression || !utf8.ValidString(t.Expression):
		return notary.FieldErrorf("expression", "the expression must be text of at most %d characters: split the rule",
			MaxExpression)
	case !slices.Contains(notary.Effects, t.Effect):
		return notary.FieldErrorf("effect", "%.40q is not an effect: use sign, hold or refuse", string(t.Effect))
	case utf8.RuneCountInString(t.Reason) > maxReason || !plain(t.Reason):
		return notary.FieldErrorf("reason", "the reason must be one line of at most %d characters", maxReason)
	}
	if err := checkEffect(t); err != nil {
		return err
	}
	_, err := compile(t.Expression)
	return err
}

func checkEffect(t *notary.RuleTerms) error {
	signs := t.Effect == notary.SignEffect
	switch {
	case signs && t.AuthorityID < 1:
		return notary.FieldErrorf("certificate_authority_id", "choose the CA that signs")
	case signs && t.Profile == "":
		return notary.FieldErrorf("profile", "choose the profile that applies")
	case signs && t.Reason != "":
		return notary.FieldErrorf("reason", "a rule that signs has no reason: omit it")
	case !signs && t.AuthorityID != 0:
		return notary.FieldErrorf("certificate_authority_id", "only rules that sign have a CA: omit it")
	case !signs && t.Profile != "":
		return notary.FieldErrorf("profile", "only rules that sign have a profile: omit it")
	case !signs && t.MaxValidity != 0:
		return notary.FieldErrorf("max_validity", "only rules that sign have a validity: omit it")
	case t.MaxValidity < 0 || t.MaxValidity > maxValidDays*24*time.Hour:
		return notary.FieldErrorf("max_validity", "the validity must be more than 0 and at most a hundred years")
	case t.Effect == notary.RefuseEffect && t.Reason == "":
		return notary.FieldErrorf("reason", "a rule that refuses needs a reason, which the requester sees")
	}
	return nil
}

// plain reports whether the text is one line without control characters or bidirectional controls.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}
