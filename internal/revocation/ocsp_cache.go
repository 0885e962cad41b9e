package revocation

import (
	"context"
	"sync"
	"time"
)

const (
	// answerCacheSize is how many octets of OCSP responses are cached, with their keys.
	answerCacheSize = 32 << 20
	answerOverhead  = 256
	// recount is how often the revocations of other nodes are counted.
	recount = time.Second
)

// answerCache caches signed OCSP responses. One is served only while no revocation is known from after the statuses
// were read: those of this node are known at once, those of others by the count of revocations within a second.
type answerCache struct {
	mu          sync.Mutex
	generations map[int64]int64      // counts the revocations made here, by authority
	counts      map[int64]*lastCount // by authority

	// What does not fit into the younger half takes the place of the older one.
	young, old map[answerKey]keptAnswer
	size       int // of the younger half
	limit      int // of each half
}

// lastCount is how many revocations of an authority were known when they were last counted.
type lastCount struct {
	at          time.Time
	revocations int64 // -1 before the first time
}

// moment is what is known of an authority's revocations. While it is the same, nothing was
// revoked.
type moment struct{ generation, revocations int64 }

type answerKey struct {
	authority int64
	id        string // the CertID of RFC 6960, section 4.1.1, as DER
}

type keptAnswer struct {
	OCSPAnswer
	since moment // before the statuses in it were read
}

func newAnswerCache() *answerCache {
	return &answerCache{generations: map[int64]int64{}, counts: map[int64]*lastCount{}, young: map[answerKey]keptAnswer{},
		old: map[answerKey]keptAnswer{}, limit: answerCacheSize / 2}
}

// revoked tells of revocations of these authorities at this node, whatever became of them. It
// is called after the commit, and before that is acknowledged.
func (c *answerCache) revoked(authorityIDs []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range authorityIDs {
		c.generations[id]++
	}
}

// now is the authority's present moment. Whatever is read after it is not older.
func (c *answerCache) now(authorityID int64) moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.momentOf(authorityID)
}

func (c *answerCache) momentOf(authorityID int64) moment {
	if n := c.counts[authorityID]; n != nil {
		return moment{c.generations[authorityID], n.revocations}
	}
	return moment{c.generations[authorityID], -1}
}

// due says whether it is time to count the authority's revocations, and leaves that to the
// first who asks.
func (c *answerCache) due(authorityID int64, now time.Time) bool {
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

// count notes how many revocations there are. There are never fewer than before: a lower
// number was read earlier.
func (c *answerCache) count(authorityID, revocations int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.counts[authorityID]; n != nil {
		n.revocations = max(n.revocations, revocations)
	}
}

// get is the kept answer if it is still true and half of its time has not passed.
func (c *answerCache) get(key answerKey, now time.Time) (OCSPAnswer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.young[key]
	if !ok {
		if kept, ok = c.old[key]; !ok {
			return OCSPAnswer{}, false
		}
	}
	age := now.Sub(kept.ThisUpdate)
	if kept.since != c.momentOf(key.authority) || age < 0 || age >= kept.NextUpdate.Sub(kept.ThisUpdate)/2 {
		return OCSPAnswer{}, false
	}
	if _, young := c.young[key]; !young {
		c.keep(key, kept)
	}
	return kept.OCSPAnswer, true
}

// put keeps an answer whose statuses were read after that moment. One that is overtaken by a
// revocation stays, but is never given.
func (c *answerCache) put(key answerKey, answer OCSPAnswer, since moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since.revocations >= 0 && since == c.momentOf(key.authority) {
		c.keep(key, keptAnswer{answer, since})
	}
}

func (c *answerCache) keep(key answerKey, kept keptAnswer) {
	size := len(key.id) + len(kept.DER) + answerOverhead
	if c.size += size; c.size > c.limit {
		c.young, c.old, c.size = map[answerKey]keptAnswer{}, c.young, size
	}
	c.young[key] = kept
}

// moment is the authority's present moment, its revocations counted not longer than a second
// ago. While they cannot be counted, what was known last holds.
func (s *Service) moment(ctx context.Context, authorityID int64) moment {
	if s.answers.due(authorityID, s.now()) {
		n, err := s.store.RevocationCount(ctx, authorityID, 0)
		if err != nil {
			s.log.WarnContext(ctx, "the revocations could not be counted for OCSP", "authority", authorityID, "error", err)
		} else {
			s.answers.count(authorityID, n)
		}
	}
	return s.answers.now(authorityID)
}
