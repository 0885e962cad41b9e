package ca

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"

	"notary"
	"notary/internal/issuance"
)

// Many names the requests that something is done to: by their ids, or by a filter.
type Many struct {
	IDs []int64 // in the order in which it is done

	Filter   *notary.Filter // instead of IDs; never an empty one
	Expected *int64         // how many requests the filter matches; with another number nothing is done

	// Stop, where it is set, is closed when nothing more shall be begun: what is left fails
	// as unavailable.
	Stop <-chan struct{}
}

// Outcome is what became of one request of many. Err is what the call for that request
// alone would have given.
type Outcome struct {
	ID  int64
	Err error
}

// The most that one call takes on.
const maxIDs = 10_000

var maxMatches = 100_000 // a variable, so that a test can make it small

// atOnce is how many requests of one call are worked on at the same time: enough for one
// commit to serve many, and few enough to leave room for others.
const atOnce = 16

// SignMany signs each of the requests as [Service.Sign] does, in a transaction of its own,
// and calls fn for each in their order. It gives an error where nothing was done, and where
// fn gave one or ctx ended: then the requests after it may be done or not. If the caller's account
// or session ends meanwhile, what is left fails as unauthenticated, so that the outcomes tell how
// many were done.
func (s *Service) SignMany(ctx context.Context, caller notary.Caller, m Many, o SignOptions, fn func(Outcome) error) error {
	if err := caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	profile, err := s.profile(ctx, o.Profile)
	if err != nil {
		return err
	}
	if err := issuance.CheckEnd(profile, s.terms(o.NotAfter)); err != nil {
		return err
	}
	if !o.NotAfter.IsZero() && !o.NotAfter.After(s.now()) {
		return notary.FieldErrorf("not_valid_after", "not_valid_after is not in the future")
	}
	if _, err := s.issuer(ctx, o.AuthorityID); err != nil {
		return err
	}
	return s.many(ctx, caller, m, fn, func(ctx context.Context, id int64) error { return s.Sign(ctx, caller, id, o) })
}

// RejectMany rejects each of the requests for that reason as [Service.Reject] does; see [Service.SignMany].
func (s *Service) RejectMany(ctx context.Context, caller notary.Caller, m Many, reason string, fn func(Outcome) error) error {
	if err := caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	if _, err := checkRejection(reason); err != nil {
		return err
	}
	return s.many(ctx, caller, m, fn, func(ctx context.Context, id int64) error { return s.Reject(ctx, caller, id, reason) })
}

// RevokeMany revokes the certificates of the requests as [Service.RevokeRequest] does; see
// [Service.SignMany].
func (s *Service) RevokeMany(ctx context.Context, caller notary.Caller, m Many, reason notary.RevocationReason, fn func(Outcome) error) error {
	return s.many(ctx, caller, m, fn, func(ctx context.Context, id int64) error { return s.RevokeRequest(ctx, caller, id, reason) })
}

// DeleteMany deletes each of the requests as [Service.Delete] does; see [Service.SignMany].
func (s *Service) DeleteMany(ctx context.Context, caller notary.Caller, m Many, fn func(Outcome) error) error {
	return s.many(ctx, caller, m, fn, func(ctx context.Context, id int64) error { return s.Delete(ctx, caller, id) })
}

