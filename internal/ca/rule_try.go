package ca

import (
	"context"
	"sync"
	"time"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
)

// Limits of a rule trial.
const (
	MaxRulesTried = 100_000 // requests
	triedTogether = 1000    // requests read in one step
	maxListed     = 100     // decisions, and evaluation errors, in each list of the result
)

// RuleTryOptions selects the rules to test and what to test them with: a CSR, the latest requests, or both.
type RuleTryOptions struct {
	// Rules are tested together with the active rules. A rule replaces the active version of the same rule. With Only,
	// the active rules are left out.
	Rules []ProposedRule
	Only  bool

	CSR string // PEM; "" for none. It is tested as if it were submitted as below.
	Submission

	Last int // number of latest requests, up to MaxRulesTried
}

// ProposedRule is a rule to test. Without Terms, it is the latest version of the rule with the ID.
type ProposedRule struct {
	ID    int64 // 0 for a new rule
	Terms *notary.RuleTerms
}

// TryRules tests how rules would decide requests. It issues and records nothing. For earlier requests, it uses the
// current labels and the requester's current role and groups. It stops after trialTime, so that the result may be of
// fewer requests, and returns an error if too many tests are running.
func (s *Service) TryRules(ctx context.Context, caller notary.Caller, o RuleTryOptions) (*notary.RuleTrial, error) {
	if err := mayTryRules(caller); err != nil {
		return nil, err
	}
	done, err := s.trials.begin(caller.Account().ID)
	if err != nil {
		return nil, err
	}
	defer done()
	return s.tryRules(ctx, caller, o)
}

func mayTryRules(caller notary.Caller) error {
	if err := policy.AllowRole(caller, policy.ViewRules, policy.Resource{}); err != nil {
		return err
	}
	// The result discloses requests.
	return policy.AllowRole(caller, policy.ViewRequests, policy.Resource{})
}

// tryRules is like [Service.TryRules], without the limit on the tests that run at once.
func (s *Service) tryRules(ctx context.Context, caller notary.Caller, o RuleTryOptions) (*notary.RuleTrial, error) {
	if err := mayTryRules(caller); err != nil {
		return nil, err
	}
	switch {
	case o.Last < 0 || o.Last > MaxRulesTried:
		return nil, notary.FieldErrorf("last", "last must be from 0 to %d", MaxRulesTried)
	case o.CSR == "" && o.Last == 0:
		return nil, notary.FieldErrorf("csr", "nothing to test: set csr to a CSR, last to a number of recent requests, or both")
	}
	as, err := s.submitter(ctx, caller, &o)
	if err != nil {
		return nil, err
	}
	active, err := s.issuers.Rules(ctx)
	if err != nil {
		return nil, err
	}
	set, err := s.triedSet(ctx, active, o)
	if err != nil {
		return nil, err
	}
	t := newRuleTrier(s, caller, set)
	if len(o.Rules) > 0 || o.Only {
		t.active = active
	}
	if o.CSR != "" {
		if t.trial.CSR, err = t.tryCSR(ctx, as, o); err != nil {
			return nil, err
		}
	}
	if err := t.tryLast(ctx, caller, o.Last); err != nil {
		return nil, err
	}
	for _, r := range set.Rules() {
		t.trial.Rules = append(t.trial.Rules, notary.RuleMatches{RuleID: r.ID, Name: r.Name, Priority: r.Priority,
			Effect: r.Effect, Matches: t.matches[r]})
	}
	return t.trial, nil
}

// triedSet returns the proposed rules and, without Only, the active rules that they do not replace.
func (s *Service) triedSet(ctx context.Context, active *policy.RuleSet, o RuleTryOptions) (*policy.RuleSet, error) {
	if len(o.Rules) > policy.MaxRules {
		return nil, notary.FieldErrorf("rules", "these are %d rules: at most %d are possible", len(o.Rules), policy.MaxRules)
	}
	compiler := active.Compiler()
	if o.Only {
		active, compiler = &policy.RuleSet{}, policy.Compiler{}
	}
	proposed := map[int64]bool{}
	var all []*notary.Rule
	for _, p := range o.Rules {
		r, err := s.proposedRule(ctx, p, compiler)
		if err != nil {
			return nil, InField("rules", err)
		}
		if r.ID != 0 && proposed[r.ID] {
			return nil, notary.FieldErrorf("rules", "rule %d is listed twice", r.ID)
		}
		proposed[r.ID] = true
		all = append(all, r)
	}
	for _, r := range active.Rules() {
		if !proposed[r.ID] {
			all = append(all, r)
		}
	}
	if len(all) > policy.MaxRules {
		return nil, notary.FieldErrorf("rules", "too many rules (%d): at most %d can be tested together", len(all), policy.MaxRules)
	}
	return policy.NewRuleSet(0, all, compiler.Compile), nil
}

func (s *Service) proposedRule(ctx context.Context, p ProposedRule,
	compiler policy.Compiler) (*notary.Rule, error) {
	r := &notary.Rule{}
	if p.ID != 0 {
		var err error
		if r, err = s.store.Rule(ctx, p.ID, 0); err != nil {
			return nil, err
		}
	} else if p.Terms == nil {
		return nil, notary.FieldErrorf("id", "a rule to test needs an id or an expression")
	}
	if p.Terms != nil {
		if err := s.checkRuleWith(ctx, p.Terms, compiler.Compile); err != nil {
			return nil, err
		}
		r.RuleTerms, r.Version = *p.Terms, 0
	}
	return r, nil
}

