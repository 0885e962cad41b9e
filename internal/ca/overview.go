package ca

import (
	"context"
	"sync"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/revocation"
	"notary/internal/store"
)

// Overview returns the content of the overview page. Its cost does not grow with the inventory: it reads maintained
// counts and the first items of lists.
func (s *Service) Overview(ctx context.Context, caller notary.Caller) (o notary.Overview, err error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return o, err
	}
	if policy.May(caller, policy.ViewRequests) {
		if err := s.overviewOfAll(ctx, caller, &o); err != nil {
			return o, err
		}
	}
	if policy.May(caller, policy.ViewAuthorities) {
		if o.Authorities, err = s.authorityStates(ctx, o.Summary); err != nil {
			return o, err
		}
	}
	if policy.May(caller, policy.ManageAuthorities) {
		o.PublishWarning = s.PublishWarning()
	}
	if o.Tokens, err = s.tokensToReview(ctx, caller); err != nil {
		return o, err
	}
	waiting, err := s.Requests(ctx, caller, notary.Query{Filter: notary.Filter{Status: notary.Outstanding},
		Sort: notary.ByID, Limit: notary.OverviewLength})
	if err != nil {
		return o, err
	}
	next := notary.Query{Filter: notary.Filter{Expiring: notary.MaxWindow}, Sort: notary.ByNotAfter,
		Limit: notary.OverviewLength}
	requests, err := s.Requests(ctx, caller, next)
	if err != nil {
		return o, err
	}
	certificates, err := s.Certificates(ctx, caller, next)
	o.Outstanding, o.ExpiringRequests, o.Expiring = waiting.Items, requests.Items, certificates.Items
	return o, err
}

func (s *Service) tokensToReview(ctx context.Context, caller notary.Caller) ([]*notary.Token, error) {
	creator := caller.Principal.ID
	switch {
	case caller.Token != nil:
		return nil, nil
	case policy.May(caller, policy.ManageAccounts):
		creator = 0 // all
	}
	return s.store.TokensToReview(ctx, creator, s.now(), notary.OverviewLength)
}

func (s *Service) overviewOfAll(ctx context.Context, caller notary.Caller, o *notary.Overview) error {
	sum, err := s.Summary(ctx, caller)
	if err != nil {
		return err
	}
	counts, err := s.expiries.get(ctx, s, sum)
	if err != nil {
		return err
	}
	if policy.May(caller, policy.ViewEvents) { // which a token may lack
		events, err := s.Events(ctx, caller, notary.EventQuery{Limit: notary.OverviewLength})
		if err != nil {
			return err
		}
		o.Events = events.Items
	}
	o.Summary, o.Weeks, o.Damaged = &sum, counts.weeks, s.damages.List(notary.OverviewLength)
	o.Certificates = certificateCounts(sum, counts)
	blocked, err := s.inUse.get(ctx, s, sum)
	if err != nil {
		return err
	}
	o.Blocked, o.BlockedMore = blocked[:min(len(blocked), notary.OverviewLength)], len(blocked) > notary.OverviewLength
	return nil
}

// AuthorityState returns the health of an authority: its CRL, its OCSP responder and its issued certificates.
func (s *Service) AuthorityState(ctx context.Context, caller notary.Caller, id int64) (*notary.AuthorityState, error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, err
	}
	a, err := s.store.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	sum, err := s.store.Totals(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.statesOf(ctx, sum, []*notary.Authority{a})
	if err != nil {
		return nil, err
	}
	return states[0], nil
}

// AuthorityStates returns the health of all authorities, ordered by ID.
func (s *Service) AuthorityStates(ctx context.Context, caller notary.Caller) ([]*notary.AuthorityState, error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.authorityStates(ctx, nil)
}

func (s *Service) authorityStates(ctx context.Context, sum *notary.Summary) ([]*notary.AuthorityState, error) {
	if sum == nil {
		counted, err := s.store.Totals(ctx)
		if err != nil {
			return nil, err
		}
		sum = &counted
	}
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	return s.statesOf(ctx, *sum, all)
}

