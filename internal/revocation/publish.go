package revocation

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"notary"
	"notary/internal/issuers"
	"notary/internal/store"
)

// PublishedCRL returns the authority's published full CRL (shard 0) or partitioned CRL from memory, where
// [Service.KeepCRLs] keeps it current. Only the first call may wait for it to be built. It needs no caller.
func (s *Service) PublishedCRL(ctx context.Context, authorityID int64, shard int) (*notary.CRL, error) {
	if _, err := s.issuers.Certified(ctx, authorityID); err != nil {
		return nil, err
	}
	key := store.ListKey{AuthorityID: authorityID, Shard: shard}
	if crl := s.lists.published(key); crl != nil {
		return crl, nil
	}
	return s.firstCRL(ctx, key)
}

// firstCRL returns a list that is not in memory yet: the one that another node has built since this
// one started, or a new one. An authority that has expired keeps its last one.
func (s *Service) firstCRL(ctx context.Context, key store.ListKey) (*notary.CRL, error) {
	if _, err := s.listURLs(ctx, key); err != nil {
		return nil, err
	}
	list := s.lists.of(key)
	if err := s.load(ctx, key, list); err != nil {
		return nil, err
	}
	crl := list.newest.Load()
	if crl != nil && s.expired(ctx, key.AuthorityID) {
		list.fallback.Store(true)
		return crl, nil
	}
	if crl != nil && list.current(crl) && fresh(crl, s.now(), CRLValidity) {
		return crl, nil
	}
	return s.crl(ctx, key, CRLValidity)
}

func (s *Service) expired(ctx context.Context, authorityID int64) bool {
	a, err := s.issuers.Get(ctx, authorityID)
	return err == nil && a.Expired(s.now())
}

// KeepCRLs keeps the published lists current until ctx ends: a revocation, made here or on another
// node, is on them after the delay, which may change. Every node that publishes runs it. What is in the
// database is compared by counts and numbers; a list is only built where something was
// revoked, or a certificate names a new URL for it. [Service.RefreshCRLs] cares for their age.
// What fails, be it by a panic, is logged and tried again in the next round.
func (s *Service) KeepCRLs(ctx context.Context, delay func() time.Duration) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, max(2, runtime.GOMAXPROCS(0))) // a long list shall not keep the short ones waiting
	wait := time.Duration(rand.Int64N(int64(delay() / 4)))     // at first, so that the nodes do not all look at once
	for {
		every, age := delay()/4, delay()*3/10 // a list is made in every other round; the others load it in the next
		var due []store.ListKey
		err := notary.Recovered("look for what was revoked", func() (err error) {
			due, err = s.dueCRLs(ctx, age)
			return err
		})
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "could not look for what was revoked", "error", err)
		}
		for _, key := range due {
			list := s.lists.of(key)
			if !list.underWay.CompareAndSwap(false, true) {
				continue
			}
			running.Go(func() {
				defer list.underWay.Store(false)
				free <- struct{}{}
				defer func() { <-free }()
				s.keepCRL(ctx, key)
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = every
		}
	}
}

// keepCRL rebuilds one CRL if it is outdated, or loads a newer one from the database.
func (s *Service) keepCRL(ctx context.Context, key store.ListKey) {
	err := notary.Recovered("make the list", func() error {
		if s.expired(ctx, key.AuthorityID) {
			return s.load(ctx, key, s.lists.of(key))
		}
		_, err := s.crl(ctx, key, CRLValidity)
		return err
	})
	list := s.lists.of(key)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		s.lists.forget(key.AuthorityID)
	case err == nil:
		list.failure = ""
	case ctx.Err() == nil && list.failure != err.Error() && !errors.Is(err, issuers.ErrDamaged):
		list.failure = err.Error()
		s.log.ErrorContext(ctx, "could not rebuild the published CRL; it is retried, and logged again "+
			"when the reason changes",
			"authority", key.AuthorityID, "shard", key.Shard, "error", err)
	}
}

// dueCRLs returns the CRLs that are outdated and at least that old. It drops those of deleted authorities.
func (s *Service) dueCRLs(ctx context.Context, age time.Duration) (due []store.ListKey, err error) {
	counts, err := s.store.RevocationCounts(ctx) // before the lists: what is counted later comes the next time
	if err != nil {
		return nil, err
	}
	states, err := s.store.ListStates(ctx)
	if err != nil {
		return nil, err
	}
	for id := range s.lists.authorities() {
		if _, err := s.issuers.Get(ctx, id); notary.KindOf(err) == notary.NotFound {
			s.lists.forget(id)
		}
	}
	urls := map[int64]map[int][]string{} // by authority and shard
	for _, key := range sortedKeys(states) {
		if _, read := urls[key.AuthorityID]; !read && key.Shard > 0 {
			if urls[key.AuthorityID], err = s.store.ShardURLs(ctx, key.AuthorityID); err != nil {
				return due, err
			}
		}
		if s.due(key, states[key], age, counts[key], urls[key.AuthorityID][key.Shard]) {
			due = append(due, key)
		}
	}
	return due, nil
}

// due reports whether a CRL lacks revocations or distribution points, or is older than that in the database.
// Revocations wait until the last CRL has reached the age, so that not each of many costs a CRL. If another node is
// building it, due waits for that once: the node may be gone.
func (s *Service) due(key store.ListKey, state store.ListState, age time.Duration, count int64, urls []string) bool {
	newest := s.lists.newest(key)
	now := s.now()
	old := now.Sub(state.ThisUpdate)
	switch {
	case newest != nil && newest.Number != state.Number: // to be loaded, or the database was put back
		return true
	case state.Number == 0:
		return false // the first to ask builds it, or is doing so
	case old >= 0 && old < age || state.ThisUpdate.Equal(now.Truncate(time.Second)):
		return false // of two lists of one second, caches could not see by their times which is newer
	case state.Revocations >= count:
		return newest != nil && !names(newest, urls)
	case s.expired(context.Background(), key.AuthorityID):
		return false
	}
	list := s.lists.of(key)
	if state.Known >= count && list.awaited != state.Known {
		list.awaited = state.Known
		return false
	}
	return true
}
