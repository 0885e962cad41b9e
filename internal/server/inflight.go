package server

import "sync"

// How many requests are answered at once, and how many of them may come from one address:
// one client that sends slowly, or does not read, must not keep out the others.
const (
	maxInFlight        = 1024
	maxInFlightAddress = maxInFlight / 4
)

// inFlight counts the requests that are being answered.
type inFlight struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by client network
}

// enter counts one more, unless there are too many already.
func (f *inFlight) enter(network string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= maxInFlight || f.of[network] >= maxInFlightAddress {
		return false
	}
	f.all++
	f.of[network]++
	return true
}

func (f *inFlight) leave(network string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[network]--; f.of[network] == 0 {
		delete(f.of, network)
	}
}
