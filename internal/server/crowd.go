package server

import (
	"hash/maphash"
	"sync/atomic"
)

// Limits on concurrent requests without a session or token, in total and per network. They include requests whose body
// is still arriving.
const (
	maxCrowd        = 4096
	maxCrowdNetwork = maxCrowd / 8 // for a network alone
	fairCrowd       = 5            // see [fair]
	crowdCells      = 1 << 12
)

// crowd counts these requests, of which an HTTP/2 client can start thousands at once, and rejects excess ones before
// they wait for a lock. Networks may share a cell, but no client can choose with whom.
type crowd struct {
	seed     maphash.Seed
	all      atomic.Int32
	networks [crowdCells]atomic.Int32
}

func newCrowd() *crowd { return &crowd{seed: maphash.MakeSeed()} }

// enter counts a request, at whose end the caller must call leave. If there are too many, it returns false without
// counting.
func (c *crowd) enter(network string) (leave func(), ok bool) {
	cell := &c.networks[maphash.String(c.seed, network)%crowdCells]
	leave = func() {
		c.all.Add(-1)
		cell.Add(-1)
	}
	if all, own := c.all.Add(1)-1, cell.Add(1)-1; !fair(int(own), maxCrowd, int(all), fairCrowd) {
		leave()
		return nil, false
	}
	return leave, true
}
