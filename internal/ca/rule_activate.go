package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// triedAtActivation is the number of latest requests with which a rule is tested when it is activated.
const triedAtActivation = 1000

// ActivateRule activates the latest version of a rule. It returns a Conflict error if version is neither the latest nor
// 0. The result, which the event records in part, shows how the active rules, including this one, would have decided
// recent requests.
func (s *Service) ActivateRule(ctx context.Context, caller notary.Caller, id int64,
	version int) (*notary.RuleTrial, error) {
	r, err := s.activatable(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	set, err := s.issuers.Rules(ctx)
	if err != nil {
		return nil, err
	}
	trial, err := s.tryRules(ctx, caller, RuleTryOptions{Rules: []ProposedRule{{ID: id}}, Last: triedAtActivation})
	if err != nil {
		return nil, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if _, err := lockedRules(ctx, tx, id); err != nil {
			return err
		}
		now, err := tx.RuleSetVersion(ctx)
		switch {
		case err != nil:
			return err
		case now != set.Version:
			s.issuers.ForgetRules()
			return notary.Errorf(notary.Conflict, "another rule was activated or deactivated at the same time: review the "+
				"active rules and try again")
		}
		former := r.Latest
		if version != 0 {
			former = version
		}
		if r, err = ruleVersion(ctx, tx, id, former); err != nil {
			return err
		}
		if err := s.mayActivate(ctx, tx, caller, r); err != nil {
			return err
		}
		if err := s.mayReplace(ctx, tx, caller, r); err != nil {
			return err
		}
		return s.activate(ctx, tx, caller, r, trial)
	})
	if err != nil {
		return nil, err
	}
	return trial, nil
}

func (s *Service) activatable(ctx context.Context, caller notary.Caller, id int64) (*notary.Rule, error) {
	if err := policy.AllowRole(caller, policy.ViewRules, policy.On("rule", id)); err != nil {
		return nil, err
	}
	if err := s.attempt(ctx, caller, policy.On("rule", id), policy.ActivateRule); err != nil {
		return nil, err
	}
	r, err := s.store.Rule(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	return r, s.mayActivate(ctx, s.store, caller, r)
}

// MayActivate reports whether the caller may activate a rule.
func (s *Service) MayActivate(ctx context.Context, caller notary.Caller, r *notary.Rule) (bool, error) {
	if err := policy.AllowRole(caller, policy.ViewRules, policy.Resource{}); err != nil {
		return false, err
	}
	return permitted(s.mayActivate(ctx, s.store, caller, r))
}

// mayActivate returns a Forbidden error unless the caller may activate the rule and, if it signs, may sign with its
// authority and profile.
func (s *Service) mayActivate(ctx context.Context, known grantReader, caller notary.Caller, r *notary.Rule) error {
	resource := policy.On("rule", r.ID)
	resource.AuthorityID, resource.Profile = r.AuthorityID, r.Profile
	if err := allow(ctx, known, caller, policy.ActivateRule, resource); err != nil || r.Effect != notary.SignEffect {
		return err
	}
	return allow(ctx, known, caller, policy.SignRequest, resource)
}

// mayReplace returns a Forbidden error unless the caller may deactivate the active version of the rule, if any.
func (s *Service) mayReplace(ctx context.Context, tx *store.Tx, caller notary.Caller, r *notary.Rule) error {
	if r.Active == 0 || r.Active == r.Latest {
		return nil
	}
	inForce, err := tx.Rule(ctx, r.ID, r.Active)
	if err != nil {
		return err
	}
	return s.mayActivate(ctx, tx, caller, inForce)
}

func (s *Service) activate(ctx context.Context, tx *store.Tx, caller notary.Caller, r *notary.Rule,
	trial *notary.RuleTrial) error {
	if r.Active == r.Latest {
		return notary.Errorf(notary.Conflict, "version %d of rule %d (%s) is already active", r.Latest, r.ID, r.Name)
	}
	active, err := tx.ActiveRules(ctx)
	if err != nil {
		return err
	}
	for _, other := range active {
		if other.ID != r.ID && other.Priority == r.Priority {
			return notary.WithField(notary.Errorf(notary.Conflict,
				"the active version of rule %d (%s) also has priority %d: change one of the priorities", other.ID, other.Name, r.Priority),
				"priority")
		}
	}
	set, err := tx.ActivateRule(r, true)
	if err != nil {
		return err
	}
	before := notary.Fields{}
	if r.Active != 0 {
		before["active_version"] = r.Active
	}
	after := ruleMembers(r.RuleTerms)
	after["active_version"], after["rule_set"], after["trial"] = r.Latest, set, trialMembers(trial)
	return tx.Event(notary.EventBy(caller, "rule.activate", r.Ref()).Change(before, after))
}

// DeactivateRule deactivates a rule.
func (s *Service) DeactivateRule(ctx context.Context, caller notary.Caller, id int64) error {
	if _, err := s.activatable(ctx, caller, id); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockRules(); err != nil {
			return err
		}
		r, err := tx.Rule(ctx, id, 0)
		switch {
		case err != nil:
			return err
		case r.Active == 0:
			return notary.Errorf(notary.Conflict, "rule %d (%s) is not active", id, r.Name)
		}
		inForce, err := tx.Rule(ctx, id, r.Active)
		if err != nil {
			return err
		}
		if err := s.mayActivate(ctx, tx, caller, inForce); err != nil {
			return err
		}
		set, err := tx.ActivateRule(r, false)
		if err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "rule.deactivate", r.Ref()).
			Change(notary.Fields{"active_version": r.Active}, notary.Fields{"rule_set": set}))
	})
}

const maxDifferingInEvent = 20

// trialMembers returns the part of a trial that the event of the activation records.
func trialMembers(t *notary.RuleTrial) map[string]any {
	var differing []any
	for i, d := range t.First {
		if i == maxDifferingInEvent {
			break
		}
		differing = append(differing, map[string]any{"request": d.RequestID, "status": string(d.Status),
			"effect": string(d.Effect), "rule": d.RuleID})
	}
	all := map[string]any{"looked": t.Looked, "unmatched": t.Unmatched, "failed": t.Failed, "differing": t.Differing,
		"changed": t.Changed}
	for _, effect := range notary.Effects {
		all[string(effect)] = t.Effects[effect]
	}
	if differing != nil {
		all["first_differing"] = differing
	}
	return all
}
