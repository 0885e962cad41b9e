package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"notary"
	"notary/internal/issuance"
)

// Has reports whether any of the grants includes the action, on any object.
func Has(grants []*notary.Grant, action Action) bool {
	return slices.ContainsFunc(grants, func(g *notary.Grant) bool { return has(g, action) })
}

func has(g *notary.Grant, action Action) bool {
	return (byAction[action].grantable || g.Token != "") && includes(g.GrantTerms, action)
}

// Having returns the grants that include the action.
func Having(grants []*notary.Grant, action Action) []*notary.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g *notary.Grant) bool { return !has(g, action) })
}

// Covers reports whether any of the grants includes the action, and the resource is within all limits of that grant.
func Covers(grants []*notary.Grant, action Action, r Resource) bool {
	return slices.ContainsFunc(grants, func(g *notary.Grant) bool {
		return has(g, action) && missed(g, r) == ""
	})
}

// Possible is like [Covers], but ignores the limits on authorities and profiles, which are chosen later.
func Possible(grants []*notary.Grant, action Action, r Resource) bool {
	return slices.ContainsFunc(grants, func(g *notary.Grant) bool {
		return has(g, action) && missed(withoutIssuer(g), r) == ""
	})
}

func withoutIssuer(g *notary.Grant) *notary.Grant {
	without := *g
	without.Authorities, without.Profiles = nil, nil
	if g.Creator != nil {
		without.Creator = withoutIssuer(g.Creator)
	}
	return &without
}

// missed describes the first limit of a grant that the resource does not satisfy, or returns "".
func missed(g *notary.Grant, r Resource) string {
	switch miss := missedLimit(g.GrantTerms, r); {
	case miss != "" && g.Token != "":
		return fmt.Sprintf("the API token %s %s", g.Token, miss)
	case miss != "":
		return fmt.Sprintf("grant %d %s", g.ID, miss)
	case g.Creator != nil:
		if miss = missed(g.Creator, r); miss != "" {
			return miss + " for its creator"
		}
	}
	return ""
}

// IsUnlimited reports whether neither the grant nor, for a token, its creator's grant has limits.
func IsUnlimited(g *notary.Grant) bool {
	return Unlimited(g.GrantTerms) && (g.Creator == nil || Unlimited(g.Creator.GrantTerms))
}

// Unlimited reports whether the terms have no limits.
func Unlimited(t notary.GrantTerms) bool {
	return len(t.Authorities)+len(t.Profiles)+len(t.Owners)+len(t.OwnerGroups)+t.Names.Len() == 0
}

// Reaches reports whether any of the grants includes the action for the authority and profile; 0 and "" mean any.
func Reaches(grants []*notary.Grant, action Action, authorityID int64, profile string) bool {
	return slices.ContainsFunc(grants, func(g *notary.Grant) bool {
		return has(g, action) && reaches(g.GrantTerms, authorityID, profile) &&
			(g.Creator == nil || reaches(g.Creator.GrantTerms, authorityID, profile))
	})
}

func reaches(t notary.GrantTerms, authorityID int64, profile string) bool {
	return (authorityID == 0 || len(t.Authorities) == 0 || slices.Contains(t.Authorities, authorityID)) &&
		(profile == "" || len(t.Profiles) == 0 || slices.Contains(t.Profiles, profile))
}

// byGrants returns the decision from grants alone.
func byGrants(grants []*notary.Grant, action Action, r Resource) Decision {
	var misses []string
	for _, g := range grants {
		if !has(g, action) {
			continue
		}
		miss := missed(g, r)
		if miss == "" {
			return allowedBy(g, action)
		}
		misses = append(misses, miss)
	}
	if misses == nil {
		return Decision{Reason: fmt.Sprintf("no grant gives permission to %s", action)}
	}
	const most = 5
	if len(misses) > most {
		misses = append(misses[:most:most], "…")
	}
	return Decision{Reason: fmt.Sprintf("no grant of permission to %s covers %s: %s", action, describe(r),
		strings.Join(misses, "; "))}
}

func allowedBy(g *notary.Grant, action Action) Decision {
	if g.Token == "" {
		return Decision{Allowed: true, Grant: g,
			Reason: fmt.Sprintf("grant %d to %s gives permission to %s", g.ID, g.Grantee(), action)}
	}
	return Decision{Allowed: true, Grant: g.Creator,
		Reason: fmt.Sprintf("the API token %s and its creator have permission to %s", g.Token, action)}
}

