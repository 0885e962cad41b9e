package api

import "time"

// Rule is one version of a rule, which automatically signs, holds or refuses certificate requests.
type Rule struct {
	ID            int64 `json:"id"`
	Version       int   `json:"version" doc:"The version of these terms; starts at 1"`
	LatestVersion int   `json:"latest_version" doc:"Each change creates a new version, which counts once it is activated"`
	ActiveVersion *int  `json:"active_version" doc:"The version in force; null if the rule is not active"`
	RuleTerms
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"When this version was created"`
}

// RuleTerms are the condition and the effect of a rule.
type RuleTerms struct {
	Name                   string `json:"name" doc:"One line"`
	Priority               int    `json:"priority" minimum:"1" maximum:"1000000" doc:"Rules are evaluated from the lowest number to the highest, and the first match decides"`
	Expression             string `json:"expression" example:"names.below(\"dev.example.com\")" doc:"A condition in CEL (https://cel.dev); the manual lists the variables"`
	Effect                 string `json:"effect" enum:"sign,hold,refuse" doc:"sign, hold for a person, or refuse"`
	CertificateAuthorityID ID     `json:"certificate_authority_id,omitempty" doc:"With effect sign: the signing authority"`
	Profile                string `json:"profile,omitempty" doc:"With effect sign: the name of the profile"`
	MaxValidity            string `json:"max_validity,omitempty" doc:"With effect sign: the longest validity; default the profile's" example:"30d"`
	Reason                 string `json:"reason,omitempty" doc:"Shown to the requester; required with effect refuse"`
}

// UpdateRule is the body of a call that replaces the terms of a rule. Omitted terms get their defaults, not their
// previous values.
type UpdateRule struct {
	Version *int `json:"version,omitempty" doc:"The version that was edited: refused if it is not the latest"`
	RuleTerms
}

// UpdatedRule is the response to a change of a rule.
type UpdatedRule struct {
	Message string `json:"message" enum:"success"`
	Version int    `json:"version" doc:"The version of the new terms, which are not active yet"`
}

// ActivateRule is the body of a call that activates the latest version of a rule.
type ActivateRule struct {
	Version *int `json:"version,omitempty" doc:"The version that was reviewed: refused if it is not the latest"`
}

// RuleDecision is what the rules decide about a request.
type RuleDecision struct {
	Effect      string `json:"effect" enum:"sign,hold,refuse"`
	RuleID      int64  `json:"rule_id"`
	RuleName    string `json:"rule_name"`
	RuleVersion int    `json:"rule_version"`
	Reason      string `json:"reason" doc:"Why the request was held or refused; empty if it was signed"`
}

// CheckRules is the body of a call that tests rules without issuing or recording anything.
type CheckRules struct {
	Rules []ProposedRule `json:"rules,omitzero" required:"false" nullable:"false" doc:"Rules to try in addition to the active ones, or instead of the active version of the same rule"`
	Only  bool           `json:"only,omitempty" doc:"Try these rules alone, without the active ones"`

	CSR                    string            `json:"csr,omitempty" doc:"PKCS #10 signing request in PEM, as if it were submitted now from the caller's address"`
	Principal              *TriedPrincipal   `json:"principal,omitempty" nullable:"false" doc:"Who would submit the CSR; default the caller. Requires permission to manage rules"`
	Owner                  *Owner            `json:"owner,omitempty" nullable:"false" doc:"The group that the request would belong to; default the account that submits it"`
	CertificateAuthorityID ID                `json:"certificate_authority_id,omitempty" doc:"The authority that would be asked for"`
	Profile                string            `json:"profile,omitempty" doc:"The profile that would be asked for"`
	NotValidAfter          *time.Time        `json:"not_valid_after,omitempty" doc:"The expiry that would be asked for"`
	Labels                 map[string]string `json:"labels,omitempty" nullable:"false" doc:"The labels that the request would have"`
	Last                   int               `json:"last,omitempty" minimum:"0" maximum:"100000" doc:"How many of the latest requests to try"`
}

// TriedPrincipal is the principal as which a CSR is tested.
type TriedPrincipal struct {
	Kind string `json:"kind" enum:"token"`
	ID   int64  `json:"id" minimum:"1" doc:"An active API token of your own; for Admins, any"`
}

// ProposedRule is a rule to test: the latest version of an existing rule, new terms for one, or a new rule.
type ProposedRule struct {
	ID   int64      `json:"id,omitempty" minimum:"1" doc:"An existing rule"`
	Rule *RuleTerms `json:"rule,omitempty" nullable:"false" doc:"Its terms; default those of the latest version"`
}

// RuleCheck is the result of testing rules.
type RuleCheck struct {
	CSR          *RuleOutcome        `json:"csr,omitempty" doc:"What happens to the CSR; absent without one"`
	Looked       int                 `json:"looked" doc:"How many requests were tried"`
	Signed       int                 `json:"signed" doc:"How many of them would be signed"`
	Held         int                 `json:"held" doc:"How many would be held for a person, including those below"`
	Refused      int                 `json:"refused" doc:"How many would be refused"`
	Unmatched    int                 `json:"unmatched" doc:"How many would be held because no rule matches"`
	Failed       int                 `json:"failed" doc:"How many would be held because a rule cannot be evaluated"`
	Rules        []RuleMatches       `json:"rules" nullable:"false" doc:"The rules that were tried, by priority"`
	Differing    int                 `json:"differing" doc:"How many were decided otherwise by people: signed but refused by a rule, or the reverse"`
	First        []DifferingDecision `json:"first_differing" nullable:"false" doc:"Up to 100 of these"`
	Changed      int                 `json:"changed" doc:"How many the active rules would decide differently: another effect, or signed with another CA, profile or longest validity"`
	FirstChanged []ChangedDecision   `json:"first_changed" nullable:"false" doc:"Up to 100 of these"`

	Failures []RuleFailure `json:"failures" nullable:"false" doc:"Up to 100 different errors of rules that cannot be evaluated"`
}

// RuleMatches counts the tested requests that a rule decides.
type RuleMatches struct {
	RuleID   int64  `json:"rule_id,omitempty" doc:"Absent for a new rule"`
	Name     string `json:"name"`
	Priority int    `json:"priority"`
	Effect   string `json:"effect" enum:"sign,hold,refuse"`
	Matches  int    `json:"matches"`
}

// RuleOutcome is what rules decide about a CSR.
type RuleOutcome struct {
	RuleDecision
	Problem   string `json:"problem,omitempty" doc:"With effect sign: why the profile or CA would refuse, so that the request would be held"`
	Forbidden string `json:"forbidden,omitempty" doc:"Why the principal may not submit the request at all (403)"`
}

// TestedRequest is a request with which rules were tested.
type TestedRequest struct {
	ID             int64    `json:"id"`
	Status         string   `json:"status" enum:"Outstanding,Active,Rejected,Revoked"`
	CommonName     string   `json:"common_name"`
	DNSNames       []string `json:"dns_names" nullable:"false"`
	IPAddresses    []string `json:"ip_addresses" nullable:"false"`
	EmailAddresses []string `json:"email_addresses" nullable:"false"`
	URIs           []string `json:"uris" nullable:"false"`
	UPNs           []string `json:"user_principal_names" nullable:"false"`
}

// DifferingDecision is a request that a user signed and the rules refuse, or that a user rejected and the rules sign.
type DifferingDecision struct {
	TestedRequest
	RuleDecision
}

// ChangedDecision is a request that the tested rules and the active rules decide differently.
type ChangedDecision struct {
	TestedRequest
	Active RuleDecision `json:"active" doc:"What the active rules decide"`
	RuleDecision
}

// RuleFailure is an error in the evaluation of a rule.
type RuleFailure struct {
	ID    int64 `json:"id" doc:"The latest request with this error"`
	Count int   `json:"count" doc:"How many requests have it"`
	RuleDecision
}
