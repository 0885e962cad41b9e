package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/policy"
	"notary/internal/testkit"
)

func rule(id int64, priority int, effect notary.Effect, expression string) *notary.Rule {
	r := &notary.Rule{ID: id, Version: int(id) + 10, RuleTerms: notary.RuleTerms{Name: fmt.Sprintf("rule %d", id),
		Priority: priority, Effect: effect, Expression: expression}}
	if effect == notary.RefuseEffect {
		r.Reason = "not allowed"
	}
	return r
}

func decide(t *testing.T, f *policy.Facts, rules ...*notary.Rule) policy.Verdict {
	t.Helper()
	v, err := policy.NewRuleSet(1, rules, policy.Compile).Decide(f)
	testkit.Check(t, err)
	return v
}

func TestFirstMatchDecides(t *testing.T) {
	t.Parallel()
	v := decide(t, someFacts(), rule(1, 30, notary.SignEffect, `true`), rule(2, 20, notary.RefuseEffect, `true`),
		rule(3, 10, notary.HoldEffect, `common_name == "other"`))
	want := &notary.RuleDecision{Effect: notary.RefuseEffect, RuleID: 2, RuleName: "rule 2", RuleVersion: 12,
		Reason: "not allowed"}
	if diff := cmp.Diff(want, v.Decision); diff != "" || v.Rule.ID != 2 || v.Failed {
		t.Errorf("%+v (-want +got):\n%s", v, diff)
	}
}

func TestNoMatch(t *testing.T) {
	t.Parallel()
	if v := decide(t, someFacts(), rule(1, 1, notary.SignEffect, `false`)); v.Rule != nil || v.Decision != nil {
		t.Errorf("%+v", v)
	}
	if v := decide(t, someFacts()); v.Rule != nil || v.Decision != nil {
		t.Errorf("%+v", v)
	}
}

// A later rule does not decide if an earlier one cannot be evaluated.
func TestEvaluationErrorHolds(t *testing.T) {
	t.Parallel()
	v := decide(t, someFacts(), rule(1, 1, notary.RefuseEffect, `labels.site == "x"`),
		rule(2, 2, notary.SignEffect, `true`))
	if d := v.Decision; !v.Failed || d.Effect != notary.HoldEffect || d.RuleID != 1 ||
		d.Reason != "the rule could not be evaluated: no such key: site" {
		t.Errorf("%+v", v.Decision)
	}
}

func TestRuleOfALaterVersionHolds(t *testing.T) {
	t.Parallel()
	v := decide(t, someFacts(), rule(1, 1, notary.SignEffect, `not_known_yet`))
	if !v.Failed || v.Decision.Effect != notary.HoldEffect || !strings.Contains(v.Decision.Reason, "not_known_yet") {
		t.Errorf("%+v", v.Decision)
	}
}

