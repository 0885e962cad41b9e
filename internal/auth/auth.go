// Package auth authenticates callers and manages accounts, groups, grants and API tokens.
//
// [Service.Login] exchanges an email and password for a session token; [Service.Caller] returns the [notary.Caller]
// of a session token or API token. Passwords are stored as argon2id hashes (RFC 9106) and tokens as SHA-256 hashes, so
// neither can be recovered from the database.
package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync/atomic"
	"time"

	"notary"
	"notary/internal/store"
)

// Service authenticates callers and manages accounts in a database. It is safe for concurrent use.
type Service struct {
	store    *store.Store
	now      func() time.Time
	log      *slog.Logger
	attempts *attempts
	hashing  *hashQueue
	sessions *cache[knownSession] // nil if other nodes can end sessions
	tokens   *cache[knownToken]   // likewise
	seen     seen
	refusals refusals
	limits   atomic.Pointer[limits]

	tokenLife atomic.Int64 // in nanoseconds

	initialized    atomic.Bool // whether an account is known to exist
	noSetupCode    bool
	onFirstAccount func() // may be nil
	recognized     recognized
}

// Options configures a Service. The zero value is suitable for production.
type Options struct {
	Now func() time.Time // default time.Now
	Log *slog.Logger     // default slog.Default

	// The idle timeout and maximum lifetime of browser sessions.
	// The defaults are [DefaultSessionIdle] and [DefaultSessionLife].
	SessionIdle, SessionLife time.Duration
	TokenLife                time.Duration // maximum lifetime of an API token; default [DefaultTokenLife]

	// NoSetupCode lets anyone create the first account.
	NoSetupCode    bool
	OnFirstAccount func()
}

// New returns a Service that uses the database st.
func New(st *store.Store, o Options) *Service {
	s := &Service{store: st, now: o.Now, log: o.Log, hashing: sharedHashing, noSetupCode: o.NoSetupCode,
		onFirstAccount: o.OnFirstAccount}
	s.LimitSessions(cmp.Or(o.SessionIdle, DefaultSessionIdle), cmp.Or(o.SessionLife, DefaultSessionLife))
	s.LimitTokens(cmp.Or(o.TokenLife, DefaultTokenLife))
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.attempts = newAttempts(s.now)
	if !st.Shared() {
		s.sessions, s.tokens = &cache[knownSession]{}, &cache[knownToken]{}
	}
	return s
}

// Client identifies the client that logs in.
type Client struct {
	Address   string // IP address
	RequestID string // X-Request-Id of the call
	UserAgent string // as sent by the program or browser
	Device    string // token from [Service.NewDevice], if the browser has one
}

// Login checks an email and password and returns a session token that is valid for a day. A failed login returns the
// same error after the same time, whether or not the account exists. After too many failures, Login returns a
// [notary.RateLimited] error.
func (s *Service) Login(ctx context.Context, email, password string, from Client) (string, error) {
	token, _, err := s.login(ctx, email, password, from, false)
	return token, err
}

// LoginBrowser is like Login but begins a browser session, which has an idle timeout and a maximum lifetime.
func (s *Service) LoginBrowser(ctx context.Context, email, password string,
	from Client) (string, notary.Session, error) {
	return s.login(ctx, email, password, from, true)
}

func (s *Service) login(ctx context.Context, email, password string, from Client,
	browser bool) (token string, session notary.Session, err error) {
	if email = normalizeEmail(email); len(email) > maxEmail {
		email = "" // no account has such an email
	}
	account, hash, err := s.store.AccountByEmail(ctx, email)
	if err != nil {
		return "", session, err
	}
	origin, err := s.origin(ctx, idOf(account), email, from)
	if err != nil {
		return "", session, err
	}
	if ok, err := s.attempt(ctx, origin, hash, password); err != nil {
		if notary.KindOf(err) == notary.RateLimited {
			s.refusedLogin(account, from)
		}
		return "", session, err
	} else if !ok || account == nil {
		// The email is not logged, because people type passwords into the wrong field.
		s.refusedLogin(account, from)
		s.log.WarnContext(ctx, "login refused", "account_id", idOf(account), "address", from.Address)
		return "", session, notary.Errorf(notary.Unauthenticated, "incorrect email or password")
	}
	caller := account.Caller()
	caller.Address, caller.RequestID = from.Address, from.RequestID
	session = s.newSession(account.ID, from, browser)
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		// The password may have been changed during the check.
		if now, err := tx.PasswordHash(ctx, account.ID); err != nil {
			return err
		} else if now != hash {
			return notary.Errorf(notary.Unauthenticated, "incorrect email or password")
		}
		if token, err = begin(tx, &session); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.login", account.Ref()).Set(notary.Fields{"browser": browser}))
	})
	return token, session, err
}

// attempt reports whether the password matches the hash, or returns an error after too many failed attempts. It counts
// an attempt when its hashing begins, so that waiting attempts with the correct password do not limit each other.
func (s *Service) attempt(ctx context.Context, o origin, hash, password string) (bool, error) {
	if err := s.attempts.check(o); err != nil {
		return false, s.tooMany(ctx, o, err)
	}
	release, err := s.hashing.acquire(ctx, o.network(), o.known)
	if err != nil {
		return false, err
	}
	defer release()
	refund, err := s.attempts.takeFrom(o)
	if err != nil {
		return false, s.tooMany(ctx, o, err)
	}
	ok, err := verifyPassword(hash, password)
	if ok || err != nil {
		refund()
	}
	return ok, err
}

func (s *Service) tooMany(ctx context.Context, o origin, err error) error {
	s.log.WarnContext(ctx, "too many logins", "address", o.address)
	return err
}

func idOf(account *notary.Account) int64 {
	if account == nil {
		return 0
	}
	return account.ID
}

func newToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
