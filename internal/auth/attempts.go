package auth

import (
	"math"
	"sync"
	"time"

	"notary"
)

// How many refused logins are taken without delay, and how long it then takes until one more
// is: for one account from one address, for one account from anywhere, and for one address.
// From anywhere it is many, so that a stranger does not lock the account's owner out.
const (
	accountBurst  = 20
	accountEvery  = 10 * time.Second
	anywhereBurst = 1000
	anywhereEvery = time.Second
	addressBurst  = 100
	addressEvery  = 2 * time.Second

	// maxTracked is how many accounts and addresses are remembered at most.
	maxTracked = 10_000
)

// attempts limits how often a login may be refused, by account and by address. It is
// kept in memory: a restart forgives.
type attempts struct {
	now func() time.Time

	mu        sync.Mutex
	accounts  buckets // from one address
	anywhere  buckets // accounts
	addresses buckets
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		now:       now,
		accounts:  buckets{burst: accountBurst, every: accountEvery, of: map[string]*bucket{}},
		anywhere:  buckets{burst: anywhereBurst, every: anywhereEvery, of: map[string]*bucket{}},
		addresses: buckets{burst: addressBurst, every: addressEvery, of: map[string]*bucket{}},
	}
}

// take uses up one attempt of the account and of the address. One that succeeds is given
// back by refund.
func (a *attempts) take(email, address string) (refund func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	from := notary.ClientNetwork(address)
	used := []*bucket{a.accounts.get(email+" "+from, now), a.anywhere.get(email, now), a.addresses.get(from, now)}
	if wait := max(a.accounts.wait(used[0]), a.anywhere.wait(used[1]), a.addresses.wait(used[2])); wait > 0 {
		wait = time.Duration(math.Ceil(wait.Seconds())) * time.Second
		return nil, &notary.Error{Kind: notary.RateLimited, RetryAfter: wait,
			Message: "too many logins were refused: wait " + wait.String() + " and try again"}
	}
	for _, b := range used {
		b.level++
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, b := range used {
			b.level--
		}
	}, nil
}

// buckets are leaky buckets by key: each attempt pours one in, and one leaks out every so
// often. A full bucket takes no more.
type buckets struct {
	burst int
	every time.Duration
	of    map[string]*bucket
}

type bucket struct {
	level float64
	at    time.Time // of the level
}

// get is the bucket of the key, with what has leaked out until now taken off.
func (b *buckets) get(key string, now time.Time) *bucket {
	one := b.of[key]
	if one == nil {
		if len(b.of) >= maxTracked {
			b.makeRoom(now)
		}
		one = &bucket{at: now}
		b.of[key] = one
	}
	b.leak(one, now)
	return one
}

func (b *buckets) leak(one *bucket, now time.Time) {
	one.level = max(0, one.level-now.Sub(one.at).Seconds()/b.every.Seconds())
	one.at = now
}

// wait is how long until the bucket takes one more.
func (b *buckets) wait(one *bucket) time.Duration {
	over := one.level + 1 - float64(b.burst)
	return max(0, time.Duration(over*float64(b.every)))
}

// makeRoom forgets the empty buckets, and then, under an attack, any.
func (b *buckets) makeRoom(now time.Time) {
	for key, one := range b.of {
		if b.leak(one, now); one.level == 0 {
			delete(b.of, key)
		}
	}
	for key := range b.of {
		if len(b.of) < maxTracked/2 {
			return
		}
		delete(b.of, key)
	}
}
