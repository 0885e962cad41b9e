package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Most of what a signature allocates is garbage at once, so that a small heap that grows more is collected less often
// at the same cost.
const (
	heapGrowth  = 200      // percent of the live heap, while the process is small
	smallMemory = 64 << 20 // octets of Go's memory up to which it is
	notHeap     = 12 << 20 // octets for stacks and the like in a larger process
	watchHeap   = time.Second
)

// tuneCollector trades memory for less garbage collection while the process is small. A larger one collects at twice
// the live heap, as Go does by default. GOGC and GOMEMLIMIT take precedence.
func tuneCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(smallMemory)
	go followHeap(ctx)
}

// followHeap keeps the memory limit above twice the live heap until ctx ends.
func followHeap(ctx context.Context) {
	tick := time.NewTicker(watchHeap)
	defer tick.Stop()
	for limit := int64(smallMemory); ctx.Err() == nil; {
		if next := memoryLimit(liveHeap()); next != limit { // setting it stops all goroutines for a moment
			limit = next
			debug.SetMemoryLimit(limit)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// memoryLimit returns the limit in octets for a live heap of this size. It must never press a large heap: the
// collector would run all the time.
func memoryLimit(live uint64) int64 { return int64(max(smallMemory, 2*live+notHeap)) }

// liveHeap returns the octets that the last collection found in use.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
