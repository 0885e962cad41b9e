// Package auth says who is calling, and keeps the accounts.
//
// [Service.Login] turns an e-mail and a password into a token, [Service.Caller] turns the
// token into a [notary.Caller] on each call. Passwords are kept as argon2id (RFC 9106),
// tokens as SHA-256: neither can be read back from the database.
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

// Service keeps accounts and sessions on one database. It is safe for concurrent use.
type Service struct {
	store    *store.Store
	now      func() time.Time
	log      *slog.Logger
	attempts *attempts
	sessions *sessions // nil where other nodes can end them
	seen     seen
	refusals refusals
	limits   atomic.Pointer[limits]

	initialized    atomic.Bool // an account was seen
	noSetupCode    bool
	onFirstAccount func() // nil for nothing to do
	recognized     recognized
}

// Options are what a Service may be told; the zero value is for production.
type Options struct {
	Now func() time.Time // time.Now without it
	Log *slog.Logger     // slog.Default without it

	// After how long without use a browser's session ends, and after how long in any case.
	// [DefaultSessionIdle] and [DefaultSessionLife] without them.
	SessionIdle, SessionLife time.Duration

	// NoSetupCode lets anybody create the first account.
	NoSetupCode bool
	// OnFirstAccount is called after the first account was created. It may be nil.
	OnFirstAccount func()
}

// New makes the service.
func New(st *store.Store, o Options) *Service {
	s := &Service{store: st, now: o.Now, log: o.Log, noSetupCode: o.NoSetupCode, onFirstAccount: o.OnFirstAccount}
	s.LimitSessions(cmp.Or(o.SessionIdle, DefaultSessionIdle), cmp.Or(o.SessionLife, DefaultSessionLife))
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

// Client is what somebody logs in from.
type Client struct {
	Address   string // the IP address
	RequestID string // the X-Request-Id of the call
	UserAgent string // what the program or browser calls itself
	Device    string // the token of [Service.NewDevice] that a browser has kept
}

// Login answers a token for the account with that e-mail and password, which is good for a
// day. What it refuses, it refuses alike and after the same time, whether or not there is such
// an account. Too many refusals, for an account or from an address, are [notary.RateLimited].
func (s *Service) Login(ctx context.Context, email, password string, from Client) (string, error) {
	token, _, err := s.login(ctx, email, password, from, false)
	return token, err
}

// LoginBrowser is Login for a browser: the session ends when it has not been used for a while,
// and after some hours in any case.
func (s *Service) LoginBrowser(ctx context.Context, email, password string, from Client) (string, notary.Session, error) {
	return s.login(ctx, email, password, from, true)
}

func (s *Service) login(ctx context.Context, email, password string, from Client, browser bool) (token string, session notary.Session, err error) {
	if email = normalizeEmail(email); len(email) > maxEmail {
		email = "" // nobody has a longer one, nor this; it would only fill the memory
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
		// The e-mail is not logged: people type passwords into the wrong field.
		s.refusedLogin(account, from)
		s.log.WarnContext(ctx, "login refused", "account_id", idOf(account), "address", from.Address)
		return "", session, notary.Errorf(notary.Unauthenticated, "the e-mail or the password is wrong")
	}
	caller := notary.Caller{AccountID: account.ID, Email: account.Email, Role: account.Role, Address: from.Address, RequestID: from.RequestID}
	session = s.newSession(account.ID, from, browser)
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		// The password may have been changed while it was being checked.
		if now, err := tx.PasswordHash(ctx, account.ID); err != nil {
			return err
		} else if now != hash {
			return notary.Errorf(notary.Unauthenticated, "the e-mail or the password is wrong")
		}
		if token, err = begin(tx, &session); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.login", account.Ref()).Set(notary.Fields{"browser": browser}))
	})
	return token, session, err
}

// attempt reports whether the password matches the hash, unless too many attempts were refused
// before. Attempts that wait to be hashed are not counted yet, so that many correct ones at once
// do not limit each other.
func (s *Service) attempt(ctx context.Context, o origin, hash, password string) (bool, error) {
	if err := s.attempts.check(o); err != nil {
		return false, s.tooMany(ctx, o, err)
	}
	release, err := hashing.acquire(ctx, o.network(), o.known)
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

// Caller is who holds the token, calling from address. Without a token it is nobody, which
// is no error; with one that is not (or no longer) good it is [notary.Unauthenticated].
func (s *Service) Caller(ctx context.Context, token, address string) (notary.Caller, error) {
	if token == "" {
		return notary.Caller{Address: address}, nil
	}
	account, session, err := s.session(ctx, token)
	if err != nil {
		return notary.Caller{}, err
	}
	if account == nil {
		s.recognized.remove(hashToken(token))
		return notary.Caller{}, notary.Errorf(notary.Unauthenticated, "this token is not valid or has expired: log in again")
	}
	s.recognized.add(hashToken(token), s.now())
	s.noteUse(hashToken(token), session)
	return notary.Caller{AccountID: account.ID, Email: account.Email, Role: account.Role, Address: address,
		SessionID: session.ID}, nil
}

// session is the account and the session with that token; nil where it is nobody's.
func (s *Service) session(ctx context.Context, token string) (*notary.Account, *notary.Session, error) {
	tokenHash, now := hashToken(token), s.now()
	if s.sessions == nil {
		return s.liveSession(ctx, tokenHash, now)
	}
	known, generation := s.sessions.get(tokenHash, now)
	if known != nil && live(&known.session, now) {
		return &known.account, &known.session, nil
	}
	account, session, err := s.liveSession(ctx, tokenHash, now)
	if account != nil {
		s.sessions.put(tokenHash, knownSession{*account, *session}, generation)
	}
	return account, session, err
}

// liveSession returns the session with that token hash and its account; nil if it is not [live].
func (s *Service) liveSession(ctx context.Context, tokenHash []byte,
	now time.Time) (*notary.Account, *notary.Session, error) {
	account, session, err := s.store.SessionAccount(ctx, tokenHash, now)
	if err != nil || account == nil || !live(session, now) {
		return nil, nil, err
	}
	return account, session, nil
}

// changedSessions is deferred by whatever ends a session or changes an account.
func (s *Service) changedSessions() {
	if s.sessions != nil {
		s.sessions.changed()
	}
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
