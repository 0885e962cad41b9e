package auth

import (
	"sync"
	"time"

	"notary"
)

// sessions keeps in memory whose the tokens are that were seen, where this process alone can
// end them. Whatever ends or changes any of them empties it.
type sessions struct {
	mu         sync.Mutex
	generation int // counts the changes
	known      map[string]*knownSession
}

type knownSession struct {
	account notary.Account
	session notary.Session
}

// maxSessions is how many are kept: some megabytes.
const maxSessions = 10_000

// get is a copy of the session with that token hash, if it is known and good at that time, and
// the generation for [sessions.put].
func (s *sessions) get(tokenHash []byte, now time.Time) (*knownSession, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[string(tokenHash)]; ok && now.Before(known.session.ExpiresAt) {
		return &knownSession{known.account, known.session}, s.generation
	}
	return nil, s.generation
}

// put keeps what was read from the database, unless something has changed since the
// generation was given: it may be older than the change.
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

// used notes that a session was used, and when it will end, if it is known: where it has been
// ended meanwhile it is not.
func (s *sessions) used(tokenHash []byte, seen, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[string(tokenHash)]; ok {
		known.session.LastSeenAt, known.session.ExpiresAt = seen, expires
	}
}

// changed forgets everything. It is called after every write that ends a session or changes
// an account.
func (s *sessions) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	clear(s.known)
}
