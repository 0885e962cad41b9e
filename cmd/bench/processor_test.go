package main

import (
	"os"
	"testing"
	"time"
)

func TestProcessorTime(t *testing.T) {
	t.Parallel()
	stat := "42 (a ) name) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16\n"
	if got, want := processorTimeIn([]byte(stat)), 3*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, damaged := range []string{"", "42 (name", "42 (name) S 1 2 3"} {
		if got := processorTimeIn([]byte(damaged)); got != 0 {
			t.Errorf("%q: got %v, want 0", damaged, got)
		}
	}
	if got := processorTimeOf(os.Getpid()); got < 0 {
		t.Errorf("this process has used %v", got)
	}
}

func TestProcessorTimeIsThatOfEachCall(t *testing.T) {
	t.Parallel()
	all := figure{processor: time.Millisecond, count: 1, took: []time.Duration{1}, failures: failures{}}.
		join(figure{processor: 4 * time.Millisecond, count: 2, took: []time.Duration{1, 1}, failures: failures{}})
	if want := 3 * time.Millisecond; all.processor != want {
		t.Errorf("of both runs %v a call, want %v", all.processor, want)
	}
	if got := perCall(time.Second, 0); got != 0 {
		t.Errorf("without a call %v, want 0", got)
	}
}
