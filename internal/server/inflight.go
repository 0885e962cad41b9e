package server

import (
	"net"
	"net/http"
	"sync"
)

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
	of  map[string]int // by address
}

// enter counts one more, unless there are too many already.
func (f *inFlight) enter(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= maxInFlight || f.of[address] >= maxInFlightAddress {
		return false
	}
	f.all++
	f.of[address]++
	return true
}

func (f *inFlight) leave(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[address]--; f.of[address] == 0 {
		delete(f.of, address)
	}
}

// remoteHost is the address that a request came from, without the port.
func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