// successorLead is how long before its expiry an authority should have a successor.
const successorLead = 90 * 24 * time.Hour

func (s *Service) statesOf(ctx context.Context, sum notary.Summary,
	authorities []*notary.Authority) (all []*notary.AuthorityState, err error) {
	counts, err := s.expiries.get(ctx, s, sum)
	if err != nil {
		return nil, err
	}
	lists, err := s.store.ListStates(ctx)
	if err != nil {
		return nil, err
	}
	responders, err := s.store.ResponderEnds(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	for _, a := range authorities {
		state := &notary.AuthorityState{Authority: a, Status: a.Status(now), InForce: counts.inForce[a.ID],
			ResponderEnd: responders[a.ID]}
		if state.Issued, err = s.store.IssuedCount(ctx, a.ID); err != nil {
			return nil, err
		}
		if state.Revocations, err = s.store.RevocationCount(ctx, a.ID, 0); err != nil {
			return nil, err
		}
		state.EndsSoon = a.Certificate != nil && a.Certificate.NotAfter.Before(now.Add(successorLead))
		addCRLStates(state, lists, now)
		all = append(all, state)
	}
	return all, nil
}

func addCRLStates(state *notary.AuthorityState, lists map[store.ListKey]store.ListState, now time.Time) {
	signs := state.Status != notary.AuthorityPending && state.Status != notary.AuthorityExpired
	state.Unpublished = state.Revocations
	for key, list := range lists {
		if key.AuthorityID != state.Authority.ID || list.Number == 0 {
			continue
		}
		if key.Shard == 0 {
			state.CRLNumber, state.ThisUpdate, state.NextUpdate = list.Number, list.ThisUpdate, list.NextUpdate
			state.Unpublished = max(0, state.Revocations-list.Revocations)
		} else {
			state.Shards++
		}
		if signs && list.NextUpdate.Before(now.Add(revocation.CRLValidity/2)) {
			state.CRLDue = true
		}
	}
	if state.Authority.Offline {
		state.CRLDue = signs && state.OfflineDue(now)
	}
}

// expiries caches the numbers of certificates by expiry, because each is a sum of many maintained counts.
type expiries struct {
	mu   sync.Mutex
	sum  notary.Summary // when last was read
	at   time.Time
	last *expiryCounts
}

type expiryCounts struct {
	weeks   []notary.Week
	inForce map[int64]int64 // by issuer
	all     int64           // the sum of inForce
}

// expiryCacheTTL is how long counts are cached while nothing is issued or revoked.
const expiryCacheTTL = time.Minute

func (e *expiries) get(ctx context.Context, s *Service, sum notary.Summary) (*expiryCounts, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := s.now()
	hour := now.UTC().Truncate(time.Hour)
	if e.last != nil && now.Sub(e.at).Abs() < expiryCacheTTL && e.last.weeks[0].From.Equal(hour) &&
		sameCounts(e.sum, sum) {
		return e.last, nil
	}
	c := &expiryCounts{}
	var err error
	today := hour.Truncate(24 * time.Hour)
	for i := range notary.OverviewWeeks {
		week := notary.Week{From: today.AddDate(0, 0, 7*i), Until: today.AddDate(0, 0, 7*(i+1))}
		from := week.From
		if i == 0 {
			week.From, from = hour, now // certificates that expired earlier today are not counted
		}
		if week.Count, err = s.store.Expiring(ctx, from, week.Until); err != nil {
			return nil, err
		}
		c.weeks = append(c.weeks, week)
	}
	if c.inForce, err = s.store.InForce(ctx, now); err != nil {
		return nil, err
	}
	for _, n := range c.inForce {
		c.all += n
	}
	e.sum, e.at, e.last = sum, now, c
	return c, nil
}

func sameCounts(a, b notary.Summary) bool {
	for status, n := range a.Requests {
		if b.Requests[status] != n {
			return false
		}
	}
	return a.Certificates == b.Certificates && a.Revoked == b.Revoked
}
