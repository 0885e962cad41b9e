package server

import "sync"

// How many requests are handled at once. A quarter of the slots, of all and of each network,
// is reserved for clients with a session or token.
const (
	maxInFlight        = 1024
	maxInFlightAddress = maxInFlight / 4
)

// unreserved returns how many of n slots clients without a session or token may take.
func unreserved(n int) int { return n * 3 / 4 }

// fairSlots is how many times as many slots as a network has must be free for it to get one more:
// a network alone gets a quarter of all.
const fairSlots = 2

// fair reports whether a network that has some of the places may have one more. The fewer are
// free, the fewer each network may have, and the last quarter is for networks with one or none, so
// that a few networks cannot take all.
func fair(own, places, taken, times int) bool {
	return taken < places && (own < 2 || own*times < unreserved(places)-taken)
}

// inFlight counts the requests that are being handled.
type inFlight struct {
	mu         sync.Mutex
	maxUnknown int // at most unreserved(maxInFlight)
	all        slots
	of         map[string]slots // by network
}

// slots are those that are taken.
type slots struct{ total, unknown int }

func newInFlight(unknownConnections int) *inFlight {
	// Some connections always wait for their client: there is one to close for a newcomer.
	return &inFlight{maxUnknown: min(unreserved(maxInFlight), unreserved(unknownConnections)), of: map[string]slots{}}
}

// enter takes a slot. It reports false if none is free.
func (f *inFlight) enter(network string, known bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := f.of[network]
	if f.all.total >= maxInFlight || from.total >= maxInFlightAddress {
		return false
	}
	if !known && (from.unknown >= unreserved(maxInFlightAddress) || !fair(from.unknown, f.maxUnknown, f.all.unknown, fairSlots)) {
		return false
	}
	f.add(network, known, 1)
	return true
}

// leave returns a slot that enter took.
func (f *inFlight) leave(network string, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(network, known, -1)
}

func (f *inFlight) add(network string, known bool, n int) {
	from := f.of[network]
	from.total, f.all.total = from.total+n, f.all.total+n
	if !known {
		from.unknown, f.all.unknown = from.unknown+n, f.all.unknown+n
	}
	if f.of[network] = from; from.total == 0 {
		delete(f.of, network)
	}
}
