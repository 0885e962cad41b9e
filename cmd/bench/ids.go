package main

import "sync/atomic"

// ids are requests of which each is taken once.
type ids struct {
	all   []int64
	taken atomic.Int64
}

// take is the next one; ok is false when there are none left.
func (s *ids) take() (id int64, ok bool) {
	i := s.taken.Add(1) - 1
	if i >= int64(len(s.all)) {
		return 0, false
	}
	return s.all[i], true
}

// left is how many have not been taken.
func (s *ids) left() int { return max(0, len(s.all)-int(s.taken.Load())) }

// rest are those that are left. Nobody may be taking any.
func (s *ids) rest() []int64 { return s.all[len(s.all)-s.left():] }

// upTo are the numbers below n, for things that are counted from 0.
func upTo(n int) *ids {
	s := &ids{all: make([]int64, n)}
	for i := range s.all {
		s.all[i] = int64(i)
	}
	return s
}