func describe(r Resource) string {
	if text := r.String(); text != "" {
		return text
	}
	return "this object"
}

// missedLimit describes the first limit that the resource does not satisfy, or returns "". A resource without a
// property satisfies no limit on it.
func missedLimit(t notary.GrantTerms, r Resource) string {
	switch {
	case len(t.Authorities) > 0 && (r.AuthorityID == 0 || !slices.Contains(t.Authorities, r.AuthorityID)):
		return "is limited to other certificate authorities"
	case len(t.Profiles) > 0 && (r.Profile == "" || !slices.Contains(t.Profiles, r.Profile)):
		return "is limited to other profiles"
	case len(t.Owners)+len(t.OwnerGroups) > 0 && !owns(t, r):
		return "is limited to other owners"
	case t.Names.Len() == 0:
		return ""
	case len(r.names()) == 0:
		return "is limited to certain names, and the object has none"
	}
	if name, found := issuance.Unlisted(r.Names, r.CommonNames, t.Names); found {
		return fmt.Sprintf("does not allow the name %.80s", name)
	}
	return ""
}

func owns(t notary.GrantTerms, r Resource) bool {
	if r.OwnerGroupID != 0 {
		return slices.Contains(t.OwnerGroups, r.OwnerGroupID)
	}
	return r.OwnerID != 0 && (slices.Contains(t.Owners, r.OwnerID) ||
		slices.ContainsFunc(r.OwnerGroups, func(id int64) bool { return slices.Contains(t.OwnerGroups, id) }))
}

// maxListed is the maximum length of each list in a grant.
const maxListed = 500

// CheckTerms returns an error unless the terms are valid for a grant.
func CheckTerms(t notary.GrantTerms) error {
	if err := checkActions(t.Actions, Actions(true)); err != nil {
		return err
	}
	return checkLimits(t)
}

func checkActions(actions, possible []string) error {
	if len(actions) == 0 {
		return notary.FieldErrorf("actions", "a grant needs at least one action: %s", strings.Join(possible, ", "))
	}
	for i, name := range actions {
		switch {
		case !slices.Contains(possible, name):
			return notary.FieldErrorf("actions", "%.40q cannot be granted: use %s", name, strings.Join(possible, ", "))
		case slices.Contains(actions[:i], name):
			return notary.FieldErrorf("actions", "%s is listed twice", name)
		}
	}
	return nil
}

func checkLimits(t notary.GrantTerms) error {
	for _, list := range []struct {
		field string
		ids   []int64
	}{{"certificate_authority_ids", t.Authorities}, {"owner_account_ids", t.Owners}, {"owner_group_ids", t.OwnerGroups}} {
		if err := checkIDs(list.field, list.ids); err != nil {
			return err
		}
	}
	if len(t.Profiles) > maxListed {
		return notary.FieldErrorf("profiles", "too many entries: list at most %d", maxListed)
	}
	for _, name := range t.Profiles {
		if issuance.CheckProfileName(name) != nil {
			return notary.FieldErrorf("profiles", "%.70q cannot be a profile's name", name)
		}
	}
	return issuance.CheckNameLists("names", t.Names)
}

// checkDistinctLimits returns an error if a list has an entry twice.
func checkDistinctLimits(t notary.GrantTerms) error {
	return cmp.Or(checkDistinct("certificate_authority_ids", t.Authorities), checkDistinct("owner_account_ids", t.Owners),
		checkDistinct("owner_group_ids", t.OwnerGroups), checkDistinct("profiles", t.Profiles),
		checkDistinct("names.dns", t.Names.DNS), checkDistinct("names.ip", t.Names.IP),
		checkDistinct("names.email", t.Names.Email), checkDistinct("names.uri", t.Names.URI))
}

func checkDistinct[T comparable](field string, list []T) error {
	seen := make(map[T]bool, len(list))
	for _, entry := range list {
		if seen[entry] {
			return notary.FieldErrorf(field, "%.80s is listed twice", fmt.Sprint(entry))
		}
		seen[entry] = true
	}
	return nil
}

func checkIDs(field string, ids []int64) error {
	if len(ids) > maxListed {
		return notary.FieldErrorf(field, "too many entries: list at most %d", maxListed)
	}
	for _, id := range ids {
		if id < 1 {
			return notary.FieldErrorf(field, "%d is not an ID: IDs are positive integers", id)
		}
	}
	return nil
}
