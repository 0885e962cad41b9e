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

// PublishedCRL returns the authority's full CRL (shard 0) or partitioned CRL from memory, where [Service.KeepCRLs]
// keeps it current. Only the first call must load or build the CRL.
func (s *Service) PublishedCRL(ctx context.Context, authorityID int64, shard int) (*notary.CRL, error) {
	a, err := s.issuers.Certified(ctx, authorityID)
	if err != nil {
		return nil, err
	}
	key := store.ListKey{AuthorityID: authorityID, Shard: shard}
	if a.Offline && shard > 0 { // a partition from before the key went offline: the full CRL covers it
		if _, err := s.listURLs(ctx, key); err != nil {
			return nil, err
		}
		key.Shard = 0
	}
	if crl := s.lists.published(key); crl != nil {
		return crl, nil
	}
	return s.firstCRL(ctx, key)
}

// firstCRL returns a CRL that is not in memory yet: from the database or, if necessary, a new one. An expired or
// offline authority keeps its last CRL.
func (s *Service) firstCRL(ctx context.Context, key store.ListKey) (*notary.CRL, error) {
	if _, err := s.listURLs(ctx, key); err != nil {
		return nil, err
	}
	list := s.lists.of(key)
	if err := s.load(ctx, key, list); err != nil {
		return nil, err
	}
	crl := list.newest.Load()
	if crl != nil && s.fixed(ctx, key.AuthorityID) {
		list.fallback.Store(true)
		return crl, nil
	}
	if crl != nil && list.current(crl) && fresh(crl, s.now(), CRLValidity) {
		return crl, nil
	}
	return s.crl(ctx, key, CRLValidity)
}

func (s *Service) fixed(ctx context.Context, authorityID int64) bool {
	a, err := s.issuers.Get(ctx, authorityID)
	return err == nil && (a.Offline || a.Expired(s.now()))
}

// KeepCRLs keeps the published CRLs current until ctx is done: they list a revocation by any node within the delay.
// Every publishing node runs it. It builds a CRL only after a revocation, or if a certificate names a new URL for the
// CRL; [Service.RefreshCRLs] renews old CRLs. It logs failures and panics, and tries again in the next round.
func (s *Service) KeepCRLs(ctx context.Context, delay func() time.Duration) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, max(2, runtime.GOMAXPROCS(0))) // so that a long CRL does not delay short ones
	wait := time.Duration(rand.Int64N(int64(delay() / 4)))     // spreads the nodes' first rounds
	for {
		every, age := delay()/4, delay()*3/10 // one round builds a CRL, the next loads it on other nodes
		var due []store.ListKey
		err := notary.Recovered("check for new revocations", func() (err error) {
			due, err = s.dueCRLs(ctx, age)
			return err
		})
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "could not check for new revocations", "error", err)
		}
		for _, key := range due {
			list := s.lists.of(key)
			if !list.building.CompareAndSwap(false, true) {
				continue
			}
			running.Go(func() {
				defer list.building.Store(false)
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

// keepCRL rebuilds a CRL if it is outdated, or loads a newer one from the database.
func (s *Service) keepCRL(ctx context.Context, key store.ListKey) {
	err := notary.Recovered("build the CRL", func() error {
		if s.fixed(ctx, key.AuthorityID) {
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

// dueCRLs returns the CRLs that are due to be rebuilt or loaded. It drops the CRLs of deleted authorities from memory.
func (s *Service) dueCRLs(ctx context.Context, age time.Duration) (due []store.ListKey, err error) {
	counts, err := s.store.RevocationCounts(ctx) // read before the CRLs: the next round finds later revocations
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

// due reports whether a CRL must be rebuilt, because it lacks revocations or distribution points, or loaded, because
// the database holds another one. Rebuilding waits until the last CRL has reached age, so that revocations share a new
// CRL. If another node is building the CRL, due waits for one round and no longer, because that node may fail.
func (s *Service) due(key store.ListKey, state store.ListState, age time.Duration, count int64, urls []string) bool {
	newest := s.lists.newest(key)
	now := s.now()
	old := now.Sub(state.ThisUpdate)
	switch {
	case newest != nil && newest.Number != state.Number: // load the newer CRL, unless the database was restored
		return true
	case state.Number == 0:
		return false // the first request builds it
	case old >= 0 && old < age || state.ThisUpdate.Equal(now.Truncate(time.Second)):
		return false // caches could not order two CRLs of the same second
	case state.Revocations >= count:
		return newest != nil && !names(newest, urls)
	case s.fixed(context.Background(), key.AuthorityID):
		return false
	}
	list := s.lists.of(key)
	if state.Known >= count && list.awaited != state.Known {
		list.awaited = state.Known
		return false
	}
	return true
}
