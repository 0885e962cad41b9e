// Package auth says who is calling, and keeps the accounts.
//
// [Service.Login] turns an e-mail and a password into a token, [Service.Caller] turns the
// token into a [notary.Caller] on each call. Passwords are kept as argon2id (RFC 9106),
// tokens as SHA-256: neither can be read back from the database.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"time"

	"notary"
	"notary/internal/store"
)

// tokenLife is how long a token is good for.
const tokenLife = 24 * time.Hour

// Service keeps accounts and sessions on one database. It is safe for concurrent use.
type Service struct {
	store    *store.Store
	now      func() time.Time
	log      *slog.Logger
	attempts *attempts
	sessions *sessions // nil where other nodes can end them
}

// Options are what a Service may be told; the zero value is for production.
type Options struct {
	Now func() time.Time // time.Now without it
	Log *slog.Logger     // slog.Default without it
}

// New makes the service.
func New(st *store.Store, o Options) *Service {
	s := &Service{store: st, now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.attempts = newAttempts(s.now)
	if !st.Shared() {
		s.sessions = &sessions{}
	}
	return s
}

// Login answers a token for the account with that e-mail and password. What it refuses, it
// refuses alike and after the same time, whether or not there is such an account. Too many
// refusals, for an account or from an address, are [notary.RateLimited].
func (s *Service) Login(ctx context.Context, email, password, address string) (string, error) {
	if email = normalizeEmail(email); len(email) > maxEmail {
		email = "" // nobody has a longer one, nor this; it would only fill the memory
	}
	account, hash, err := s.store.AccountByEmail(ctx, email)
	if err != nil {
		return "", err
	}
	if ok, err := s.attempt(ctx, email, address, hash, password); err != nil {
		return "", err
	} else if !ok || account == nil {
		s.log.WarnContext(ctx, "login refused", "email", email, "address", address)
		return "", notary.Errorf(notary.Unauthenticated, "the e-mail or the password is wrong")
	}
	token := newToken()
	caller := notary.Caller{AccountID: account.ID, Email: account.Email, Role: account.Role, Address: address}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.ShareAccount(account.ID); err != nil {
			return err
		}
		// The password may have been changed while it was being checked.
		if now, err := tx.PasswordHash(ctx, account.ID); err != nil {
			return err
		} else if now != hash {
			return notary.Errorf(notary.Unauthenticated, "the e-mail or the password is wrong")
		}
		if err := tx.InsertSession(account.ID, hashToken(token), s.now().Add(tokenLife)); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.login", account.ID, ""))
	})
	return token, err
}

// attempt says whether the password fits the hash, unless too many attempts were refused
// before. Those that wait for their turn to be hashed are not counted yet: many that are
// right, at once, do not limit one another.
func (s *Service) attempt(ctx context.Context, email, address, hash, password string) (bool, error) {
	release, err := hashingSlot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	refund, err := s.attempts.take(email, address)
	if err != nil {
		s.log.WarnContext(ctx, "too many logins", "email", email, "address", address)
		return false, err
	}
	ok, err := verifyPassword(hash, password)
	if ok || err != nil {
		refund()
	}
	return ok, err
}

// Caller is who holds the token, calling from address. Without a token it is nobody, which
// is no error; with one that is not (or no longer) good it is [notary.Unauthenticated].
func (s *Service) Caller(ctx context.Context, token, address string) (notary.Caller, error) {
	if token == "" {
		return notary.Caller{Address: address}, nil
	}
	account, err := s.sessionAccount(ctx, hashToken(token))
	if err != nil {
		return notary.Caller{}, err
	}
	if account == nil {
		return notary.Caller{}, notary.Errorf(notary.Unauthenticated, "this token is not valid or has expired: log in again")
	}
	return notary.Caller{AccountID: account.ID, Email: account.Email, Role: account.Role, Address: address}, nil
}

// sessionAccount is whose token has that hash; nil where nobody's.
func (s *Service) sessionAccount(ctx context.Context, tokenHash []byte) (*notary.Account, error) {
	if s.sessions == nil {
		account, _, err := s.store.SessionAccount(ctx, tokenHash, s.now())
		return account, err
	}
	account, generation := s.sessions.get(tokenHash, s.now())
	if account != nil {
		return account, nil
	}
	account, expires, err := s.store.SessionAccount(ctx, tokenHash, s.now())
	if account != nil {
		s.sessions.put(tokenHash, *account, expires, generation)
	}
	return account, err
}

// changedSessions is deferred by whatever ends a session or changes an account.
func (s *Service) changedSessions() {
	if s.sessions != nil {
		s.sessions.changed()
	}
}

// Logout ends the caller's session with that token at once.
func (s *Service) Logout(ctx context.Context, caller notary.Caller, token string) error {
	if !caller.Known() {
		return notary.Errorf(notary.Unauthenticated, "log in first")
	}
	defer s.changedSessions()
	return s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.DeleteSession(hashToken(token)); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.logout", caller.AccountID, ""))
	})
}

// CleanUp removes sessions that have expired. It is called by the clock.
func (s *Service) CleanUp(ctx context.Context) error {
	defer s.changedSessions()
	return s.store.Write(ctx, (*store.Tx).DeleteExpiredSessions)
}

// newToken is 256 random bits.
func newToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is how a token is kept. It has too many bits to be guessed from its hash.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
