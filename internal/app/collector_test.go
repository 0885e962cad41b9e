package app

import "testing"

func TestMemoryLimitFollowsTheLiveHeap(t *testing.T) {
	for live, want := range map[uint64]int64{0: 64 << 20, 24 << 20: 64 << 20, 100 << 20: 212 << 20,
		1 << 30: 2<<30 + 12<<20} {
		if got := memoryLimit(live); got != want {
			t.Errorf("memoryLimit(%d) = %d, want %d", live, got, want)
		}
	}
}
