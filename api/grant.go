package api

import "time"

// Group is a named set of accounts.
type Group struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name" example:"web-team"`
	CreatedAt time.Time `json:"created_at"`
}

// GroupWithMembers is a group and its members.
type GroupWithMembers struct {
	Group
	Members []Account `json:"members" nullable:"false"`
}

// CreateGroup is the body of a call that creates an empty group.
type CreateGroup struct {
	Name string `json:"name" doc:"Up to 64 lowercase letters, digits, dots, hyphens and underscores, starting with a letter" example:"web-team"`
}

// ChangeMembers is the body of a call that adds accounts to a group and removes others.
type ChangeMembers struct {
	Add    []int64 `json:"add,omitempty" nullable:"false" doc:"IDs of accounts"`
	Remove []int64 `json:"remove,omitempty" nullable:"false" doc:"IDs of accounts"`
}

// Grantee is the account or group that receives a grant.
type Grantee struct {
	Kind string `json:"kind" enum:"account,group"`
	ID   int64  `json:"id" minimum:"1"`
}

// GrantTerms are the actions and limits of a grant. Omitted limits do not apply.
type GrantTerms struct {
	Grantee       Grantee   `json:"grantee,omitzero" doc:"The account or group that receives it"`
	Actions       []string  `json:"actions" nullable:"false" example:"[\"request.sign\"]"`
	AuthorityIDs  []int64   `json:"certificate_authority_ids,omitempty" nullable:"false" doc:"Only for these authorities"`
	Profiles      []string  `json:"profiles,omitempty" nullable:"false" doc:"Only for these profiles"`
	Names         NameLists `json:"names,omitzero" doc:"Only if every name matches one of these"`
	OwnerIDs      []int64   `json:"owner_account_ids,omitempty" nullable:"false" doc:"Only requests of these accounts, or of members of the groups"`
	OwnerGroupIDs []int64   `json:"owner_group_ids,omitempty" nullable:"false" doc:"Only requests of members of these groups, or of the accounts"`
}

// NameLists are sets of names by type.
type NameLists struct {
	DNS   []string `json:"dns,omitempty" nullable:"false" doc:"Domains: ci.example.com (that name and all below it) or .ci.example.com (only those below it)"`
	IP    []string `json:"ip,omitempty" nullable:"false" doc:"Prefixes such as 10.0.0.0/8, or addresses"`
	Email []string `json:"email,omitempty" nullable:"false" doc:"A domain, .example.com (subdomains only), or an address"`
	URI   []string `json:"uri,omitempty" nullable:"false" doc:"A host, .example.com (subdomains only), or a prefix such as spiffe://example.org/web"`
}

// Grant permits an account, or the members of a group, to perform actions that their roles do not include.
type Grant struct {
	ID int64 `json:"id"`
	GrantTerms
	CreatedAt time.Time `json:"created_at"`
}

// PermissionQuery holds the query parameters of a call that explains what an account may do to an object.
type PermissionQuery struct {
	Action      string   `query:"action" minLength:"1" doc:"Only this action" example:"request.sign"`
	AccountID   ID       `query:"account_id" doc:"An account other than your own; for Admins"`
	AuthorityID ID       `query:"certificate_authority_id" doc:"The CA that signs or issued the certificate"`
	Profile     string   `query:"profile" minLength:"1"`
	Names       []string `query:"name" nullable:"false" doc:"The names of the certificate, separated by commas"`
	OwnerID     ID       `query:"owner_id" doc:"The account that owns the request; default the account in question"`

	OwnerGroupID ID `query:"owner_group_id" doc:"The group that owns the request, instead of an account"`
}

// Decision reports whether an action is allowed, and why.
type Decision struct {
	Action  string `json:"action" example:"request.sign"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason" example:"grant 7 to group 2 gives permission to sign certificate requests"`
	GrantID *int64 `json:"grant_id" doc:"The grant that allows it; null if the role does, or nothing"`
}
