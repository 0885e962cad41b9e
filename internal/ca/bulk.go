package ca

import (
	"context"
	"sync"
	"sync/atomic"

	"notary"
	"notary/internal/issuance"
	"notary/internal/policy"
)

// Many selects the requests or certificates of a bulk call, by ID or with a filter.
type Many struct {
	IDs []int64 // in order of execution

	Filter *notary.Filter // instead of IDs; must not be empty

	// The matches that the caller saw: see [Selection]. At least one field is required with a filter. The call changes
	// nothing if the matches have changed since.
	Expected *int64 // the number of matches
	Digest   string

	// Stop, if not nil, stops the call when closed: the remaining items fail as Unavailable.
	Stop <-chan struct{}
}

// Outcome is the result for one item of a bulk call. Err is the error of the corresponding single call.
type Outcome struct {
	ID          int64
	Err         error
	Revocations Revocations // set if the call revokes
}

// maxIDs is the maximum number of IDs in a bulk call.
const maxIDs = 10_000

// bulkConcurrency is the number of items processed concurrently: enough to share commits, and few enough not to delay
// other calls.
const bulkConcurrency = 16

// SignMany signs each request like [Service.Sign], in its own transaction, and calls fn with the outcomes in order. If
// the caller's account, session or token ends, the remaining requests fail as Unauthenticated.
//
// SignMany returns an error if nothing was done, fn failed or ctx is done. In the latter two cases, requests without an
// outcome may have been signed.
func (s *Service) SignMany(ctx context.Context, caller notary.Caller, m Many, o SignOptions,
	fn func(Outcome) error) error {
	if err := s.attempt(ctx, caller, policy.Resource{}, policy.SignRequest); err != nil {
		return err
	}
	if err := s.checkBulkOptions(ctx, caller, o); err != nil {
		return err
	}
	return s.forEach(ctx, caller, m, s.requestSelection(policy.SignRequest), fn,
		func(ctx context.Context, id int64) error { return s.Sign(ctx, caller, id, o) })
}

func (s *Service) checkBulkOptions(ctx context.Context, caller notary.Caller, o SignOptions) error {
	if err := s.allowChoice(ctx, caller, o); err != nil {
		return err
	}
	if err := o.refuseReplacement(); err != nil {
		return err
	}
	if o.Profile != "" {
		profile, err := s.issuers.Profile(ctx, o.Profile)
		if err != nil {
			return err
		}
		if err := o.checkMany(profile); err != nil {
			return err
		}
		if err := issuance.CheckEnd(profile, s.issuers.Terms(o.NotAfter)); err != nil {
			return err
		}
	}
	if !o.NotAfter.IsZero() && !o.NotAfter.After(s.now()) {
		return notary.FieldErrorf("not_valid_after", "the expiry must be in the future")
	}
	if o.AuthorityID == 0 {
		return nil
	}
	_, err := s.issuers.Active(ctx, o.AuthorityID)
	return err
}

// RejectMany rejects each request like [Service.Reject]; see [Service.SignMany].
func (s *Service) RejectMany(ctx context.Context, caller notary.Caller, m Many, reason string,
	fn func(Outcome) error) error {
	if err := s.attempt(ctx, caller, policy.Resource{}, policy.RejectRequest); err != nil {
		return err
	}
	if _, err := checkText("reason", reason, maxRejection); err != nil {
		return err
	}
	return s.forEach(ctx, caller, m, s.requestSelection(policy.RejectRequest), fn,
		func(ctx context.Context, id int64) error { return s.Reject(ctx, caller, id, reason) })
}

// RevokeMany revokes each request like [Service.RevokeRequest]; see [Service.SignMany].
func (s *Service) RevokeMany(ctx context.Context, caller notary.Caller, m Many, o RevokeOptions,
	fn func(Outcome) error) error {
	return s.revokeMany(ctx, caller, m, s.requestSelection(policy.RevokeRequest), fn,
		func(ctx context.Context, id int64) (Revocations, error) {
			return s.RevokeRequest(ctx, caller, id, o)
		})
}

// DeleteMany deletes each request like [Service.Delete]; see [Service.SignMany].
func (s *Service) DeleteMany(ctx context.Context, caller notary.Caller, m Many, fn func(Outcome) error) error {
	return s.forEach(ctx, caller, m, s.requestSelection(policy.DeleteRequest), fn,
		func(ctx context.Context, id int64) error {
			return s.Delete(ctx, caller, id)
		})
}

// forEach applies do to the selected objects, several at a time, and passes the outcomes to fn in order.
func (s *Service) forEach(ctx context.Context, caller notary.Caller, m Many, of selection, fn func(Outcome) error,
	do func(context.Context, int64) error) error {
	if err := s.attempt(ctx, caller, policy.Resource{}, of.actions...); err != nil {
		return err
	}
	ids, err := s.selectedIDs(ctx, caller, m, of)
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
	outcomes := make(chan chan Outcome, bulkConcurrency-1) // the reader below waits for one more
	running.Go(func() {
		defer close(outcomes)
		for _, id := range ids {
			outcome := make(chan Outcome, 1)
			select {
			case outcomes <- outcome:
			case <-ctx.Done():
				return
			}
			running.Go(func() { outcome <- Outcome{ID: id, Err: unlessStopped(ctx, m.Stop, id, do)} })
		}
	})
	for outcome := range outcomes {
		o := <-outcome
		if ctx.Err() != nil { // no one waits for it
			break
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// unlessStopped calls do unless stop is closed or ctx is done. It recovers from panics, which would otherwise end the
// server.
func unlessStopped(ctx context.Context, stop <-chan struct{}, id int64, do func(context.Context, int64) error) error {
	select {
	case <-stop:
		return notary.Errorf(notary.Unavailable, "the server is stopping: this item was not processed")
	case <-ctx.Done():
		return ctx.Err()
	default:
		return notary.Recovered("process an item of a bulk call", func() error { return do(ctx, id) })
	}
}

// untilRefused wraps do so that every call fails once the caller's account or session has ended.
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
