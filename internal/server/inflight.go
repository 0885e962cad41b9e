package server

import "sync"

// Limits on concurrent requests. A quarter of the slots, in total and per network, is reserved for clients with a
// session or token.
const (
	maxInFlight        = 1024
	maxInFlightAddress = maxInFlight / 4
)

// unreserved returns how many of n slots clients without a session or token may take.
func unreserved(n int) int { return n * 3 / 4 }

// fairSlots is the number of free slots required per slot that a network already has. A network that is alone thus gets
// a quarter of the slots.
const fairSlots = 2

// fair reports whether a network that holds own of the places may take another. The fewer places are free, the fewer a
// network may hold. The last quarter is reserved for networks that hold at most one.
func fair(own, places, taken, times int) bool {
	return taken < places && (own < 2 || own*times < unreserved(places)-taken)
}

type inFlight struct {
	mu         sync.Mutex
	maxUnknown int // at most unreserved(maxInFlight)
	all        slots
	of         map[string]slots // by network
}

type slots struct{ total, unknown int }

func newInFlight(unknownConnections int) *inFlight {
	// Leave some connections that wait for their client: only those can be closed to admit a new one.
	return &inFlight{maxUnknown: min(unreserved(maxInFlight), unreserved(unknownConnections)), of: map[string]slots{}}
}

func (f *inFlight) enter(network string, known bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := f.of[network]
	if f.all.total >= maxInFlight || from.total >= maxInFlightAddress {
		return false
	}
	if !known && (from.unknown >= unreserved(maxInFlightAddress) ||
		!fair(from.unknown, f.maxUnknown, f.all.unknown, fairSlots)) {
		return false
	}
	f.add(network, known, 1)
	return true
}

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
