package auth

import (
	"sync/atomic"
	"testing"
	"time"
)

// What the tests need to see of the inside.

const (
	AccountBurst = accountBurst
	AccountEvery = accountEvery
	AddressBurst = addressBurst
	AddressEvery = addressEvery
	MaxTracked   = maxTracked

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

// CountHashing counts the passwords that are hashed until the test ends. It takes the place
// of the limit on how many are at once, so no other test may run beside it.
func CountHashing(t *testing.T) *atomic.Int64 {
	was, count, end := hashing, new(atomic.Int64), make(chan struct{})
	slot := make(chan struct{})
	hashing = slot
	go func() {
		for {
			select {
			case <-slot: // one begins
				count.Add(1)
				slot <- struct{}{} // and ends
			case <-end:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(end)
		hashing = was
	})
	return count
}

// Attempts are the limits on refused logins.
type Attempts = attempts

// NewAttempts makes limits of their own.
func NewAttempts(now func() time.Time) *Attempts { return newAttempts(now) }

// Take uses up an attempt.
func Take(a *Attempts, email, address string) (refund func(), err error) {
	return a.take(email, address)
}

// Tracked is how many accounts and addresses are remembered, and how many octets their names
// have.
func Tracked(s *Service) (accounts, addresses, octets int) {
	for key := range s.attempts.accounts.of {
		octets += len(key)
	}
	return len(s.attempts.accounts.of), len(s.attempts.addresses.of), octets
}

// TrackedBy is how many accounts and addresses these limits remember.
func TrackedBy(a *Attempts) (accounts, addresses int) {
	return len(a.accounts.of), len(a.addresses.of)
}

// WaitNoted waits until the uses of sessions so far are noted.
func WaitNoted(s *Service) { s.seen.running.Wait() }
