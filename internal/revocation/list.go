package revocation

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"notary"
	"notary/internal/store"
)

// crlLists are the CRLs in memory: each the newest that this node has built or loaded.
type crlLists struct {
	mu        sync.Mutex
	one       map[store.ListKey]*crlList
	inherited map[store.ListKey]int64 // the numbers of the lists that the database held at the start
}

// crlList is one CRL: the full one of an authority, or that of a shard.
type crlList struct {
	mu     sync.Mutex                 // held while it is built or loaded
	newest atomic.Pointer[notary.CRL] // nil before the first; written under mu

	// The number of the last list that may be from before a restore. It is not published again, as
	// newer ones may have been, unless no new one can be built.
	inherited atomic.Int64
	fallback  atomic.Bool // whether no new one could be built

	// Of the loop that keeps it true.
	underWay atomic.Bool // whether the loop is building it
	failure  string      // why it could not be built the last time, which has been logged; "" if it could
	awaited  int64       // how many revocations another node's list will know, which is waited for

	findings atomic.Int64 // of the linter, in the list that this node built last
	linted   string       // the lints of these findings, which have been logged; written under mu
}

// of returns a CRL to be built or loaded.
func (l *crlLists) of(key store.ListKey) *crlList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.one == nil {
		l.one = map[store.ListKey]*crlList{}
	}
	if l.one[key] == nil {
		l.one[key] = &crlList{}
		l.one[key].inherited.Store(l.inherited[key])
	}
	return l.one[key]
}

// inherit records the lists that the database holds at the start.
func (l *crlLists) inherit(states map[store.ListKey]store.ListState) {
	l.inherited = map[store.ListKey]int64{}
	for key, state := range states {
		l.inherited[key] = state.Number
	}
}

// current reports whether the list was certainly issued after any restore of the database.
func (l *crlList) current(crl *notary.CRL) bool { return crl.Number > l.inherited.Load() }

// newest returns the newest list in memory; nil if there is none.
func (l *crlLists) newest(key store.ListKey) *notary.CRL {
	l.mu.Lock()
	list := l.one[key]
	l.mu.Unlock()
	if list == nil {
		return nil
	}
	return list.newest.Load()
}

// published returns the list in memory that can be published as it is; nil if there is none.
func (l *crlLists) published(key store.ListKey) *notary.CRL {
	l.mu.Lock()
	list := l.one[key]
	l.mu.Unlock()
	if list == nil {
		return nil
	}
	if crl := list.newest.Load(); crl != nil && (list.current(crl) || list.fallback.Load()) {
		return crl
	}
	return nil
}

// forget drops the lists of a deleted authority.
func (l *crlLists) forget(authorityID int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.one, func(key store.ListKey, _ *crlList) bool { return key.AuthorityID == authorityID })
}

// authorities returns the ids of the authorities that have CRLs in memory.
func (l *crlLists) authorities() map[int64]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := map[int64]bool{}
	for key := range l.one {
		ids[key.AuthorityID] = true
	}
	return ids
}

// findings returns how many lint findings the lists of each authority have that this node built.
func (l *crlLists) findings() map[int64]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[int64]int64{}
	for key, list := range l.one {
		all[key.AuthorityID] += list.findings.Load()
	}
	return all
}

// load is loadNewer for callers that do not hold the lock.
func (s *Service) load(ctx context.Context, key store.ListKey, list *crlList) error {
	list.mu.Lock()
	defer list.mu.Unlock()
	return s.loadNewer(ctx, key, list)
}

// loadNewer loads the CRL from the database if that has a newer one. The caller holds the lock. An older one means that
// the database was restored while this node runs.
func (s *Service) loadNewer(ctx context.Context, key store.ListKey, list *crlList) error {
	newest := list.newest.Load()
	if newest != nil {
		number, err := s.store.CRLNumber(ctx, key.AuthorityID, key.Shard)
		if err == nil && number < newest.Number && list.current(newest) {
			s.log.WarnContext(ctx,
				"the database holds an older CRL than the one published: was it restored while the server runs?",
				"authority", key.AuthorityID, "shard", key.Shard, "published", newest.Number, "stored", number)
			list.inherited.Store(newest.Number)
			s.answers.revoked([]int64{key.AuthorityID})
		}
		if err != nil || number <= newest.Number {
			return err
		}
	}
	crl, err := s.store.CRL(ctx, key.AuthorityID, key.Shard)
	if err == nil && crl != nil {
		list.newest.Store(crl)
	}
	return err
}

// sortedKeys returns the keys in order.
func sortedKeys[T any](lists map[store.ListKey]T) []store.ListKey {
	return slices.SortedFunc(maps.Keys(lists), func(a, b store.ListKey) int {
		return cmp.Or(cmp.Compare(a.AuthorityID, b.AuthorityID), cmp.Compare(a.Shard, b.Shard))
	})
}
