package notary

import "time"

// Rule automatically signs, holds or refuses the requests that its expression matches. Each change creates a new
// version, which has no effect until it is activated.
type Rule struct {
	ID      int64
	Version int // version of these terms; starts at 1
	Latest  int // latest version
	Active  int // version in force; 0 if the rule is not active
	RuleTerms
	CreatedAt time.Time
	UpdatedAt time.Time // when this version was created
}

// RuleTerms are the terms of one version of a rule: its condition and its effect.
type RuleTerms struct {
	Name       string
	Priority   int    // rules are evaluated from the lowest number up, and the first match decides
	Expression string // condition in CEL (https://cel.dev)
	Effect     Effect

	// For SignEffect: how the certificate is issued.
	AuthorityID int64
	Profile     string
	MaxValidity time.Duration // maximum validity of the certificate; 0 for the profile's

	Reason string // for RefuseEffect and HoldEffect: shown to the requester
}

// Effect is what a rule does with a request.
type Effect string

// The effects.
const (
	SignEffect   Effect = "sign"
	HoldEffect   Effect = "hold" // leave the request pending approval
	RefuseEffect Effect = "refuse"
)

// Effects lists all effects.
var Effects = []Effect{SignEffect, HoldEffect, RefuseEffect}

// LongestValidity returns MaxValidity as text, such as "30d".
func (t RuleTerms) LongestValidity() string { return FormatPeriod(t.MaxValidity) }

// Ref returns a reference to the rule.
func (r *Rule) Ref() Ref { return NewRef("rule", r.ID, r.Name) }

// RuleDecision is what the rules decide about a request. A HoldEffect may also be due to a rule that could not be
// evaluated or applied.
type RuleDecision struct {
	Effect      Effect `json:"effect"`
	RuleID      int64  `json:"rule_id"`
	RuleName    string `json:"rule_name"`
	RuleVersion int    `json:"rule_version"`
	Reason      string `json:"reason,omitempty"`
}

// Ref returns a reference to the rule that decided.
func (d *RuleDecision) Ref() Ref { return NewRef("rule", d.RuleID, d.RuleName) }

// RuleTrial is the result of testing rules without issuing anything.
type RuleTrial struct {
	CSR *RuleOutcome // for the CSR; nil if no CSR was given

	Looked    int                 // number of latest requests examined
	Effects   map[Effect]int      // number of requests by effect; HoldEffect includes unmatched and failed requests
	Unmatched int                 // requests held because no rule matches
	Failed    int                 // requests held because a rule cannot be evaluated
	Rules     []RuleMatches       // by priority
	Differing int                 // requests that were decided differently by a user: see [DifferingDecision]
	First     []DifferingDecision // the first of these requests
	Failures  []FailedEvaluation  // the first errors of the failed requests

	Changed      int               // requests that the active rules would decide differently
	FirstChanged []ChangedDecision // the first of these requests
}

// RuleMatches counts the requests that a rule decides.
type RuleMatches struct {
	RuleID   int64 // 0 for a proposed rule
	Name     string
	Priority int
	Effect   Effect
	Matches  int
}

// RuleOutcome is what rules decide about one CSR.
type RuleOutcome struct {
	RuleDecision        // HoldEffect and RuleID 0 if no rule matches
	Problem      string // for SignEffect: why the request could not be signed and would be held; "" if it could
	Forbidden    string // why the principal may not submit the request at all; "" if it may
}

// DifferingDecision is a request that a user signed and the rules refuse, or that a user rejected and the rules sign.
type DifferingDecision struct {
	RequestID  int64
	CommonName string
	Names      Names
	Status     RequestStatus
	RuleDecision
}

// ChangedDecision is a request that the tested rules and the active rules decide differently.
type ChangedDecision struct {
	RequestID    int64
	CommonName   string
	Names        Names
	Status       RequestStatus
	Active       RuleDecision // by the active rules; HoldEffect and RuleID 0 if none matches
	RuleDecision              // by the tested rules; likewise
}

// FailedEvaluation is an error in the evaluation of a rule.
type FailedEvaluation struct {
	RequestID int64 // the latest request with this error
	Count     int   // number of requests with this error
	RuleDecision
}
