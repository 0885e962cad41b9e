package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// figure is what was measured of an operation.
type figure struct {
	clients  int
	seconds  float64         // in which the calls succeeded
	took     []time.Duration // each of them, sorted
	failures failures        // at any time, the warm-up included

	// What follows from these.
	count         int
	perSecond     float64
	p50, p99, max time.Duration

	// Of lists that are streamed.
	rowsPerSecond float64
	bytes         int64
}

// gather puts together what the workers have taken down.
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
	if r.before != nil { // between the calls something else was done
		f.seconds = total(f.took).Seconds()
	}
	if r.body != nil && f.seconds > 0 {
		f.rowsPerSecond, f.bytes = float64(r.body.found)/f.seconds, r.body.bytes
	}
	f.sum()
	return f
}

// join is what was measured in both runs of an operation.
func (f figure) join(other figure) figure {
	all := figure{clients: f.clients, seconds: f.seconds + other.seconds, took: slices.Concat(f.took, other.took), failures: failures{}}
	all.failures.join(f.failures)
	all.failures.join(other.failures)
	all.sum()
	return all
}

// sum works out what follows from the calls.
func (f *figure) sum() {
	slices.Sort(f.took)
	f.count = len(f.took)
	if f.seconds > 0 {
		f.perSecond = float64(f.count) / f.seconds
	}
	f.p50, f.p99, f.max = percentile(f.took, 50), percentile(f.took, 99), percentile(f.took, 100)
}

func total(took []time.Duration) (all time.Duration) {
	for _, d := range took {
		all += d
	}
	return all
}

// percentile is the smallest of the sorted durations that p in a hundred do not exceed; 0
// where there is none.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// failures counts failures by their kind, and keeps the first of each.
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

// total is the number of all failures.
func (f failures) total() (n int) {
	for _, one := range f {
		n += one.count
	}
	return n
}

// String lists them, such as "12 × 503: the queue is full".
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
