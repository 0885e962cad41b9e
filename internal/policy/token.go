package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"notary"
	"notary/internal/issuance"
)

// A token has no role. [TokenGrants] derives its grants: they allow what both its own terms and its creator's role or
// grants allow. Code that only checks grants therefore limits tokens, too.

// always lists the actions that every token has, like every account.
var always = []Action{ViewOwnRequests, ListProfiles}

// unlimited lists the actions that a token can have only in a grant without limits. Actions on accounts, settings and
// the clock are not among them, because only people manage these.
var unlimited = []Action{ViewAuthorities, ManageAuthorities, ViewProfiles, ManageProfiles, ViewEvents}

// limitable reports whether the limits of a grant can restrict the action.
func limitable(a Action) bool { return a == CreateRequest || byAction[a].grantable }

// TokenActions returns the names of the actions that a token can have.
func TokenActions() (names []string) {
	for _, d := range definitions {
		if limitable(d.action) || slices.Contains(unlimited, d.action) {
			names = append(names, string(d.action))
		}
	}
	return names
}

func includes(t notary.GrantTerms, a Action) bool { return slices.Contains(t.Actions, string(a)) }

// TokenNeedsGrants reports whether the rights of a token depend on the grants of its creator, because the creator's
// role lacks an action of the token.
func TokenNeedsGrants(t *notary.TokenRights) bool {
	return slices.ContainsFunc(t.Grants, func(terms notary.GrantTerms) bool {
		return slices.ContainsFunc(terms.Actions, func(name string) bool { return !RoleHas(t.Role, Action(name)) })
	})
}

// TokenGrants returns the effective grants of a token. Each combines one of its own grants with its creator's role or
// with one of its creator's grants: it includes the actions that both allow, within the limits of both.
func TokenGrants(caller notary.Caller, creator []*notary.Grant) (grants []*notary.Grant) {
	t := caller.Token
	derive := func(terms notary.GrantTerms, from *notary.Grant, has func(Action) bool) {
		terms.Actions = slices.DeleteFunc(slices.Clone(terms.Actions), func(name string) bool { return !has(Action(name)) })
		if len(terms.Actions) > 0 {
			grants = append(grants, &notary.Grant{PrincipalID: caller.Principal.ID, GrantTerms: terms,
				Token: caller.Principal.Name, Creator: from})
		}
	}
	for _, terms := range t.Grants {
		derive(terms, nil, func(a Action) bool { return RoleHas(t.Role, a) })
		for _, g := range creator {
			derive(terms, g, func(a Action) bool { return !RoleHas(t.Role, a) && has(g, a) })
		}
	}
	return grants
}

// tokenMay is like [May] for a token. Limits on the creation of requests are checked by [AllowCreate].
func tokenMay(t *notary.TokenRights, action Action) bool {
	return RoleHas(t.Role, action) && (slices.Contains(always, action) ||
		slices.ContainsFunc(t.Grants, func(terms notary.GrantTerms) bool {
			return includes(terms, action) && (!byAction[action].grantable || Unlimited(terms))
		}))
}

// decideToken is like [Decide] for a token and uses its derived grants.
func decideToken(caller notary.Caller, grants []*notary.Grant, action Action, r Resource) Decision {
	t := caller.Token
	switch {
	case !action.Valid():
		return Decision{Reason: fmt.Sprintf("%.40q is not an action", string(action))}
	case tokenMay(t, action):
		return Decision{Allowed: true, Reason: fmt.Sprintf("the API token %s and its creator %s have permission to %s",
			caller.Principal.Name, t.Creator.Name, action)}
	case !slices.Contains(TokenActions(), string(action)):
		return Decision{Reason: fmt.Sprintf("API tokens do not have permission to %s%s", action, inParentheses(r.Object))}
	case !slices.ContainsFunc(t.Grants, func(terms notary.GrantTerms) bool { return includes(terms, action) }):
		return Decision{Reason: fmt.Sprintf("the API token %s does not have permission to %s%s, which requires the "+
			"action %s", caller.Principal.Name, action, inParentheses(r.Object), string(action))}
	case !Has(grants, action):
		return Decision{Reason: fmt.Sprintf("%s, who created the API token %s, does not have permission to %s%s",
			t.Creator.Name, caller.Principal.Name, action, inParentheses(r.Object))}
	}
	return byGrants(grants, action, r)
}

// AllowCreate returns a Forbidden error if the caller is a token whose limits on names and owners exclude the request.
func AllowCreate(caller notary.Caller, r Resource) error {
	if caller.Token == nil {
		return nil
	}
	if d := DecideCreate(caller, r); !d.Allowed {
		return notary.Errorf(notary.Forbidden, "%s: ask an Admin", d.Reason)
	}
	return nil
}

// DecideCreate returns whether the limits of a token on names and owners include a new request, and why.
func DecideCreate(caller notary.Caller, r Resource) Decision {
	grants := Having(TokenGrants(caller, nil), CreateRequest)
	for i, g := range grants { // the authority and profile are chosen later
		grants[i] = withoutIssuer(g)
	}
	return byGrants(grants, CreateRequest, r)
}

