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

// crowd counts concurrent requests without a session or token. It rejects excess ones before they wait for a lock,
// because an HTTP/2 client can start thousands at once. Networks may share a cell. The seed is random so that clients
// cannot choose which networks share one.
type crowd struct {
	seed     maphash.Seed
	all      atomic.Int32
	networks [crowdCells]atomic.Int32
}

func newCrowd() *crowd { return &crowd{seed: maphash.MakeSeed()} }

// enter counts a request. The caller must call leave when the request ends. If there are too many requests, enter does
// not count it and returns false.
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
