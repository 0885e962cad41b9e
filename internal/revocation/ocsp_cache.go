package revocation

import (
	"context"
	"sync"
	"time"
)

const (
	answerCacheSize = 32 << 20
	answerOverhead  = 256
	recount         = time.Second
)

// responseCache caches signed OCSP responses. A response is served until this node learns of another revocation of a
// certificate issued by the authority: immediately if this node has revoked it, and otherwise within a second, by
// counting the revocations in the database.
type responseCache struct {
	mu          sync.Mutex
	generations map[int64]int64      // revocations by this node, by authority
	counts      map[int64]*lastCount // by authority

	// When young is full, it replaces old, and a new map replaces young.
	young, old map[answerKey]cachedAnswer
	size       int // size of young in octets, estimated
	limit      int // maximum size of each map
}

type lastCount struct {
	at          time.Time
	revocations int64 // -1 before the first count
}

// moment identifies the revocations of an authority that this node knew at a point in time.
type moment struct{ generation, revocations int64 }

type answerKey struct {
	authority int64
	id        string // CertID in DER (RFC 6960, section 4.1.1)
}

type cachedAnswer struct {
	OCSPResponse
	since moment // taken before the statuses were read
}

func newAnswerCache() *responseCache {
	return &responseCache{generations: map[int64]int64{}, counts: map[int64]*lastCount{},
		young: map[answerKey]cachedAnswer{},
		old:   map[answerKey]cachedAnswer{}, limit: answerCacheSize / 2}
}

// revoked records that this node has committed or attempted revocations of certificates issued by the given
// authorities. Call it after the commit and before acknowledging the change.
func (c *responseCache) revoked(authorityIDs []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range authorityIDs {
		c.generations[id]++
	}
}

// now returns the authority's current moment. Data read afterwards is at least as recent.
func (c *responseCache) now(authorityID int64) moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.momentOf(authorityID)
}

func (c *responseCache) momentOf(authorityID int64) moment {
	if n := c.counts[authorityID]; n != nil {
		return moment{c.generations[authorityID], n.revocations}
	}
	return moment{c.generations[authorityID], -1}
}

// due reports whether to count the authority's revocations. Only the first call in each interval returns true.
func (c *responseCache) due(authorityID int64, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.counts[authorityID]
	if n == nil {
		n = &lastCount{revocations: -1}
		c.counts[authorityID] = n
	} else if now.Sub(n.at).Abs() < recount {
		return false
	}
	n.at = now
	return true
}

// count records a count of revocations. Counts never decrease, so a lower count was read earlier and is ignored.
func (c *responseCache) count(authorityID, revocations int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.counts[authorityID]; n != nil {
		n.revocations = max(n.revocations, revocations)
	}
}

// get returns the cached response if it is current and less than half of its validity has passed.
func (c *responseCache) get(key answerKey, now time.Time) (OCSPResponse, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.young[key]
	if !ok {
		if kept, ok = c.old[key]; !ok {
			return OCSPResponse{}, false
		}
	}
	age := now.Sub(kept.ThisUpdate)
	if kept.since != c.momentOf(key.authority) || age < 0 || age >= kept.NextUpdate.Sub(kept.ThisUpdate)/2 {
		return OCSPResponse{}, false
	}
	if _, young := c.young[key]; !young {
		c.keep(key, kept)
	}
	return kept.OCSPResponse, true
}

// put caches a response whose statuses were read after since, unless the response is already outdated.
func (c *responseCache) put(key answerKey, answer OCSPResponse, since moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since.revocations >= 0 && since == c.momentOf(key.authority) {
		c.keep(key, cachedAnswer{answer, since})
	}
}

func (c *responseCache) keep(key answerKey, kept cachedAnswer) {
	size := len(key.id) + len(kept.DER) + answerOverhead
	if c.size += size; c.size > c.limit {
		c.young, c.old, c.size = map[answerKey]cachedAnswer{}, c.young, size
	}
	c.young[key] = kept
}

// moment returns the authority's current moment, from a count of revocations at most a second old. If counting fails,
// the last count applies.
func (s *Service) moment(ctx context.Context, authorityID int64) moment {
	if s.answers.due(authorityID, s.now()) {
		n, err := s.store.RevocationCount(ctx, authorityID, 0)
		if err != nil {
			s.log.WarnContext(ctx, "could not count revocations for OCSP", "authority", authorityID, "error", err)
		} else {
			s.answers.count(authorityID, n)
		}
	}
	return s.answers.now(authorityID)
}
