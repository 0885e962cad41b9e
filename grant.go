package notary

import (
	"strconv"
	"time"
)

// Group is a named set of accounts. Its grants apply to its members.
type Group struct {
	ID        int64
	Name      string
	CreatedAt time.Time
}

// Grant permits an account, or the members of a group, to perform actions that their roles do not include. It applies
// only within all of its limits.
type Grant struct {
	ID          int64
	PrincipalID int64 // account that receives the grant; 0 for a group
	GroupID     int64 // group that receives the grant; 0 for an account
	CreatedAt   time.Time
	GrantTerms

	// Token and Creator are set in grants that package policy derives for an API token. Token is its name. Creator is
	// the grant of the token's creator that must also cover the object, or nil if the creator's role includes the
	// actions.
	Token   string
	Creator *Grant
}

// GrantTerms are the actions and limits of a grant. Package policy defines their meaning.
type GrantTerms struct {
	Actions     []string  `json:"actions"`
	Authorities []int64   `json:"authorities,omitempty"`
	Profiles    []string  `json:"profiles,omitempty"`
	Names       NameLists `json:"names,omitzero"`
	Owners      []int64   `json:"owners,omitempty"`       // accounts
	OwnerGroups []int64   `json:"owner_groups,omitempty"` // these groups and their members
}

// NameLists are sets of names by type. The entries have the same forms as in profiles: see [NameRules].
type NameLists struct {
	DNS   []string `json:"dns,omitempty"`
	IP    []string `json:"ip,omitempty"`
	Email []string `json:"email,omitempty"`
	URI   []string `json:"uri,omitempty"`
}

// Len returns the number of entries of all types.
func (l NameLists) Len() int { return len(l.DNS) + len(l.IP) + len(l.Email) + len(l.URI) }

// Grantee returns the recipient as text, such as "account 3" or "group 2".
func (g *Grant) Grantee() string {
	if g.GroupID != 0 {
		return "group " + strconv.FormatInt(g.GroupID, 10)
	}
	return "account " + strconv.FormatInt(g.PrincipalID, 10)
}
