package auth

import "sync"

// cache holds the data of bearer tokens by token hash. It is used only if no other process can change the database,
// and [Service.clearCaches] empties it.
type cache[T any] struct {
	mu         sync.Mutex
	generation int // incremented by clear
	known      map[string]*T
}

// maxCached is the maximum number of cached bearer tokens. They take a few megabytes.
const maxCached = 10_000

// get returns a copy of the entry, or nil if there is none, and the generation to pass to [cache.put].
func (c *cache[T]) get(tokenHash []byte) (*T, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.known[string(tokenHash)]
	if !ok {
		return nil, c.generation
	}
	one := *known
	return &one, c.generation
}

// put adds an entry that was read from the database, unless the cache was cleared after get returned generation.
func (c *cache[T]) put(tokenHash []byte, known T, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != generation {
		return
	}
	if c.known == nil || len(c.known) >= maxCached {
		c.known = map[string]*T{}
	}
	c.known[string(tokenHash)] = &known
}

// update applies change to the entry, if it exists.
func (c *cache[T]) update(tokenHash []byte, change func(*T)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.known[string(tokenHash)]; ok {
		change(known)
	}
}

func (c *cache[T]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.known)
}
