package auth

import (
	"strconv"
	"time"
)

const (
	AccountBurst = accountBurst
	AccountEvery = accountEvery
	NetworkBurst = networkBurst
	NetworkEvery = networkEvery

	AnywhereBurst = anywhereBurst
	AnywhereEvery = anywhereEvery

	MaxPassword = maxPassword
	TokenLife   = sessionLife
)

func CheckPassword(password, email string) error { return checkPassword(password, email) }

func HashToken(token string) []byte { return hashToken(token) }

func Decoy() string { return decoy }

// CountHashing gives a service its own queue, and returns a function that counts the passwords hashed since.
func CountHashing(s *Service) func() int {
	s.hashing = newHashQueue(1)
	return func() int {
		s.hashing.mu.Lock()
		defer s.hashing.mu.Unlock()
		return s.hashing.granted
	}
}

type Attempts = attempts

func NewAttempts(now func() time.Time) *Attempts { return newAttempts(now) }

func Take(a *Attempts, email, address string) (refund func(), err error) {
	return a.take(email, address)
}

func AttemptsOf(s *Service) *Attempts { return s.attempts }

func WaitNoted(s *Service) { s.seen.running.Wait() }

const (
	MaxRecognized = maxRecognized
	MaxTokens     = maxTokens
)

// RecognizedAfter returns how many tokens are remembered after n were recognised at once.
func RecognizedAfter(now time.Time, n int) int {
	r := &recognized{}
	for i := range n {
		r.add([]byte(strconv.Itoa(i)), now)
	}
	return len(r.until)
}

func NewSecret() string { return newSecret() }

func IntactSecret(secret string) bool { return intactSecret(secret) }
