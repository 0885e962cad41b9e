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

// crlLists holds the newest CRLs that this node has built or loaded.
type crlLists struct {
	mu        sync.Mutex
	byKey     map[store.ListKey]*crlList
	inherited map[store.ListKey]int64 // numbers of the CRLs in the database at startup
}

// crlList holds the newest version of a full or partitioned CRL.
type crlList struct {
	mu     sync.Mutex                 // held while building or loading
	newest atomic.Pointer[notary.CRL] // nil at first; written under mu

	// inherited is the number of the last CRL that may predate a restore of the database. Newer CRLs may have been
	// published, so a CRL up to this number is served only if no new one can be built.
	inherited atomic.Int64
	fallback  atomic.Bool // whether no new CRL can be built, so that an inherited one is served

	// For [Service.KeepCRLs].
	building atomic.Bool // whether the CRL is being built
	failure  string      // last failure, already logged; "" after success
	awaited  int64       // number of revocations in the CRL that another node is building

	findings atomic.Int64 // lint findings in the last CRL built by this node
	linted   string       // names of the lints that have been logged; written under mu
}

func (l *crlLists) of(key store.ListKey) *crlList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey == nil {
		l.byKey = map[store.ListKey]*crlList{}
	}
	if l.byKey[key] == nil {
		l.byKey[key] = &crlList{}
		l.byKey[key].inherited.Store(l.inherited[key])
	}
	return l.byKey[key]
}

func (l *crlLists) inherit(states map[store.ListKey]store.ListState) {
	l.inherited = map[store.ListKey]int64{}
	for key, state := range states {
		l.inherited[key] = state.Number
	}
}

// current reports whether the CRL was certainly issued after the last restore of the database, if any.
func (l *crlList) current(crl *notary.CRL) bool { return crl.Number > l.inherited.Load() }

func (l *crlLists) newest(key store.ListKey) *notary.CRL {
	l.mu.Lock()
	list := l.byKey[key]
	l.mu.Unlock()
	if list == nil {
		return nil
	}
	return list.newest.Load()
}

// published returns the CRL in memory if it can be published, or nil.
func (l *crlLists) published(key store.ListKey) *notary.CRL {
	l.mu.Lock()
	list := l.byKey[key]
	l.mu.Unlock()
	if list == nil {
		return nil
	}
	if crl := list.newest.Load(); crl != nil && (list.current(crl) || list.fallback.Load()) {
		return crl
	}
	return nil
}

func (l *crlLists) forget(authorityID int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.byKey, func(key store.ListKey, _ *crlList) bool { return key.AuthorityID == authorityID })
}

func (l *crlLists) authorities() map[int64]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := map[int64]bool{}
	for key := range l.byKey {
		ids[key.AuthorityID] = true
	}
	return ids
}

func (l *crlLists) findings() map[int64]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[int64]int64{}
	for key, list := range l.byKey {
		all[key.AuthorityID] += list.findings.Load()
	}
	return all
}

// load is like loadNewer, but for callers that do not hold list.mu.
func (s *Service) load(ctx context.Context, key store.ListKey, list *crlList) error {
	list.mu.Lock()
	defer list.mu.Unlock()
	return s.loadNewer(ctx, key, list)
}

// loadNewer loads the CRL from the database if it is newer than the CRL in memory. If the database holds an older CRL,
// it was restored in the meantime, and the CRL in memory becomes an inherited one. The caller must hold list.mu.
func (s *Service) loadNewer(ctx context.Context, key store.ListKey, list *crlList) error {
	newest := list.newest.Load()
	if newest != nil {
		number, err := s.store.CRLNumber(ctx, key.AuthorityID, key.Shard)
		if err == nil && number < newest.Number && list.current(newest) {
			s.log.WarnContext(ctx,
				"the database holds an older CRL than the one published: was it restored while the server was running?",
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

func sortedKeys[T any](lists map[store.ListKey]T) []store.ListKey {
	return slices.SortedFunc(maps.Keys(lists), func(a, b store.ListKey) int {
		return cmp.Or(cmp.Compare(a.AuthorityID, b.AuthorityID), cmp.Compare(a.Shard, b.Shard))
	})
}
