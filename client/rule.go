package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

const rules = prefix + "/rules"

func rule(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", rules, id, rest) }

// Rules returns the latest version of every rule.
func (c *Client) Rules(ctx context.Context) ([]api.Rule, error) {
	return call[[]api.Rule](ctx, c, http.MethodGet, rules, nil)
}

// Rule returns a version of a rule; 0 means the latest.
func (c *Client) Rule(ctx context.Context, id int64, version int) (api.Rule, error) {
	query := ""
	if version != 0 {
		query = fmt.Sprintf("?version=%d", version)
	}
	return call[api.Rule](ctx, c, http.MethodGet, rule(id, query), nil)
}

// CreateRule creates an inactive rule and returns its ID.
func (c *Client) CreateRule(ctx context.Context, body api.RuleTerms) (int64, error) {
	return create(ctx, c, rules, body)
}

// UpdateRule replaces the terms of a rule and returns the new version, which has no effect until it is activated.
func (c *Client) UpdateRule(ctx context.Context, id int64, body api.UpdateRule) (int, error) {
	updated, err := call[api.UpdatedRule](ctx, c, http.MethodPut, rule(id, ""), body)
	return updated.Version, err
}

// DeleteRule deletes a rule. It fails while the rule is active.
func (c *Client) DeleteRule(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, rule(id, ""), nil)
}

// ActivateRule puts the latest version of a rule in force, and returns how the active rules, including this one, would
// have decided the latest requests.
func (c *Client) ActivateRule(ctx context.Context, id int64, body api.ActivateRule) (api.RuleCheck, error) {
	return call[api.RuleCheck](ctx, c, http.MethodPost, rule(id, "/activate"), body)
}

// DeactivateRule deactivates a rule.
func (c *Client) DeactivateRule(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodPost, rule(id, "/deactivate"), nil)
}

// CheckRules tests rules without issuing or recording anything.
func (c *Client) CheckRules(ctx context.Context, body api.CheckRules) (api.RuleCheck, error) {
	return call[api.RuleCheck](ctx, c, http.MethodPost, rules+"/check", body)
}
