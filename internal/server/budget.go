package server

import (
	"context"
	"slices"
	"sync"
	"time"
)

// How many requests may wait for memory, of one address and in all. Each takes memory itself:
// over HTTP/2 a single connection has a hundred of them.
const (
	maxClaims        = 512
	maxClaimsAddress = maxClaims / 8
)

// budget is an amount of memory that requests share. Those that do not fit wait, and the one
// whose address holds the least is served first.
type budget struct {
	total int64
	share int64 // of one address

	mu      sync.Mutex
	used    int64
	of      map[string]int64 // by address
	waiting []*claim         // the earliest first
	claims  map[string]int   // waiting ones, by address
}

// claim is a request that waits for its memory.
type claim struct {
	address string
	n       int64
	granted chan struct{}
	refused chan struct{} // closed if the claim had to make room for another one
}

func newBudget(total, share int64) *budget {
	return &budget{total: total, share: share, of: map[string]int64{}, claims: map[string]int{}}
}

// take takes n bytes for an address and waits for them, at most for wait and until ctx ends, unless
// too many wait already. It reports whether it got them.
func (b *budget) take(ctx context.Context, address string, n int64, wait time.Duration) bool {
	if b.takeNow(address, n) {
		return true
	}
	c := &claim{address: address, n: n, granted: make(chan struct{}), refused: make(chan struct{})}
	b.enter(c)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	select {
	case <-c.granted:
		return true
	case <-c.refused:
		return false
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.withdraw(c)
}

// takeNow takes n bytes if nobody waits and they are free.
func (b *budget) takeNow(address string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || !b.fits(address, n) {
		return false
	}
	b.add(address, n)
	return true
}

func (b *budget) add(address string, n int64) {
	b.used += n
	b.of[address] += n
}

// enter grants a claim or has it wait, and refuses one if too many wait.
func (b *budget) enter(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, c)
	b.claims[c.address]++
	b.grant()
	if b.claims[c.address] > maxClaimsAddress {
		b.refuse(c)
	} else if len(b.waiting) > maxClaims {
		b.refuse(b.excessive())
	}
}

// excessive returns the newest claim of the address with the most.
func (b *budget) excessive() (newest *claim) {
	for _, c := range b.waiting {
		if newest == nil || b.claims[c.address] >= b.claims[newest.address] {
			newest = c
		}
	}
	return newest
}

func (b *budget) refuse(c *claim) {
	if b.withdraw(c) {
		close(c.refused)
	}
}

// give returns n bytes of an address.
func (b *budget) give(address string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.of[address] -= n; b.of[address] == 0 {
		delete(b.of, address)
	}
	b.grant()
}

// grant serves as many claims as there is memory for.
func (b *budget) grant() {
	for {
		var next *claim
		for _, c := range b.waiting {
			if b.fits(c.address, c.n) && (next == nil || b.of[c.address] < b.of[next.address]) {
				next = c
			}
		}
		if next == nil {
			return
		}
		b.withdraw(next)
		b.add(next.address, next.n)
		close(next.granted)
	}
}

// fits reports whether an address can have n more bytes now. The last quarter is for addresses
// that hold nothing, so that a few addresses cannot take all.
func (b *budget) fits(address string, n int64) bool {
	own, used := b.of[address]+n, b.used+n
	return own <= b.share && used <= b.total && (own == n || used <= b.total*3/4)
}

// withdraw takes a claim from the queue. It reports false if it was granted before.
func (b *budget) withdraw(c *claim) bool {
	for i, other := range b.waiting {
		if other == c {
			b.waiting = slices.Delete(b.waiting, i, i+1)
			if b.claims[c.address]--; b.claims[c.address] == 0 {
				delete(b.claims, c.address)
			}
			return true
		}
	}
	return false
}
