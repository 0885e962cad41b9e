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

// sketch counts keys in leaky buckets: each attempt adds one, and one leaks out per period. A full bucket accepts no
// more. It is a count-min sketch: a key has one cell in each row, shared with other keys, and its level is the lowest
// level of these cells. It may be too high but never too low. The seeds are random so that an attacker cannot choose
// colliding keys.
type sketch struct {
	burst int
	every time.Duration
	seeds [sketchRows]maphash.Seed
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