// The database is read only for expressions that need it, and a failure is not a decision.
func TestLookUps(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	f := func() *policy.Facts {
		f := someFacts()
		f.LookUpPrevious = func() (*policy.Previous, error) { return nil, away }
		f.LookUpGroups = func() ([]string, error) { return nil, away }
		return f
	}
	v := decide(t, f(), rule(1, 1, notary.SignEffect, `common_name == "" && certified_before`),
		rule(2, 2, notary.SignEffect, `true`))
	if v.Rule.ID != 2 {
		t.Errorf("%+v", v)
	}
	for _, text := range []string{`certified_before`, `previous.owner == ""`, `"x" in principal.groups`,
		`certified_before || true`} {
		_, err := policy.NewRuleSet(1, []*notary.Rule{rule(1, 1, notary.SignEffect, text)}, policy.Compile).Decide(f())
		if !errors.Is(err, away) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNothingPrevious(t *testing.T) {
	t.Parallel()
	f := someFacts()
	f.LookUpPrevious = func() (*policy.Previous, error) { return nil, nil }
	if v := decide(t, f, rule(1, 1, notary.SignEffect, `!certified_before`)); v.Decision == nil || v.Failed {
		t.Errorf("%+v", v)
	}
	v := decide(t, f, rule(1, 1, notary.SignEffect, `previous.same_owner`))
	if !v.Failed || !strings.Contains(v.Decision.Reason, "test certified_before first") {
		t.Errorf("%+v", v.Decision)
	}
}

func TestAThousandRules(t *testing.T) {
	t.Parallel()
	var rules []*notary.Rule
	for i := range int64(policy.MaxRules) {
		rules = append(rules, rule(i+1, int(policy.MaxRules-i), notary.SignEffect, `names.below("other.example")`))
	}
	rules[0].Expression = "true" // the last one
	if v := decide(t, someFacts(), rules...); v.Rule == nil || v.Rule.ID != 1 {
		t.Errorf("%+v", v)
	}
}

func TestCheckRule(t *testing.T) {
	t.Parallel()
	sign := notary.RuleTerms{Name: "dev", Priority: 10, Expression: "true", Effect: notary.SignEffect, AuthorityID: 1,
		Profile: "server"}
	refuse := notary.RuleTerms{Name: "no", Priority: 10, Expression: "true", Effect: notary.RefuseEffect, Reason: "no"}
	testkit.Check(t, policy.CheckRule(&sign, policy.Compile))
	testkit.Check(t, policy.CheckRule(&refuse, policy.Compile))
	for field, changes := range map[string][]func(*notary.RuleTerms){
		"name": {func(r *notary.RuleTerms) { r.Name = " " }, func(r *notary.RuleTerms) { r.Name = "a\nb" },
			func(r *notary.RuleTerms) { r.Name = strings.Repeat("x", 101) },
			func(r *notary.RuleTerms) { r.Name = "a\u202eb" }, func(r *notary.RuleTerms) { r.Name = "\xff" }},
		"priority": {func(r *notary.RuleTerms) { r.Priority = 0 }, func(r *notary.RuleTerms) { r.Priority = -1 },
			func(r *notary.RuleTerms) { r.Priority = policy.MaxPriority + 1 }},
		"expression": {func(r *notary.RuleTerms) { r.Expression = "" }, func(r *notary.RuleTerms) { r.Expression = "(" },
			func(r *notary.RuleTerms) { r.Expression = strings.Repeat(" ", 4000) },
			func(r *notary.RuleTerms) { r.Expression = "true || '" + strings.Repeat("x", 4000) + "' == ''" }},
		"effect": {func(r *notary.RuleTerms) { r.Effect = "approve" }, func(r *notary.RuleTerms) { r.Effect = "" }},
		"certificate_authority_id": {func(r *notary.RuleTerms) { r.AuthorityID = 0 },
			func(r *notary.RuleTerms) { *r = refuse; r.AuthorityID = 1 }},
		"profile": {func(r *notary.RuleTerms) { r.Profile = "" }, func(r *notary.RuleTerms) { *r = refuse; r.Profile = "x" }},
		"max_validity": {func(r *notary.RuleTerms) { r.MaxValidity = -1 },
			func(r *notary.RuleTerms) { *r = refuse; r.MaxValidity = time.Hour }},
		"reason": {func(r *notary.RuleTerms) { r.Reason = "why" }, func(r *notary.RuleTerms) { *r = refuse; r.Reason = "" },
			func(r *notary.RuleTerms) { *r = refuse; r.Reason = strings.Repeat("x", 501) }},
	} {
		for i, change := range changes {
			terms := sign
			change(&terms)
			err := policy.CheckRule(&terms, policy.Compile)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, field)
			if t.Failed() {
				t.Fatalf("%s, %d: %v", field, i, err)
			}
		}
	}
}

func BenchmarkRules(b *testing.B) {
	var rules []*notary.Rule
	for i := range int64(100) {
		rules = append(rules, rule(i+1, int(i+1), notary.SignEffect, fmt.Sprintf(
			`names.below("team-%d.example.com") && key.algorithm != "rsa" && principal.kind == "account"`, i)))
	}
	set := policy.NewRuleSet(1, rules, policy.Compile)
	for b.Loop() {
		if _, err := set.Decide(someFacts()); err != nil {
			b.Fatal(err)
		}
	}
}

// A compiler returns the same expression again, also that of a set.
func TestCompiler(t *testing.T) {
	t.Parallel()
	set := policy.NewRuleSet(1, []*notary.Rule{rule(1, 1, notary.HoldEffect, `true`),
		rule(2, 2, notary.HoldEffect, `nonsense`)}, policy.Compile)
	c := set.Compiler()
	if len(c) != 1 {
		t.Errorf("the compiler of the set knows %d expressions", len(c))
	}
	for _, text := range []string{`true`, `false`} {
		first, err := c.Compile(text)
		testkit.Check(t, err)
		if second, err := c.Compile(text); err != nil || second != first || c[text] != first {
			t.Errorf("%s was compiled again: %v", text, err)
		}
	}
	if _, err := c.Compile(`nonsense`); err == nil {
		t.Error("an invalid expression compiles")
	}
}
