package cli

import (
	"context"
	"fmt"
	"strings"

	"notary"
	"notary/api"
	"notary/client"
)

func findRule(ctx context.Context, c *client.Client, name string) (int64, error) {
	all, err := c.Rules(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range all { // names of rules are unique
		if r.Name == name {
			return r.ID, nil
		}
	}
	return 0, withHint(notary.Errorf(notary.NotFound, "no rule with ID or name %q", name), "notary rule list")
}

// findToken finds an API token that the caller can see. If several tokens share the name, as after a replacement, it
// returns the only one that is neither revoked nor expired, or an error.
func findToken(ctx context.Context, c *client.Client, name string) (int64, error) {
	var found, live []api.APIToken
	for t, err := range c.APITokens(ctx) {
		switch {
		case err != nil:
			return 0, err
		case t.Name != name:
			continue
		}
		found = append(found, t)
		if t.Status != string(notary.TokenRevoked) && t.Status != string(notary.TokenExpired) {
			live = append(live, t)
		}
	}
	switch {
	case len(found) == 0:
		return 0, withHint(notary.Errorf(notary.NotFound, "no API token with ID or name %q", name), "notary token list")
	case len(found) == 1:
		return found[0].ID, nil
	case len(live) == 1:
		return live[0].ID, nil
	case len(live) > 1:
		found = live
	}
	var ids []string
	for _, t := range found[:min(len(found), maxNamesakes)] {
		ids = append(ids, fmt.Sprintf("%d (%s, created by %s)", t.ID, t.Status, t.Creator.Name))
	}
	return 0, notary.Errorf(notary.Invalid, "%d API tokens have the name %q: specify the ID of one, such as %s",
		len(found), name, strings.Join(ids, ", "))
}
