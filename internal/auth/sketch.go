package auth

import (
	"hash/maphash"
	"math"
	"time"
)

// The size of a sketch: half a megabyte. Cells leak faster than passwords can be hashed, so that a flood from
// ever-new addresses leaves most of them almost empty.
const (
	sketchRows  = 4
	sketchWidth = 1 << 13
)

// sketch is a count-min sketch of leaky buckets. A key has one cell in each row, shared with other keys. Each attempt
// raises the levels of the key's cells by one, and they fall by one per period. The key's level is the lowest of these,
// so it may be too high but never too low.
type sketch struct {
	burst int                      // capacity of a bucket
	every time.Duration            // the period
	seeds [sketchRows]maphash.Seed // random, so that an attacker cannot choose colliding keys
	cells [sketchRows][]cell
}

type cell struct {
	level float64
	at    int64 // when the level was last updated, in Unix nanoseconds
}

func newSketch(burst int, every time.Duration) *sketch {
	s := &sketch{burst: burst, every: every}
	for row := range s.cells {
		s.seeds[row] = maphash.MakeSeed()
		s.cells[row] = make([]cell, sketchWidth)
	}
	return s
}

type counter struct {
	of    *sketch
	cells [sketchRows]*cell
}

func (s *sketch) counter(key string, now time.Time) counter {
	c := counter{of: s}
	for row := range s.cells {
		one := &s.cells[row][maphash.String(s.seeds[row], key)%sketchWidth]
		leaked := time.Duration(now.UnixNano()-one.at).Seconds() / s.every.Seconds()
		if leaked > 0 { // otherwise the clock moved backward
			one.level = max(0, one.level-leaked)
		}
		one.at = now.UnixNano()
		c.cells[row] = one
	}
	return c
}

func (c counter) wait() time.Duration {
	level := math.Inf(1)
	for _, one := range c.cells {
		level = min(level, one.level)
	}
	return max(0, time.Duration((level+1-float64(c.of.burst))*float64(c.of.every)))
}

func (c counter) add(n float64) {
	for _, one := range c.cells {
		one.level = max(0, one.level+n)
	}
}
