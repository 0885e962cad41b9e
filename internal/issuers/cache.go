package issuers

import (
	"context"
	"crypto"
	"sync"
	"time"

	"notary"
)

// cache keeps opened authorities in memory. A change to any authority drops all of them, but not their keys, which
// never change.
type cache struct {
	open func(ctx context.Context, id int64, key crypto.Signer) (*Issuer, error)
	now  func() time.Time

	mu         sync.Mutex
	generation int // number of changes
	opened     map[int64]*Issuer
	keys       map[int64]crypto.Signer
}

func newCache(open func(context.Context, int64, crypto.Signer) (*Issuer, error), now func() time.Time) *cache {
	return &cache{open: open, now: now, opened: map[int64]*Issuer{}, keys: map[int64]crypto.Signer{}}
}

// get returns the authority, from the cache if possible. Callers must not modify it.
func (c *cache) get(ctx context.Context, id int64) (*Issuer, error) {
	c.mu.Lock()
	a, key, generation := c.opened[id], c.keys[id], c.generation
	c.mu.Unlock()
	if a != nil && (a.until.IsZero() || !c.now().After(a.until)) {
		return a, nil
	}
	a, err := c.open(ctx, id, key)
	if notary.KindOf(err) == notary.NotFound {
		c.forget(id) // deleted
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation { // otherwise it may predate the change
		c.opened[id], c.keys[id] = a, a.Signer
	}
	return a, nil
}

func (c *cache) nameOf(id int64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.opened[id]; a != nil {
		return a.CommonName
	}
	return ""
}

func (c *cache) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.opened)
}

func (c *cache) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	delete(c.opened, id)
	delete(c.keys, id)
}