// many does one thing to each of the requests, several at once, and tells fn of them in
// their order.
func (s *Service) many(ctx context.Context, caller notary.Caller, m Many, fn func(Outcome) error, do func(context.Context, int64) error) error {
	if err := caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	ids, err := s.chosen(ctx, caller, m)
	if err != nil {
		return err
	}
	if err := s.store.Verify(ctx, caller); err != nil {
		return err
	}
	do = untilRefused(do)
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan chan Outcome, atOnce-1) // one more is waited for
	running.Go(func() {
		defer close(outcomes)
		for _, id := range ids {
			outcome := make(chan Outcome, 1)
			select {
			case outcomes <- outcome:
			case <-ctx.Done():
				return
			}
			running.Go(func() { outcome <- Outcome{id, unlessStopped(ctx, m.Stop, id, do)} })
		}
	})
	for outcome := range outcomes {
		o := <-outcome
		if ctx.Err() != nil { // nobody waits for it
			break
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// unlessStopped does it. A panic is the failure of this request alone: here, beside the call's
// own goroutine, it would end the server.
func unlessStopped(ctx context.Context, stop <-chan struct{}, id int64, do func(context.Context, int64) error) error {
	select {
	case <-stop:
		return notary.Errorf(notary.Unavailable, "the server is stopping: this request was left as it is")
	case <-ctx.Done():
		return ctx.Err()
	default:
		return notary.Recovered("decide on the request", func() error { return do(ctx, id) })
	}
}

// untilRefused returns do until that fails because the caller's account or session has ended.
// From then on everything fails alike, and nothing more is begun.
func untilRefused(do func(context.Context, int64) error) func(context.Context, int64) error {
	var refusal atomic.Pointer[error]
	return func(ctx context.Context, id int64) error {
		if err := refusal.Load(); err != nil {
			return *err
		}
		err := do(ctx, id)
		if notary.KindOf(err) == notary.Unauthenticated {
			refusal.Store(&err)
		}
		return err
	}
}

// chosen are the ids of the requests that m names.
func (s *Service) chosen(ctx context.Context, caller notary.Caller, m Many) ([]int64, error) {
	switch {
	case m.Filter != nil && m.IDs != nil:
		return nil, notary.FieldErrorf("ids", "give ids or a filter, not both")
	case m.Filter != nil:
		return s.matching(ctx, caller, m)
	case m.Expected != nil:
		return nil, notary.FieldErrorf("expected", "expected goes with a filter: leave it out, or give a filter instead of ids")
	case len(m.IDs) == 0:
		return nil, notary.FieldErrorf("ids", "no request is named: give ids with at least one id, or a filter")
	case len(m.IDs) > maxIDs:
		return nil, notary.FieldErrorf("ids", "there are %d ids, and at most %d are taken at once: send them in parts, or give a filter", len(m.IDs), maxIDs)
	}
	seen := make(map[int64]bool, len(m.IDs))
	for _, id := range m.IDs {
		if id < 1 {
			return nil, notary.FieldErrorf("ids", "%d is not an id: ids are positive integers", id)
		}
		if seen[id] {
			return nil, notary.FieldErrorf("ids", "the id %d is there twice", id)
		}
		seen[id] = true
	}
	return m.IDs, nil
}

// CountMatching is how many requests a filter matches: what [Many] expects.
func (s *Service) CountMatching(ctx context.Context, caller notary.Caller, f notary.Filter) (n int64, err error) {
	err = s.EachMatching(ctx, caller, f, func(*notary.Request) { n++ })
	return n, err
}

// EachMatching calls fn for each request that a filter of [Many] matches, in the order of the ids.
func (s *Service) EachMatching(ctx context.Context, caller notary.Caller, f notary.Filter, fn func(*notary.Request)) error {
	if err := caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	if reflect.ValueOf(f).IsZero() {
		return notary.FieldErrorf("filter", "filter is empty, which would mean every request: narrow it, such as by a status")
	}
	n := 0
	err := s.EachRequest(ctx, caller, f, func(r *notary.Request) error {
		if n++; n > maxMatches {
			return errTooMany
		}
		fn(r)
		return nil
	})
	if errors.Is(err, errTooMany) {
		err = notary.WithField(notary.Errorf(notary.Unprocessable, "the filter matches more than %d requests: narrow it", maxMatches), "filter")
	}
	return err
}

var errTooMany = errors.New("too many")

// matching are the ids of the requests that the filter matches, if they are as many as
// expected.
func (s *Service) matching(ctx context.Context, caller notary.Caller, m Many) (ids []int64, err error) {
	if m.Expected == nil && !reflect.ValueOf(*m.Filter).IsZero() {
		return nil, notary.FieldErrorf("expected", "expected is missing: say how many requests the filter matches")
	}
	err = s.EachMatching(ctx, caller, *m.Filter, func(r *notary.Request) { ids = append(ids, r.ID) })
	switch {
	case err != nil:
		return nil, err
	case int64(len(ids)) != *m.Expected:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "the number of requests that the filter matches is %d now, and not %d as expected: "+
			"nothing was done; look at them again", len(ids), *m.Expected), "expected")
	}
	return ids, nil
}
