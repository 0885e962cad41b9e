package auth

import (
	"strconv"
	"testing"
	"time"
)

// What the tests need to see of the inside.

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

// CheckPassword says whether a password is fit to be one.
func CheckPassword(password, email string) error { return checkPassword(password, email) }

// HashToken is how a token is kept.
func HashToken(token string) []byte { return hashToken(token) }

// Decoy is the hash that is verified where there is no account.
func Decoy() string { return decoy }

// CountHashing returns how many passwords are hashed until the test ends. It replaces the queue
// for that time, so no other test may run beside it.
func CountHashing(t *testing.T) func() int {
	was := hashing
	hashing = newHashQueue(1)
	counted := hashing
	t.Cleanup(func() { hashing = was })
	return func() int {
		counted.mu.Lock()
		defer counted.mu.Unlock()
		return counted.granted
	}
}

// Attempts are the limits on refused logins.
type Attempts = attempts

// NewAttempts makes limits of their own.
func NewAttempts(now func() time.Time) *Attempts { return newAttempts(now) }

// Take uses up an attempt.
func Take(a *Attempts, email, address string) (refund func(), err error) {
	return a.take(email, address)
}

// AttemptsOf returns the limits of a service.
func AttemptsOf(s *Service) *Attempts { return s.attempts }

// WaitNoted waits until the uses of sessions so far are noted.
func WaitNoted(s *Service) { s.seen.running.Wait() }

const MaxRecognized = maxRecognized

// RecognizedAfter returns how many tokens are kept after n have been recognized at once.
func RecognizedAfter(now time.Time, n int) int {
	r := &recognized{}
	for i := range n {
		r.add([]byte(strconv.Itoa(i)), now)
	}
	return len(r.until)
}
