package main

import "sync/atomic"

// ids is a list of request IDs or indices, each of which is taken once.
type ids struct {
	all   []int64
	taken atomic.Int64
}

func (s *ids) take() (id int64, ok bool) {
	i := s.taken.Add(1) - 1
	if i >= int64(len(s.all)) {
		return 0, false
	}
	return s.all[i], true
}

func (s *ids) left() int { return max(0, len(s.all)-int(s.taken.Load())) }

// rest returns the IDs that were not taken. It must not run concurrently with take.
func (s *ids) rest() []int64 { return s.all[len(s.all)-s.left():] }

func upTo(n int) *ids {
	s := &ids{all: make([]int64, n)}
	for i := range s.all {
		s.all[i] = int64(i)
	}
	return s
}
