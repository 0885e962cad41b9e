package auth

import (
	"math"
	"sync"
	"time"

	"notary"
)

// Limits on failed logins: how many are allowed without delay, and the interval for each additional one. Networks and
// browsers from which the account has logged in before have only the first limit, with a separate count, so that wrong
// passwords elsewhere never lock the owner out.
const (
	// Per account and network.
	accountBurst = 20
	accountEvery = 10 * time.Second

	// Per account. This limit is high, so that strangers cannot easily lock out the owner.
	anywhereBurst = 1000
	anywhereEvery = time.Second

	// Per network.
	networkBurst = 100
	networkEvery = 2 * time.Second
)

// attempts limits guesses at secrets, by target and origin. The counts are in memory, so each node has its own.
type attempts struct {
	now func() time.Time

	mu       sync.Mutex
	accounts *sketch // per account and network
	known    *sketch // per account and known network or browser
	anywhere *sketch // per account
	networks *sketch
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		now:      now,
		accounts: newSketch(accountBurst, accountEvery),
		known:    newSketch(accountBurst, accountEvery),
		anywhere: newSketch(anywhereBurst, anywhereEvery),
		networks: newSketch(networkBurst, networkEvery),
	}
}

type origin struct {
	secret  string // the account's email address, or [setupCodeAttempts]
	address string
	device  string // the browser, if the account has logged in with it before
	known   bool   // whether the account has logged in with the browser or from the network before
}

func (o origin) network() string { return notary.ClientNetwork(o.address) }

func (a *attempts) counters(o origin, now time.Time) []counter {
	network := o.network()
	pair := o.secret + " " + network
	switch {
	case o.device != "":
		return []counter{a.known.counter(o.secret+" "+o.device, now)}
	case o.known:
		return []counter{a.known.counter(pair, now)}
	}
	return []counter{a.accounts.counter(pair, now), a.anywhere.counter(o.secret, now), a.networks.counter(network, now)}
}

// take records an attempt, or returns a [notary.RateLimited] error after too many. Call it before checking the secret,
// and call refund if the secret is correct.
func (a *attempts) take(secret, address string) (refund func(), err error) {
	return a.takeFrom(origin{secret: secret, address: address})
}

func (a *attempts) takeFrom(o origin) (refund func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	counters := a.counters(o, a.now())
	if err := limited(counters); err != nil {
		return nil, err
	}
	for _, c := range counters {
		c.add(1)
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, c := range counters {
			c.add(-1)
		}
	}, nil
}

func (a *attempts) check(o origin) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return limited(a.counters(o, a.now()))
}

func limited(counters []counter) error {
	var wait time.Duration
	for _, c := range counters {
		wait = max(wait, c.wait())
	}
	if wait == 0 {
		return nil
	}
	wait = time.Duration(math.Ceil(wait.Seconds())) * time.Second
	return &notary.Error{Kind: notary.RateLimited, RetryAfter: wait,
		Message: "too many failed attempts: try again in " + wait.String()}
}
