package server

import (
	"context"
	"sync"
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
}

// claim is a request that waits for its memory.
type claim struct {
	address string
	n       int64
	granted chan struct{}
}

func newBudget(total, share int64) *budget {
	return &budget{total: total, share: share, of: map[string]int64{}}
}

// take takes n bytes for an address and waits for them until ctx ends. It reports whether it
// got them.
func (b *budget) take(ctx context.Context, address string, n int64) bool {
	c := &claim{address: address, n: n, granted: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, c)
	b.grant()
	b.mu.Unlock()
	select {
	case <-c.granted:
		return true
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.withdraw(c)
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
			fits := b.used+c.n <= b.total && b.of[c.address]+c.n <= b.share
			if fits && (next == nil || b.of[c.address] < b.of[next.address]) {
				next = c
			}
		}
		if next == nil {
			return
		}
		b.withdraw(next)
		b.used += next.n
		b.of[next.address] += next.n
		close(next.granted)
	}
}

// withdraw takes a claim from the queue. It reports false if it was granted before.
func (b *budget) withdraw(c *claim) bool {
	for i, other := range b.waiting {
		if other == c {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			return true
		}
	}
	return false
}