type ruleTrier struct {
	service *Service
	set     *policy.RuleSet
	active  *policy.RuleSet // to compare with; nil if it is the same as set
	trial   *notary.RuleTrial
	matches map[*notary.Rule]int
	errors  map[notary.RuleDecision]int // index in trial.Failures
	people  map[int64]person            // requesters, by account
	until   time.Time                   // when it stops

	seesGroups bool // whether the caller may see the names of groups
	readGroups bool // whether the current facts include names of groups
}

func newRuleTrier(s *Service, caller notary.Caller, set *policy.RuleSet) *ruleTrier {
	return &ruleTrier{service: s, set: set, until: time.Now().Add(s.limits.trialTime),
		trial:   &notary.RuleTrial{Effects: map[notary.Effect]int{}},
		matches: map[*notary.Rule]int{}, errors: map[notary.RuleDecision]int{},
		seesGroups: policy.May(caller, policy.ManageAccounts)}
}

// tryLast tries the latest requests in steps, so that memory does not grow with their number.
func (t *ruleTrier) tryLast(ctx context.Context, caller notary.Caller, last int) error {
	before := int64(0)
	for t.trial.Looked < last {
		requests, err := t.service.store.RequestsBefore(ctx, before, min(triedTogether, last-t.trial.Looked))
		if err != nil || len(requests) == 0 {
			return err
		}
		for _, req := range requests {
			if err := t.tryRequest(ctx, req); err != nil {
				return err
			}
			if !time.Now().Before(t.until) {
				return nil
			}
		}
		before = requests[len(requests)-1].ID
		if err := t.service.store.Verify(ctx, caller); err != nil {
			return err
		}
	}
	return nil
}

// factsThen describes an earlier request as of its creation, except for the current labels and the requester's current
// role and groups. If the subject has several common names, the facts contain only the last, because the database
// records no others.
func (t *ruleTrier) factsThen(ctx context.Context, req *notary.Request) *policy.Facts {
	s := t.service
	f := &policy.Facts{Names: req.Names, CommonName: req.CommonName, Key: req.Key, Labels: req.Labels,
		Profile: req.Wishes.Profile, AuthorityID: req.Wishes.AuthorityID, Now: req.CreatedAt}
	if end := req.Wishes.NotAfter; !end.IsZero() {
		f.Validity = end.Sub(req.CreatedAt)
	}
	var address string
	f.LookUpPrincipal = sync.OnceValues(func() (by notary.Ref, err error) {
		by, address, err = s.store.RequestCreation(ctx, req.ID)
		if by.Kind == "" {
			by = notary.Ref{Kind: notary.AccountPrincipal, ID: req.RequesterID, Name: req.Email}
		}
		return by, err
	})
	f.LookUpAccount = func() (string, error) {
		by, err := f.LookUpPrincipal()
		if by.Kind == notary.TokenPrincipal {
			by.Name = req.Email
		}
		return by.Name, err
	}
	f.LookUpRole = func() (string, error) {
		p, err := t.person(ctx, req.RequesterID)
		return p.role, err
	}
	f.LookUpGroups = func() ([]string, error) {
		t.readGroups = true
		p, err := t.person(ctx, req.RequesterID)
		return p.groups, err
	}
	f.LookUpSource = func() (string, error) {
		_, err := f.LookUpPrincipal()
		return address, err
	}
	f.LookUpSubject = func() (map[string][]string, error) {
		whole, err := s.store.Request(ctx, req.ID)
		if err != nil {
			return nil, err
		}
		csr, err := pki.ParseStoredCSR(whole.CSR)
		if err != nil {
			return map[string][]string{}, nil // recorded by an earlier version
		}
		return subjectValues(csr)
	}
	var previous *policy.Previous
	var looked bool
	f.LookUpPrevious = func() (*policy.Previous, error) {
		if looked {
			return previous, nil
		}
		cert, err := s.store.PreviousCertificateThen(ctx, req)
		previous, err = s.previous(ctx, req, cert, err)
		looked = err == nil
		return previous, err
	}
	t.watchOwner(f)
	return f
}

type person struct {
	role   string
	groups []string
}

const maxPeople = 10_000 // kept in memory during a trial

// person returns the role and groups of an account, or the zero value if the account was deleted.
func (t *ruleTrier) person(ctx context.Context, id int64) (person, error) {
	if p, ok := t.people[id]; ok {
		return p, nil
	}
	var p person
	account, err := t.service.store.Account(ctx, id)
	switch {
	case notary.KindOf(err) == notary.NotFound:
	case err != nil:
		return p, err
	default:
		p.role = account.Role.String()
		if p.groups, err = t.service.groupNames(ctx, id); err != nil {
			return p, err
		}
	}
	if t.people == nil || len(t.people) >= maxPeople {
		t.people = map[int64]person{}
	}
	t.people[id] = p
	return p, nil
}
