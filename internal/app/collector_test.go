package app

import "testing"

func TestMemoryLimitFollowsTheLiveHeap(t *testing.T) {
	for live, want := range map[uint64]int64{0: 80 << 20, 24 << 20: 80 << 20, 100 << 20: 216 << 20, 1 << 30: 2<<30 + 16<<20} {
		if got := memoryLimit(live); got != want {
			t.Errorf("memoryLimit(%d) = %d, want %d", live, got, want)
		}
	}
}
