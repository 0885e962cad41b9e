// Package policy decides whether an account may perform an action on an object. It also evaluates the rules that sign,
// hold or refuse requests: see [RuleSet].
//
// A role is an unlimited grant of its actions. A [notary.Grant] adds actions, optionally limited to authorities,
// profiles, names and owners; [Allow] checks these limits against a [Resource]. Grants never take permissions away. A
// token may do only what both its own grants and its creator allow: see [TokenGrants]. The package does no I/O: package
// ca reads the grants and describes the objects.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"notary"
)

// Resource describes the object of an action. Zero fields are unknown and satisfy no limit.
type Resource struct {
	Object      string // how error messages name it, such as "profile 7": see [On]
	AuthorityID int64  // authority that signs or signed the certificate
	Profile     string
	Names       notary.Names
	CommonNames []string // of the subject; each counts as a name

	// The owner is an account or a group.
	OwnerID      int64
	OwnerGroups  []int64 // groups of the account
	OwnerGroupID int64
}

// On returns the resource for an object known only by its ID. It satisfies no limit.
func On(noun string, id int64) Resource { return Resource{Object: fmt.Sprintf("%s %d", noun, id)} }

// String describes the resource in error messages, such as "profile server-client, certificate authority 3,
// a.example.com".
func (r Resource) String() string {
	var parts []string
	if r.Object != "" {
		parts = append(parts, r.Object)
	}
	if r.Profile != "" {
		parts = append(parts, "profile "+r.Profile)
	}
	if r.AuthorityID != 0 {
		parts = append(parts, fmt.Sprintf("certificate authority %d", r.AuthorityID))
	}
	if r.OwnerID != 0 {
		parts = append(parts, fmt.Sprintf("owner account %d", r.OwnerID))
	}
	if r.OwnerGroupID != 0 {
		parts = append(parts, fmt.Sprintf("owner group %d", r.OwnerGroupID))
	}
	names := r.names()
	const most = 5
	if len(names) > most {
		names = append(names[:most:most], "…")
	}
	parts = append(parts, names...)
	return strings.Join(parts, ", ")
}

// names returns the subject alternative names, and the common names that are not among them.
func (r Resource) names() []string {
	all := r.Names.All()
	for _, name := range r.CommonNames {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Decision is the result of a permission check, with the reason.
type Decision struct {
	Allowed bool
	Grant   *notary.Grant // the grant that allows it; nil if a role allows it or nothing does
	Reason  string
}

// Decide returns whether an account with the role and grants may perform the action on the resource, and why.
func Decide(role notary.Role, grants []*notary.Grant, action Action, r Resource) Decision {
	switch {
	case !action.Valid():
		return Decision{Reason: fmt.Sprintf("%.40q is not an action", string(action))}
	case RoleHas(role, action):
		return Decision{Allowed: true, Reason: fmt.Sprintf("the role %s has permission to %s", role, action)}
	case !Has(grants, action):
		return Decision{Reason: fmt.Sprintf("the role %s does not have permission to %s%s, which requires the role %s",
			role, action, inParentheses(r.Object), rolesWith(action))}
	}
	return byGrants(grants, action, r)
}

func inParentheses(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Allow returns nil if the caller may perform the action on the resource. Otherwise it returns an Unauthenticated error
// if the caller is not logged in, or a Forbidden error that names the missing permission and the object.
func Allow(caller notary.Caller, grants []*notary.Grant, action Action, r Resource) error {
	if !caller.Known() {
		return notary.Errorf(notary.Unauthenticated, "log in first")
	}
	if d := DecideFor(caller, grants, action, r); !d.Allowed {
		return notary.Errorf(notary.Forbidden, "%s: ask an Admin", d.Reason)
	}
	return nil
}

// DecideFor is like [Decide], but also accepts a token, whose grants must be the result of [TokenGrants].
func DecideFor(caller notary.Caller, grants []*notary.Grant, action Action, r Resource) Decision {
	if caller.Token != nil {
		return decideToken(caller, grants, action, r)
	}
	return Decide(caller.Role, grants, action, r)
}

// AllowRole is like [Allow] for actions that cannot be granted: only the caller's role counts or, for a token, its own
// grants and its creator's role.
func AllowRole(caller notary.Caller, action Action, r Resource) error {
	if caller.Token != nil {
		return Allow(caller, TokenGrants(caller, nil), action, r)
	}
	return Allow(caller, nil, action, r)
}

// May reports whether the caller has the action on every object, by its role or, for a token, by an unlimited grant
// and its creator's role.
func May(caller notary.Caller, action Action) bool {
	if caller.Token != nil {
		return tokenMay(caller.Token, action)
	}
	return caller.Known() && RoleHas(caller.Role, action)
}
