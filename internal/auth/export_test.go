package auth

import (
	"strconv"
	"time"
)

// Internals needed by tests.

const (
	AccountBurst = accountBurst
	AccountEvery = accountEvery
	NetworkBurst = networkBurst
	NetworkEvery = networkEvery

	AnywhereBurst = anywhereBurst
	AnywhereEvery = anywhereEvery

	MaxPassword = maxPassword
	TokenLife   = tokenLife
)

// CheckPassword returns an error if a password is unacceptable.
func CheckPassword(password, email string) error { return checkPassword(password, email) }

// HashToken returns the stored form of a token.
func HashToken(token string) []byte { return hashToken(token) }

// Decoy returns the hash that is verified if there is no account.
func Decoy() string { return decoy }

// CountHashing gives a service its own queue for hashing, and returns a function that counts the passwords hashed
// from then on.
func CountHashing(s *Service) func() int {
	s.hashing = newHashQueue(1)
	return func() int {
		s.hashing.mu.Lock()
		defer s.hashing.mu.Unlock()
		return s.hashing.granted
	}
}

// Attempts are the limits on refused logins.
type Attempts = attempts

// NewAttempts returns separate limits.
func NewAttempts(now func() time.Time) *Attempts { return newAttempts(now) }

// Take counts an attempt.
func Take(a *Attempts, email, address string) (refund func(), err error) {
	return a.take(email, address)
}

// AttemptsOf returns the limits of a service.
func AttemptsOf(s *Service) *Attempts { return s.attempts }

// WaitNoted waits until all uses of sessions are recorded.
func WaitNoted(s *Service) { s.seen.running.Wait() }

const MaxRecognized = maxRecognized

// RecognizedAfter returns how many tokens are remembered after n were recognised at once.
func RecognizedAfter(now time.Time, n int) int {
	r := &recognized{}
	for i := range n {
		r.add([]byte(strconv.Itoa(i)), now)
	}
	return len(r.until)
}
