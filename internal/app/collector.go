package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What the heap may grow by between two collections. Most of what a signature allocates is garbage at once, so that
// a small heap that grows more is collected less often at the same cost.
const (
	smallGrowth = 48 << 20 // octets: a heap grows by as much,
	leastGrowth = 100      // but by at least this percentage of what is live, Go's default,
	mostGrowth  = 200      // and at most by this one
	watchHeap   = time.Second
)

// tuneCollector trades memory for less garbage collection while the live heap is small. GOGC takes precedence.
func tuneCollector(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		go followHeap(ctx)
	}
}

// followHeap keeps the collector's percentage fit for the live heap until ctx ends.
func followHeap(ctx context.Context) {
	tick := time.NewTicker(watchHeap)
	defer tick.Stop()
	for percent := 0; ctx.Err() == nil; {
		if next := growth(liveHeap()); next != percent { // setting it stops all goroutines for a moment
			percent = next
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// growth returns the percentage for a live heap of this many octets, in steps of ten.
func growth(live uint64) int {
	percent := smallGrowth * 10 / max(live, 1) * 10
	return int(min(max(percent, leastGrowth), mostGrowth))
}

// liveHeap returns the octets that the last collection found in use.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
