package server

import (
	"hash/maphash"
	"sync/atomic"
)

// How many requests of clients without a session or token are in the handler, in all and of one
// network, waiting for their bodies included.
const (
	maxCrowd        = 4096
	maxCrowdNetwork = maxCrowd / 8 // while there is no other one
	fairCrowd       = 5            // see [fair]
	crowdCells      = 1 << 12
)

// crowd counts these requests. Over HTTP/2 a client begins thousands of them in an instant: those
// beyond the limits are refused before they wait for a lock. Networks may share a cell, but nobody
// can choose with which.
type crowd struct {
	seed     maphash.Seed
	all      atomic.Int32
	networks [crowdCells]atomic.Int32
}

func newCrowd() *crowd { return &crowd{seed: maphash.MakeSeed()} }

// enter counts a request. It reports false, and does not count it, if there are too many; otherwise
// leave must be called.
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
