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
	refused int64               // certificates
	noted   map[int64]time.Time // the beginning of the period for which an event was recorded, by token
}

// writeIssued is [store.Store.WriteAs] for a transaction that issues a certificate.
func (s *Service) writeIssued(ctx context.Context, caller notary.Caller, fn func(*store.Tx) error) error {
	err := s.store.WriteAs(ctx, caller, fn)
	s.noteQuota(ctx, caller, err)
	return err
}

// checkQuota returns an error if the caller is a token whose quota is used up, so that nothing is signed in vain.
func (s *Service) checkQuota(ctx context.Context, caller notary.Caller) error {
	err := s.store.CheckQuota(ctx, caller, s.now())
	s.noteQuota(ctx, caller, err)
	return err
}

// noteQuota counts an exceeded quota, and records an event the first time within the period of the quota.
func (s *Service) noteQuota(ctx context.Context, caller notary.Caller, err error) {
	var quota *store.QuotaError
	if !errors.As(err, &quota) || !s.quotas.add(caller.Principal.ID, quota.Since) {
		return
	}
	err = s.store.WriteAs(context.WithoutCancel(ctx), caller, func(tx *store.Tx) error {
		first, err := tx.NoteQuotaExceeded(caller.Principal.ID, quota.Since)
		if err != nil || !first {
			return err
		}
		return tx.Event(notary.EventBy(caller, "token.quota_exceeded", caller.Ref()).Set(
			notary.Fields{"period": quota.Period, "quota": quota.Quota}))
	})
	if err != nil { // the next call retries
		s.quotas.forget(caller.Principal.ID)
		s.log.WarnContext(ctx, "could not record that a token exceeded its quota", "token_id", caller.Principal.ID,
			"error", err)
	}
}

// add reports whether it is the first time within the period on this node.
func (q *quotas) add(tokenID int64, since time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refused++
	if q.noted[tokenID].Equal(since) {
		return false
	}
	if q.noted == nil {
		q.noted = map[int64]time.Time{}
	}
	q.noted[tokenID] = since
	return true
}

func (q *quotas) forget(tokenID int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.noted, tokenID)
}

func (q *quotas) count() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refused
}
