package ca

import (
	"sync"
	"time"

	"notary"
)

const (
	maxTrials = 2                // tests of rules at once on a node, at most one of them of an account
	trialTime = 30 * time.Second // after which a test stops
)

// trials limits the rule trials that run at once, because each can keep a processor busy.
type trials struct {
	mu       sync.Mutex
	accounts map[int64]bool
}

// begin starts a trial of an account, which the caller ends with done.
func (r *trials) begin(account int64) (done func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.accounts[account]:
		e := notary.Errorf(notary.RateLimited, "your last test of rules is still running: try again when it has ended")
		e.RetryAfter = trialTime
		return nil, e
	case len(r.accounts) >= maxTrials:
		e := notary.Errorf(notary.Unavailable, "%d tests of rules are running at present: try again in a moment", maxTrials)
		e.RetryAfter = trialTime
		return nil, e
	}
	if r.accounts == nil {
		r.accounts = map[int64]bool{}
	}
	r.accounts[account] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.accounts, account)
	}, nil
}
