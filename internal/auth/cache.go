package auth

import "sync"

// cache holds what belongs to a bearer token, by its hash, if only this process can change it. Any change clears it.
type cache[T any] struct {
	mu         sync.Mutex
	generation int // number of changes
	known      map[string]*T
}

// maxCached is the maximum number of cached bearer tokens: some megabytes.
const maxCached = 10_000

// get returns a copy of what is cached, or nil, and the generation for [cache.put].
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

// put caches what was read from the database, unless there was a change since get returned the generation.
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

// update changes what is cached, if anything is.
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
