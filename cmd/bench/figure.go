package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type figure struct {
	clients  int
	seconds  float64         // until the end of the last successful call
	took     []time.Duration // duration of each call, sorted
	failures failures        // including those of the warm-up

	// Derived values.
	count         int
	perSecond     float64
	p50, p99, max time.Duration
	processor     time.Duration // processor time of the servers per call; 0 if unknown

	// For streamed lists.
	rowsPerSecond float64
	bytes         int64
}

func gather(r *run, workers []*worker) figure {
	f := figure{clients: len(workers), failures: failures{}}
	end := r.from
	for _, w := range workers {
		f.took = append(f.took, w.took...)
		if w.last.After(end) {
			end = w.last
		}
		f.failures.join(w.failures)
	}
	f.seconds = end.Sub(r.from).Seconds()
	f.processor = perCall(r.processor, r.calls.Load())
	if r.before != nil { // before did other work between the calls
		f.seconds = total(f.took).Seconds()
	}
	if r.body != nil && f.seconds > 0 {
		f.rowsPerSecond, f.bytes = float64(r.body.found)/f.seconds, r.body.bytes
	}
	f.sum()
	return f
}

func (f figure) join(other figure) figure {
	all := figure{clients: f.clients, seconds: f.seconds + other.seconds, took: slices.Concat(f.took, other.took),
		failures: failures{}}
	all.failures.join(f.failures)
	all.failures.join(other.failures)
	all.processor = perCall(f.processor*time.Duration(f.count)+other.processor*time.Duration(other.count),
		int64(len(all.took)))
	all.sum()
	return all
}

func (f *figure) sum() {
	slices.Sort(f.took)
	f.count = len(f.took)
	if f.seconds > 0 {
		f.perSecond = float64(f.count) / f.seconds
	}
	f.p50, f.p99, f.max = percentile(f.took, 50), percentile(f.took, 99), percentile(f.took, 100)
}

func perCall(all time.Duration, calls int64) time.Duration {
	if calls == 0 {
		return 0
	}
	return all / time.Duration(calls)
}

func total(took []time.Duration) (all time.Duration) {
	for _, d := range took {
		all += d
	}
	return all
}

// percentile returns the p-th percentile of sorted durations by nearest rank.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

type failures map[string]*failure

type failure struct {
	count int
	first string
}

func (f failures) add(kind, detail string) {
	f.join(failures{kind: {1, detail}})
}

func (f failures) join(others failures) {
	for kind, other := range others {
		if known := f[kind]; known != nil {
			known.count += other.count
		} else {
			f[kind] = &failure{other.count, other.first}
		}
	}
}

func (f failures) total() (n int) {
	for _, one := range f {
		n += one.count
	}
	return n
}

// String lists the failures, such as "12 × 503: the queue is full".
func (f failures) String() string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(f)) {
		text := fmt.Sprintf("%d × %s", f[kind].count, kind)
		if f[kind].first != "" {
			text += ": " + f[kind].first
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}
