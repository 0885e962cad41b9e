package server

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Limits on the number of requests that wait for memory, per address and in total. A single HTTP/2 connection can have
// maxStreams of them.
const (
	maxClaims        = 512
	maxClaimsAddress = maxClaims / 8
)

// budget is an amount of memory shared by requests. Of the waiting requests that fit, the one whose address holds the
// least memory is served first.
type budget struct {
	total int64
	share int64 // maximum per address

	mu      sync.Mutex
	used    int64
	of      map[string]int64 // memory in use, by address
	waiting []*claim         // oldest first
	claims  map[string]int   // waiting claims, by address
}

type claim struct {
	address string
	n       int64
	granted chan struct{}
	refused chan struct{} // closed when the claim is refused
}

func newBudget(total, share int64) *budget {
	return &budget{total: total, share: share, of: map[string]int64{}, claims: map[string]int{}}
}

// take takes n bytes for an address and reports whether they became available within the given time. It fails early if
// too many requests are waiting.
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

func (b *budget) give(address string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.of[address] -= n; b.of[address] == 0 {
		delete(b.of, address)
	}
	b.grant()
}

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

// fits reports whether an address can have n more bytes now. The last quarter of the budget is reserved for addresses
// that hold nothing.
func (b *budget) fits(address string, n int64) bool {
	own, used := b.of[address]+n, b.used+n
	return own <= b.share && used <= b.total && (own == n || used <= b.total*3/4)
}

// withdraw removes a claim from the queue. It returns false if the claim was already granted or refused.
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
