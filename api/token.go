package api

import "time"

// APIToken is an API token, without its secret.
type APIToken struct {
	ID              int64        `json:"id"`
	Name            string       `json:"name" example:"ci-deploy"`
	Creator         Ref          `json:"creator" doc:"The account on whose behalf it acts and which owns what it submits"`
	Status          string       `json:"status" enum:"active,expired,revoked,suspended" doc:"suspended: the creator's account was deleted, and an Admin can take the token over"`
	Start           string       `json:"start" doc:"The first characters of the token, to recognise it" example:"ntry_Ab3d"`
	Grants          []TokenGrant `json:"grants" nullable:"false"`
	AddressRanges   []string     `json:"address_ranges" nullable:"false" doc:"From which it can be used; empty for any address"`
	QuotaPerHour    *int64       `json:"quota_per_hour" doc:"Certificates that it can have issued in an hour; null for no limit"`
	QuotaPerDay     *int64       `json:"quota_per_day" doc:"Certificates that it can have issued in a day (UTC); null for no limit"`
	QuotaLeftHour   *int64       `json:"quota_left_hour" doc:"What is left of the quota in the current hour; null without a quota"`
	QuotaLeftDay    *int64       `json:"quota_left_day" doc:"What is left of the quota on the current day (UTC); null without a quota"`
	CreatedAt       time.Time    `json:"created_at"`
	ExpiresAt       time.Time    `json:"expires_at"`
	RevokedAt       *time.Time   `json:"revoked_at"`
	LastUsedAt      *time.Time   `json:"last_used_at" doc:"To the minute; null if never"`
	LastAddress     string       `json:"last_address" doc:"The client address of that use"`
	Unused          bool         `json:"unused" doc:"Active, but not used for 90 days, or never within a week of its creation"`
	QuotaExceededAt *time.Time   `json:"quota_exceeded_at" doc:"When a call first exceeded a quota within the quota's latest such period; null if never"`
}

// TokenGrant holds actions that a token may perform, and their limits. Omitted limits do not apply.
type TokenGrant struct {
	Actions       []string  `json:"actions" nullable:"false" example:"[\"request.create\",\"request.sign\"]"`
	AuthorityIDs  []int64   `json:"certificate_authority_ids,omitempty" nullable:"false" doc:"Only with these authorities"`
	Profiles      []string  `json:"profiles,omitempty" nullable:"false" doc:"Only by these profiles"`
	Names         NameLists `json:"names,omitzero" doc:"Only if every name is listed"`
	OwnerIDs      []int64   `json:"owner_account_ids,omitempty" nullable:"false" doc:"Only requests of these accounts, or of members of the groups"`
	OwnerGroupIDs []int64   `json:"owner_group_ids,omitempty" nullable:"false" doc:"Only requests of members of these groups, or of the accounts"`
}

// TokenPaging selects a page of API tokens.
type TokenPaging struct {
	Limit  int    `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"100" doc:"Page size; default 100"`
	After  string `json:"after,omitempty" query:"after" minLength:"1" doc:"The value of next in the previous response: returns the page after it"`
	Before string `json:"before,omitempty" query:"before" minLength:"1" doc:"The value of previous in a response: returns the page before it; not together with after"`
}

// CreateAPIToken is the body of a call that creates an API token.
type CreateAPIToken struct {
	Name          string       `json:"name" doc:"Up to 100 printable characters without @; need not be unique" example:"ci-deploy"`
	Grants        []TokenGrant `json:"grants" nullable:"false" doc:"At most what the creator may do"`
	ExpiresAt     *time.Time   `json:"expires_at,omitempty" doc:"Needed; at most the setting token_life from now"`
	AddressRanges []string     `json:"address_ranges,omitempty" nullable:"false" doc:"Client addresses from which it can be used, such as 10.0.0.0/8"`
	QuotaPerHour  int64        `json:"quota_per_hour,omitempty" doc:"Certificates that it can have issued in an hour"`
	QuotaPerDay   int64        `json:"quota_per_day,omitempty" doc:"Certificates that it can have issued in a day (UTC)"`
}

// CreatedAPIToken is the response to [CreateAPIToken]. The server does not return the token again.
type CreatedAPIToken struct {
	Created
	Token string `json:"token" example:"ntry_0123456789ABCDEFGHIJKLMNOPQRSTUV402Jx6"`
}
