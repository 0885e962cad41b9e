package app

import "testing"

func TestCollectorGrowth(t *testing.T) {
	for live, want := range map[uint64]int{0: 200, 20 << 20: 200, 32 << 20: 150, 48 << 20: 100, 1 << 40: 100} {
		if got := growth(live); got != want {
			t.Errorf("growth(%d) = %d, want %d", live, got, want)
		}
	}
}
