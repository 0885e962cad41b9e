package web

import "notary"

// ruling is the latest decision of the rules about a request, followed by what was done with the request since.
type ruling struct {
	*notary.RuleDecision
	Later []laterStep // oldest first
	More  bool        // whether there are further steps
}

type laterStep struct {
	eventView
	Done string // such as "signed"
}

const maxLaterSteps = 3

// stepsDone maps the actions that change the status of a request to participles.
var stepsDone = map[string]string{"request.sign": "signed", "request.reject": "rejected", "request.reopen": "reopened",
	"request.revoke": "revoked", "request.upload": "completed with an uploaded certificate",
	"request.remove_certificate": "returned to Outstanding"}

// Ruling returns the decision of the rules, or nil if there is none.
func (p requestPage) Ruling() *ruling {
	if p.Decision == nil {
		return nil
	}
	r := &ruling{RuleDecision: p.Decision}
	for _, e := range p.History { // newest first
		if e.Refers("rule", p.Decision.RuleID) {
			break
		}
		if done := stepsDone[e.Action]; done != "" {
			r.Later = append([]laterStep{{e, done}}, r.Later...)
		}
	}
	if r.More = len(r.Later) > maxLaterSteps; r.More {
		r.Later = r.Later[:maxLaterSteps]
	}
	return r
}
