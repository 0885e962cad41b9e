package auth

import (
	"sync"
	"time"
)

const (
	recognizedFor = 10 * time.Minute
	maxRecognized = 10_000
)

// recognized holds the hashes of recently valid tokens. Their holders get larger limits before the database is queried.
// It never authorizes a call, because ended sessions remain in it for a while.
type recognized struct {
	mu    sync.Mutex
	until map[string]time.Time // by token hash
}

func (r *recognized) has(tokenHash []byte, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until[string(tokenHash)])
}

func (r *recognized) add(tokenHash []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.until[string(tokenHash)]; !known && len(r.until) >= maxRecognized {
		r.makeRoom(now)
	}
	if r.until == nil {
		r.until = map[string]time.Time{}
	}
	r.until[string(tokenHash)] = now.Add(recognizedFor)
}

func (r *recognized) makeRoom(now time.Time) {
	one := ""
	for hash, until := range r.until {
		if one = hash; !now.Before(until) {
			delete(r.until, hash)
		}
	}
	if len(r.until) >= maxRecognized {
		delete(r.until, one)
	}
}

func (r *recognized) remove(tokenHash []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.until, string(tokenHash))
}

// Recognizes reports whether token was valid within the last ten minutes, without querying the database. Use it only
// for limits.
func (s *Service) Recognizes(token string) bool {
	return token != "" && s.recognized.has(hashToken(token), s.now())
}
