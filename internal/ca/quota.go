package ca

import (
	"context"
	"errors"
	"sync"
	"time"

	"notary"
	"notary/internal/store"
)

// quotas remembers the quotas of tokens that were exceeded on this node.
type quotas struct {
	mu      sync.Mutex
	refused int64               // number of certificates refused
	noted   map[quota]time.Time // start of the last period for which an event was recorded
}

type quota struct {
	tokenID int64
	period  string
}

// writeIssued is like [store.Store.WriteAs] for a transaction that issues a certificate. It also notes an exceeded
// quota.
func (s *Service) writeIssued(ctx context.Context, caller notary.Caller, fn func(*store.Tx) error) error {
	err := s.store.WriteAs(ctx, caller, fn)
	s.noteQuota(ctx, caller, err)
	return err
}

// checkQuota returns an error if the caller is a token whose quota is used up. It is called before signing, to avoid
// signing in vain.
func (s *Service) checkQuota(ctx context.Context, caller notary.Caller) error {
	err := s.store.CheckQuota(ctx, caller, s.now())
	s.noteQuota(ctx, caller, err)
	return err
}

// noteQuota counts err if it is a [store.QuotaError], and records an event for the first one in a period of the quota.
func (s *Service) noteQuota(ctx context.Context, caller notary.Caller, err error) {
	var exceeded *store.QuotaError
	if !errors.As(err, &exceeded) {
		return
	}
	one := quota{caller.Principal.ID, exceeded.Period}
	if !s.quotas.add(one, exceeded.Since) {
		return
	}
	err = s.store.WriteAs(context.WithoutCancel(ctx), caller, func(tx *store.Tx) error {
		first, err := tx.NoteQuotaExceeded(one.tokenID, exceeded)
		if err != nil || !first {
			return err
		}
		return tx.Event(notary.EventBy(caller, "token.quota_exceeded", caller.Ref()).Set(
			notary.Fields{"period": exceeded.Period, "quota": exceeded.Quota}))
	})
	if err != nil { // the next call retries
		s.quotas.forget(one)
		s.log.WarnContext(ctx, "could not record that a token exceeded its quota", "token_id", one.tokenID,
			"error", err)
	}
}

// add counts a refused certificate and reports whether it is the first of the quota's period on this node.
func (q *quotas) add(one quota, since time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refused++
	if q.noted[one].Equal(since) {
		return false
	}
	if q.noted == nil {
		q.noted = map[quota]time.Time{}
	}
	q.noted[one] = since
	return true
}

func (q *quotas) forget(one quota) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.noted, one)
}

func (q *quotas) count() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refused
}
