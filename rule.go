package notary

import "time"

// Rule decides, without a person, about the requests that its expression matches. Each change creates a new version,
// a draft: only the active version counts.
type Rule struct {
	ID      int64
	Version int // the version of the terms
	Latest  int // the latest version
	Active  int // the version in force; 0 if the rule is not active
	RuleTerms
	CreatedAt time.Time
	UpdatedAt time.Time // when this version was created
}

// RuleTerms are what a version of a rule consists of.
type RuleTerms struct {
	Name       string
	Priority   int    // rules are evaluated from the lowest number to the highest, and the first match decides
	Expression string // in CEL, of type bool
	Effect     Effect

	// For SignEffect: the authority and profile that sign.
	AuthorityID int64
	Profile     string
	MaxValidity time.Duration // longest validity of the certificate; 0 for the profile's

	Reason string // for RefuseEffect and HoldEffect: shown to the requester
}

// Effect is what a rule does with a request.
type Effect string

// The effects.
const (
	SignEffect   Effect = "sign"
	HoldEffect   Effect = "hold" // leave the request to a person
	RefuseEffect Effect = "refuse"
)

// Effects lists all effects.
var Effects = []Effect{SignEffect, HoldEffect, RefuseEffect}

// LongestValidity returns MaxValidity as text, such as "30d".
func (t RuleTerms) LongestValidity() string { return FormatPeriod(t.MaxValidity) }

// Ref returns a reference to the rule.
func (r *Rule) Ref() Ref { return NewRef("rule", r.ID, r.Name) }

// RuleDecision is what the active rules decided about a request when it was created. A HoldEffect may also be due to a
// rule that could not be evaluated or applied.
type RuleDecision struct {
	Effect      Effect `json:"effect"`
	RuleID      int64  `json:"rule_id"`
	RuleName    string `json:"rule_name"`
	RuleVersion int    `json:"rule_version"`
	Reason      string `json:"reason,omitempty"`
}

// Ref returns a reference to the rule that decided.
func (d *RuleDecision) Ref() Ref { return NewRef("rule", d.RuleID, d.RuleName) }

// RuleTrial is the result of trying rules on requests.
type RuleTrial struct {
	CSR *RuleOutcome // for the CSR; nil without one

	Looked    int                   // requests tried
	Effects   map[Effect]int        // of these, by effect; those that no rule matches count as held
	Unmatched int                   // held because no rule matched
	Failed    int                   // held because a rule could not be evaluated
	Rules     []RuleMatches         // by priority
	Differing int                   // decided otherwise by people
	First     []DifferingDecision   // the first of these
	Failures  []RuleEvaluationError // the first of the evaluation errors
}

// RuleMatches is how many requests a rule decided.
type RuleMatches struct {
	RuleID   int64 // 0 for a proposed rule
	Name     string
	Priority int
	Effect   Effect
	Matches  int
}

// RuleOutcome is what rules decide about one CSR.
type RuleOutcome struct {
	RuleDecision        // with rule 0 if none matches
	Problem      string // why the profile or CA would refuse to sign; "" if they would not
}

// DifferingDecision is a request that people signed and rules refuse, or the reverse.
type DifferingDecision struct {
	RequestID  int64
	CommonName string
	Names      Names
	Status     RequestStatus
	RuleDecision
}

// RuleEvaluationError is a request for which a rule could not be evaluated.
type RuleEvaluationError struct {
	RequestID int64
	RuleDecision
}
