package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Most memory allocated for a signature becomes garbage immediately, so letting a small heap grow more makes
// collections rarer.
const (
	heapGrowth  = 200      // GOGC while the process is small
	smallMemory = 64 << 20 // octets of Go memory that a small process may use
	notHeap     = 12 << 20 // octets for stacks etc. in a larger process
	watchHeap   = time.Second
)

// tuneCollector trades memory for less garbage collection while the process is small. A larger one collects at twice
// the live heap, Go's default. GOGC and GOMEMLIMIT take precedence.
func tuneCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(smallMemory)
	go followHeap(ctx)
}

// followHeap keeps the memory limit above twice the live heap until ctx is done.
func followHeap(ctx context.Context) {
	tick := time.NewTicker(watchHeap)
	defer tick.Stop()
	for limit := int64(smallMemory); ctx.Err() == nil; {
		if next := memoryLimit(liveHeap()); next != limit { // setting the limit stops all goroutines briefly
			limit = next
			debug.SetMemoryLimit(limit)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// memoryLimit returns the memory limit for a live heap. A tight limit would make Go collect a large heap continuously.
func memoryLimit(live uint64) int64 { return int64(max(smallMemory, 2*live+notHeap)) }

func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
