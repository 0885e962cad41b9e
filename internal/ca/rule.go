package ca

import (
	"context"
	"reflect"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// Rules returns the latest version of every rule, ordered by ID.
func (s *Service) Rules(ctx context.Context, caller notary.Caller) ([]*notary.Rule, error) {
	if err := policy.AllowRole(caller, policy.ViewRules, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.store.Rules(ctx)
}

// Rule returns a version of a rule. Version 0 is the latest.
func (s *Service) Rule(ctx context.Context, caller notary.Caller, id int64, version int) (*notary.Rule, error) {
	if err := policy.AllowRole(caller, policy.ViewRules, policy.On("rule", id)); err != nil {
		return nil, err
	}
	return s.store.Rule(ctx, id, version)
}

// CreateRule creates an inactive rule and returns its ID.
func (s *Service) CreateRule(ctx context.Context, caller notary.Caller, terms notary.RuleTerms) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageRules, policy.Resource{}); err != nil {
		return 0, err
	}
	if err := s.checkRule(ctx, &terms); err != nil {
		return 0, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		others, err := lockedRules(ctx, tx, 0)
		switch {
		case err != nil:
			return err
		case len(others) >= policy.MaxRules:
			return notary.Errorf(notary.Conflict, "there are already %d rules, the maximum: delete unused ones",
				len(others))
		}
		if err := refuseTaken(others, terms); err != nil {
			return err
		}
		if id, err = tx.InsertRule(terms); err != nil {
			return err
		}
		r := &notary.Rule{ID: id, RuleTerms: terms}
		return tx.Event(notary.EventBy(caller, "rule.create", r.Ref()).Set(ruleMembers(terms)))
	})
	return id, err
}

// UpdateRule changes the terms of a rule and returns the new version. The active version remains in force until the new
// one is activated. UpdateRule returns a Conflict error if from, the version that was edited, is neither the latest nor
// 0.
func (s *Service) UpdateRule(ctx context.Context, caller notary.Caller, id int64, from int,
	terms notary.RuleTerms) (version int, err error) {
	if err := policy.AllowRole(caller, policy.ManageRules, policy.On("rule", id)); err != nil {
		return 0, err
	}
	if err := s.checkRule(ctx, &terms); err != nil {
		return 0, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		others, err := lockedRules(ctx, tx, id)
		if err != nil {
			return err
		}
		r, err := ruleVersion(ctx, tx, id, from)
		if err != nil {
			return err
		}
		if err := refuseTaken(others, terms); err != nil {
			return err
		}
		if version, err = tx.UpdateRule(r, terms); err != nil {
			return err
		}
		before, after := changedMembers(ruleMembers(r.RuleTerms), ruleMembers(terms))
		before["version"], after["version"] = r.Latest, version
		changed := &notary.Rule{ID: id, RuleTerms: terms}
		return tx.Event(notary.EventBy(caller, "rule.update", changed.Ref()).Change(before, after))
	})
	return version, err
}

// DeleteRule deletes a rule that is not active.
func (s *Service) DeleteRule(ctx context.Context, caller notary.Caller, id int64) error {
	if err := policy.AllowRole(caller, policy.ManageRules, policy.On("rule", id)); err != nil {
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
		case r.Active != 0:
			return notary.Errorf(notary.Conflict, "rule %d (%s) is active: deactivate it first", id, r.Name)
		}
		if err := tx.DeleteRule(r); err != nil {
			return err
		}
		before := ruleMembers(r.RuleTerms)
		before["version"] = r.Latest
		return tx.Event(notary.EventBy(caller, "rule.delete", r.Ref()).Change(before, nil))
	})
}

// checkRule checks the terms of a rule and, if the rule signs, that its authority and profile can be used.
func (s *Service) checkRule(ctx context.Context, terms *notary.RuleTerms) error {
	return s.checkRuleWith(ctx, terms, policy.Compile)
}

func (s *Service) checkRuleWith(ctx context.Context, terms *notary.RuleTerms,
	compile func(string) (*policy.Expression, error)) error {
	if err := policy.CheckRule(terms, compile); err != nil || terms.Effect != notary.SignEffect {
		return err
	}
	if _, err := s.issuers.Active(ctx, terms.AuthorityID); err != nil {
		return err
	}
	profile, err := s.issuers.Profile(ctx, terms.Profile)
	switch {
	case err != nil:
		return err
	case profile.CA:
		return notary.FieldErrorf("profile", "the profile %s is for CAs, but rules sign only end-entity certificates: choose another profile", profile.Name)
	}
	return nil
}

// lockedRules locks all rules and returns all except the one with the given ID.
func lockedRules(ctx context.Context, tx *store.Tx, id int64) (others []*notary.Rule, err error) {
	if err := tx.LockRules(); err != nil {
		return nil, err
	}
	all, err := tx.Rules(ctx)
	for _, r := range all {
		if r.ID != id {
			others = append(others, r)
		}
	}
	return others, err
}

func ruleVersion(ctx context.Context, tx *store.Tx, id int64, from int) (*notary.Rule, error) {
	r, err := tx.Rule(ctx, id, 0)
	if err == nil && from != 0 && from != r.Latest {
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"rule %d now has version %d, not %d: review it and repeat the change", id, r.Latest, from), "version")
	}
	return r, err
}

// refuseTaken returns an error if another rule has the same name or priority.
func refuseTaken(others []*notary.Rule, terms notary.RuleTerms) error {
	for _, r := range others {
		switch {
		case r.Name == terms.Name:
			return notary.WithField(notary.Errorf(notary.Conflict, "rule %d already has the name %s: choose another", r.ID,
				r.Name), "name")
		case r.Priority == terms.Priority:
			return notary.WithField(notary.Errorf(notary.Conflict, "rule %d (%s) already has priority %d: choose another", r.ID,
				r.Name, r.Priority), "priority")
		}
	}
	return nil
}

func ruleMembers(t notary.RuleTerms) notary.Fields {
	all := notary.Fields{"name": t.Name, "priority": t.Priority, "expression": t.Expression, "effect": t.Effect}
	if t.Effect == notary.SignEffect {
		all["certificate_authority_id"], all["profile"] = t.AuthorityID, t.Profile
	}
	if t.MaxValidity != 0 {
		all["max_validity"] = notary.FormatPeriod(t.MaxValidity)
	}
	if t.Reason != "" {
		all["reason"] = t.Reason
	}
	return all
}

// changedMembers returns the members that differ between was and is.
func changedMembers(was, is notary.Fields) (before, after notary.Fields) {
	before, after = notary.Fields{}, notary.Fields{}
	for name, value := range was {
		if !reflect.DeepEqual(is[name], value) {
			before[name] = value
		}
	}
	for name, value := range is {
		if !reflect.DeepEqual(was[name], value) {
			after[name] = value
		}
	}
	return before, after
}
