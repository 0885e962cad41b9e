package auth

import (
	"sync"
	"time"

	"notary"
)

// sessions caches sessions by token, if only this process can end them. Any change clears it.
type sessions struct {
	mu         sync.Mutex
	generation int // number of changes
	known      map[string]*knownSession
}

type knownSession struct {
	account notary.Account
	session notary.Session
}

// maxSessions is the maximum number of cached sessions: some megabytes.
const maxSessions = 10_000

// get returns a copy of the cached session if it is valid, and the generation for [sessions.put].
func (s *sessions) get(tokenHash []byte, now time.Time) (*knownSession, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[string(tokenHash)]; ok && now.Before(known.session.ExpiresAt) {
		return &knownSession{known.account, known.session}, s.generation
	}
	return nil, s.generation
}

// put caches what was read from the database, unless there was a change since get returned the generation.
func (s *sessions) put(tokenHash []byte, known knownSession, generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != generation {
		return
	}
	if s.known == nil || len(s.known) >= maxSessions {
		s.known = map[string]*knownSession{}
	}
	s.known[string(tokenHash)] = &known
}

func (s *sessions) used(tokenHash []byte, seen, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[string(tokenHash)]; ok {
		known.session.LastSeenAt, known.session.ExpiresAt = seen, expires
	}
}

func (s *sessions) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	clear(s.known)
}
