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

// Rule returns a rule in the given version, or the latest for 0.
func (c *Client) Rule(ctx context.Context, id int64, version int) (api.Rule, error) {
	query := ""
	if version != 0 {
		query = fmt.Sprintf("?version=%d", version)
	}
	return call[api.Rule](ctx, c, http.MethodGet, rule(id, query), nil)
}

// CreateRule creates a rule, which is not active, and returns its id.
func (c *Client) CreateRule(ctx context.Context, body api.RuleTerms) (int64, error) {
	return create(ctx, c, rules, body)
}

// UpdateRule replaces the terms of a rule and returns the new version, which is not active.
func (c *Client) UpdateRule(ctx context.Context, id int64, body api.UpdateRule) (int, error) {
	updated, err := call[api.UpdatedRule](ctx, c, http.MethodPut, rule(id, ""), body)
	return updated.Version, err
}

// DeleteRule deletes a rule that is not active.
func (c *Client) DeleteRule(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, rule(id, ""), nil)
}

// ActivateRule puts the latest version of a rule in force, and returns how it would have decided the latest requests.
func (c *Client) ActivateRule(ctx context.Context, id int64, body api.ActivateRule) (api.RuleCheck, error) {
	return call[api.RuleCheck](ctx, c, http.MethodPost, rule(id, "/activate"), body)
}

// DeactivateRule makes a rule one that does not count.
func (c *Client) DeactivateRule(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodPost, rule(id, "/deactivate"), nil)
}

// CheckRules tries rules without issuing or recording anything.
func (c *Client) CheckRules(ctx context.Context, body api.CheckRules) (api.RuleCheck, error) {
	return call[api.RuleCheck](ctx, c, http.MethodPost, rules+"/check", body)
}