// TokenSees reports whether an object of a token's creator is within the limits on names and owners of any of the
// token's grants. For other callers it returns true.
func TokenSees(caller notary.Caller, r Resource) bool {
	return caller.Token == nil || slices.ContainsFunc(caller.Token.Grants, func(terms notary.GrantTerms) bool {
		terms.Authorities, terms.Profiles = nil, nil
		return missedLimit(terms, r) == ""
	})
}

// AllowToSeeToken returns a NotFound error unless the token is the caller's own or the caller is an Admin.
func AllowToSeeToken(caller notary.Caller, t *notary.Token) error {
	if t.Creator.ID == caller.Principal.ID || May(caller, ManageAccounts) {
		return nil
	}
	return notary.Errorf(notary.NotFound, "there is no API token %d", t.ID)
}

// LimitsOwnerGroups reports whether any of the grants, or its creator's grant, is limited to owner groups.
func LimitsOwnerGroups(grants []*notary.Grant) bool {
	return slices.ContainsFunc(grants, func(g *notary.Grant) bool {
		return len(g.OwnerGroups) > 0 || g.Creator != nil && len(g.Creator.OwnerGroups) > 0
	})
}

const (
	maxTokenGrants = 20
	maxTokenSize   = 64 << 10 // octets of the encoded grants
)

// CheckTokenGrants returns an error unless the grants are valid for a token.
func CheckTokenGrants(all []notary.GrantTerms) error {
	if len(all) == 0 || len(all) > maxTokenGrants {
		return notary.FieldErrorf("grants", "a token needs 1 to %d grants", maxTokenGrants)
	}
	for i, t := range all {
		field := fmt.Sprintf("grants.%d.", i)
		prefixed := func(err error) error {
			return notary.MapField(err, func(own string) string { return field + own })
		}
		if err := checkActions(t.Actions, TokenActions()); err != nil {
			return prefixed(err)
		}
		if err := cmp.Or(checkLimits(t), checkDistinctLimits(t)); err != nil {
			return prefixed(err)
		}
		for _, name := range t.Actions {
			if !limitable(Action(name)) && !Unlimited(t) {
				return prefixed(notary.FieldErrorf("actions", "%s cannot be limited: put it in a grant without limits",
					name))
			}
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return notary.InternalError("encode the grants of the token", err)
	}
	if len(encoded) > maxTokenSize {
		return notary.FieldErrorf("grants", "the grants of a token have at most %d octets in JSON: shorten their lists, "+
			"for example by domains instead of names", maxTokenSize)
	}
	return nil
}

// AllowToken returns a Forbidden error if the grants of a new token exceed the permissions of its creator. Each action
// must be in the creator's role or within the limits of one of the creator's grants.
func AllowToken(role notary.Role, creator []*notary.Grant, all []notary.GrantTerms) error {
	for _, t := range all {
		for _, name := range t.Actions {
			if RoleHas(role, Action(name)) {
				continue
			}
			var misses []string
			for _, g := range Having(creator, Action(name)) {
				miss := wider(t, g.GrantTerms)
				if miss == "" {
					misses = nil
					break
				}
				misses = append(misses, fmt.Sprintf("grant %d %s", g.ID, miss))
			}
			if misses != nil {
				return notary.Errorf(notary.Forbidden, "a token cannot have more permissions than you: your permission "+
					"to %s is limited (%s)", Action(name), strings.Join(misses, "; "))
			}
			if !Has(creator, Action(name)) {
				return notary.Errorf(notary.Forbidden, "a token cannot have more permissions than you: you do not have "+
					"permission to %s", Action(name))
			}
		}
	}
	return nil
}

// wider describes the first limit of outer that inner exceeds, or returns "".
func wider(inner, outer notary.GrantTerms) string {
	owners, ownerLimits := len(inner.Owners)+len(inner.OwnerGroups), len(outer.Owners)+len(outer.OwnerGroups)
	switch {
	case exceeds(inner.Authorities, outer.Authorities):
		return "is limited to other certificate authorities"
	case exceeds(inner.Profiles, outer.Profiles):
		return "is limited to other profiles"
	case ownerLimits > 0 && (owners == 0 || beyond(inner.Owners, outer.Owners) ||
		beyond(inner.OwnerGroups, outer.OwnerGroups)):
		return "is limited to other owners"
	case outer.Names.Len() == 0:
		return ""
	case inner.Names.Len() == 0:
		return "is limited to certain names"
	}
	if entry, found := issuance.Uncovered(inner.Names, outer.Names); found {
		return fmt.Sprintf("does not allow %.80s", entry)
	}
	return ""
}

// exceeds reports whether the list inner allows more than outer. An empty list allows everything.
func exceeds[T comparable](inner, outer []T) bool {
	return len(outer) > 0 && (len(inner) == 0 || beyond(inner, outer))
}

func beyond[T comparable](inner, outer []T) bool {
	return slices.ContainsFunc(inner, func(v T) bool { return !slices.Contains(outer, v) })
}
