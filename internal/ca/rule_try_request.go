package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
)

func (t *ruleTrier) tryRequest(ctx context.Context, req *notary.Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.readGroups = false
	facts := t.factsThen(ctx, req)
	verdict, err := t.decide(t.set, facts)
	if err != nil {
		return err
	}
	if err := t.compare(req, facts, verdict); err != nil {
		return err
	}
	t.trial.Looked++
	d := verdict.Decision
	switch {
	case d == nil:
		t.trial.Unmatched++
		t.trial.Effects[notary.HoldEffect]++
		return nil
	case verdict.Failed:
		t.noteFailure(req, *d)
	default:
		t.matches[verdict.Rule]++
	}
	t.trial.Effects[d.Effect]++
	if !differs(req, d.Effect) {
		return nil
	}
	if t.trial.Differing++; len(t.trial.First) < maxListed {
		t.trial.First = append(t.trial.First, notary.DifferingDecision{RequestID: req.ID, CommonName: req.CommonName,
			Names: req.Names, Status: req.Status, RuleDecision: *d})
	}
	return nil
}

// noteFailure counts a rule that could not be evaluated. Identical errors are listed once.
func (t *ruleTrier) noteFailure(req *notary.Request, d notary.RuleDecision) {
	t.trial.Failed++
	i, known := t.errors[d]
	switch {
	case known:
		t.trial.Failures[i].Count++
	case len(t.trial.Failures) < maxListed:
		t.errors[d] = len(t.trial.Failures)
		t.trial.Failures = append(t.trial.Failures, notary.FailedEvaluation{RequestID: req.ID, Count: 1, RuleDecision: d})
	}
}

// compare counts the request if the active rules would decide it differently.
func (t *ruleTrier) compare(req *notary.Request, facts *policy.Facts, tested policy.Verdict) error {
	if t.active == nil {
		return nil
	}
	now, err := t.decide(t.active, facts)
	if err != nil || sameResult(now, tested) {
		return err
	}
	if t.trial.Changed++; len(t.trial.FirstChanged) < maxListed {
		t.trial.FirstChanged = append(t.trial.FirstChanged, notary.ChangedDecision{RequestID: req.ID,
			CommonName: req.CommonName, Names: req.Names, Status: req.Status, Active: decisionOrHold(now),
			RuleDecision: decisionOrHold(tested)})
	}
	return nil
}

// sameResult reports whether two verdicts have the same effect and, if they sign, sign in the same way.
func sameResult(a, b policy.Verdict) bool {
	effect := decisionOrHold(a).Effect
	return effect == decisionOrHold(b).Effect && (effect != notary.SignEffect ||
		a.Rule.AuthorityID == b.Rule.AuthorityID && a.Rule.Profile == b.Rule.Profile &&
			a.Rule.MaxValidity == b.Rule.MaxValidity)
}

const noMatch = "no rule matches"

func decisionOrHold(v policy.Verdict) notary.RuleDecision {
	if v.Decision == nil {
		return notary.RuleDecision{Effect: notary.HoldEffect, Reason: noMatch}
	}
	return *v.Decision
}

// decide evaluates a set of rules. CEL repeats values in some errors, so that the result omits the text of an error if
// the facts include names of groups that the caller may not see.
func (t *ruleTrier) decide(set *policy.RuleSet, facts *policy.Facts) (policy.Verdict, error) {
	verdict, err := set.Decide(facts)
	if err == nil && verdict.Failed && t.readGroups && !t.seesGroups {
		verdict.Decision = policy.Held(verdict.Rule, "the rule could not be evaluated: only Admins see why, because it uses "+
			"the names of groups")
	}
	return verdict, err
}

// watchOwner makes the trial notice that the facts include the name of the group that owns an earlier certificate.
func (t *ruleTrier) watchOwner(f *policy.Facts) {
	lookUp := f.LookUpPrevious
	f.LookUpPrevious = func() (*policy.Previous, error) {
		p, err := lookUp()
		if p != nil && p.GroupOwned {
			t.readGroups = true
		}
		return p, err
	}
}

// differs reports whether a user decided the request differently: signed it although the rules would refuse it, or
// rejected it although they would sign it.
func differs(req *notary.Request, effect notary.Effect) bool {
	automatic := notary.HoldEffect
	if req.Decision != nil {
		automatic = req.Decision.Effect
	}
	switch req.Status {
	case notary.Active, notary.Revoked:
		return effect == notary.RefuseEffect && automatic != notary.SignEffect
	case notary.Rejected:
		return effect == notary.SignEffect && automatic != notary.RefuseEffect
	}
	return false
}
