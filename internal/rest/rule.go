package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) rules() {
	const path = "/api/v1/rules"
	const one = path + "/{id}"
	handle(r, operation{id: "listRules", method: "GET", path: path, status: 200, needs: notary.ReadRules,
		summary: "List rules", doc: "The latest version of every rule."}, r.listRules)
	handle(r, operation{id: "createRule", method: "POST", path: path, status: 201, needs: notary.ManageRules,
		errors: []int{404, 409}, summary: "Create a rule", doc: "A rule signs, holds or refuses the requests that its expression " +
			"matches. It does not count until it is activated."}, r.createRule)
	handle(r, operation{id: "getRule", method: "GET", path: one, status: 200, needs: notary.ReadRules,
		summary: "Get a rule", doc: "The latest version, or another one with `version`."}, r.rule)
	handle(r, operation{id: "updateRule", method: "PUT", path: one, status: 200, needs: notary.ManageRules,
		errors: []int{409}, summary: "Update a rule", doc: "Replaces all terms and creates a new version. The active version " +
			"remains in force until the new one is activated."}, r.updateRule)
	handle(r, operation{id: "deleteRule", method: "DELETE", path: one, status: 202, needs: notary.ManageRules,
		errors: []int{409}, summary: "Delete a rule", doc: "Active rules must be deactivated first."}, r.deleteRule)
	handle(r, operation{id: "activateRule", method: "POST", path: one + "/activate", status: 200,
		needs: notary.ActivateRules, errors: []int{409}, summary: "Activate a rule",
		doc: "Puts the latest version in force. The response is how the active rules, with this one, would have decided the " +
			"last 1,000 requests, which the event keeps. Grants of `rule.activate` allow it too. The caller must be allowed " +
			"to sign with the authority and profile of the rule."}, r.activateRule)
	handle(r, operation{id: "deactivateRule", method: "POST", path: one + "/deactivate", status: 200,
		needs: notary.ActivateRules, errors: []int{409}, summary: "Deactivate a rule",
		doc: "It no longer decides about new requests."}, r.deactivateRule)
	handle(r, operation{id: "checkRules", method: "POST", path: path + "/check", status: 200, needs: notary.ReadRules,
		errors: []int{404, 409, 429}, summary: "Try rules", doc: "Reports how rules decide about a CSR, or would have decided " +
			"the latest requests, and what people decided otherwise. Nothing is issued or recorded. Those who manage rules can " +
			"try the CSR as an API token that they can see (`principal`). It ends after 30 seconds: `looked` is the number of " +
			"requests. An account can run one trial at a time, and all accounts two on a node."}, r.checkRules)
}

func (r *routes) listRules(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Rule], error) {
	all, err := r.ca.Rules(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.Rule, len(all))
	for i, rule := range all {
		out[i] = ruleToAPI(rule)
	}
	return result(out), nil
}

func (r *routes) createRule(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.RuleTerms }) (*created, error) {
	terms, err := ruleFromAPI(in.Body)
	if err != nil {
		return nil, err
	}
	return createdID(r.ca.CreateRule(ctx, caller, terms))
}

func (r *routes) rule(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Version int `query:"version" minimum:"1" doc:"Another version; default the latest"`
}) (*answer[api.Rule], error) {
	rule, err := r.ca.Rule(ctx, caller, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	return result(ruleToAPI(rule)), nil
}

func (r *routes) updateRule(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UpdateRule
}) (*answer[api.UpdatedRule], error) {
	terms, err := ruleFromAPI(in.Body.RuleTerms)
	if err != nil {
		return nil, err
	}
	from, err := fromVersion(in.Body.Version)
	if err != nil {
		return nil, err
	}
	version, err := r.ca.UpdateRule(ctx, caller, in.ID, from, terms)
	if err != nil {
		return nil, err
	}
	return result(api.UpdatedRule{Message: api.Success, Version: version}), nil
}

func (r *routes) deleteRule(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.DeleteRule(ctx, caller, in.ID))
}

// activateInput is the input of a call with an optional body.
type activateInput struct {
	ByID
	Body *api.ActivateRule
}

func (r *routes) activateRule(ctx context.Context, caller notary.Caller,
	in *activateInput) (*answer[api.RuleCheck], error) {
	version := 0
	if in.Body != nil {
		var err error
		if version, err = fromVersion(in.Body.Version); err != nil {
			return nil, err
		}
	}
	trial, err := r.ca.ActivateRule(ctx, caller, in.ID, version)
	if err != nil {
		return nil, err
	}
	return result(ruleCheckToAPI(trial)), nil
}

func (r *routes) deactivateRule(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.DeactivateRule(ctx, caller, in.ID))
}

func (r *routes) checkRules(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CheckRules }) (*answer[api.RuleCheck], error) {
	o, err := ruleTryFromAPI(caller, in.Body)
	if err != nil {
		return nil, err
	}
	trial, err := r.ca.TryRules(ctx, caller, o)
	if err != nil {
		return nil, err
	}
	return result(ruleCheckToAPI(trial)), nil
}
