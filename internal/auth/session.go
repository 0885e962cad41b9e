package auth

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/store"
)

const (
	sessionLife        = 24 * time.Hour      // of a program's session
	DefaultSessionIdle = time.Hour           // idle timeout of a browser session
	DefaultSessionLife = 12 * time.Hour      // maximum lifetime of a browser session
	maxSessionLife     = 30 * 24 * time.Hour // upper limit for the configured lifetime

	seenEvery = time.Minute
	seenTime  = 10 * time.Second // timeout for recording LastSeenAt
)

const maxUserAgent = 200 // octets

type limits struct{ idle, life time.Duration }

// LimitSessions sets the idle timeout and maximum lifetime of browser sessions. The limits apply to existing sessions
// from their next use.
func (s *Service) LimitSessions(idle, life time.Duration) { s.limits.Store(&limits{idle, life}) }

func (l limits) end(begun, now time.Time) time.Time {
	end, last := now.Add(l.idle), begun.Add(l.life)
	if last.Before(end) {
		return last
	}
	return end
}

// live reports whether a session was created in the past and is within the maximum lifetime for its type, regardless of
// its recorded expiry.
func live(session *notary.Session, now time.Time) bool {
	life := sessionLife
	if session.Browser {
		life = maxSessionLife
	}
	return !session.CreatedAt.After(now.Add(store.MaxClockSkew)) && now.Before(session.CreatedAt.Add(life))
}

func (s *Service) newSession(accountID int64, from Client, browser bool) notary.Session {
	now := s.now()
	session := notary.Session{AccountID: accountID, Browser: browser, Address: from.Address,
		UserAgent: plainText(from.UserAgent),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(sessionLife), Current: true}
	if browser {
		session.ExpiresAt = s.limits.Load().end(now, now)
	}
	return session
}

func begin(tx *store.Tx, session *notary.Session) (token string, err error) {
	token = newToken()
	session.ID, err = tx.InsertSession(session, hashToken(token))
	return token, err
}

func plainText(userAgent string) string {
	userAgent = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, userAgent)
	for len(userAgent) > maxUserAgent {
		_, size := utf8.DecodeLastRuneInString(userAgent)
		userAgent = userAgent[:len(userAgent)-size]
	}
	return userAgent
}

type seen struct {
	mu      sync.Mutex
	noting  map[string]bool
	running sync.WaitGroup
}

func (s *seen) begin(tokenHash []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noting[string(tokenHash)] {
		return false
	}
	if s.noting == nil {
		s.noting = map[string]bool{}
	}
	s.noting[string(tokenHash)] = true
	return true
}

func (s *seen) end(tokenHash []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.noting, string(tokenHash))
}

// noteUse records the use of a bearer token with touch, in the background and at most once a minute. If touch succeeds,
// it calls done.
func (s *Service) noteUse(tokenHash []byte, last time.Time, touch func(*store.Tx) error, done func()) {
	if s.now().Sub(last) < seenEvery || !s.seen.begin(tokenHash) {
		return
	}
	s.seen.running.Go(func() {
		defer s.seen.end(tokenHash)
		ctx, cancel := context.WithTimeout(context.Background(), seenTime)
		defer cancel()
		if err := s.store.Write(ctx, touch); err != nil { // the next call retries
			s.log.Debug("could not record the use of a token", "error", err)
			return
		}
		done()
	})
}

// requireAccount returns an error if the caller is anonymous or an API token.
func requireAccount(caller notary.Caller) error {
	switch {
	case !caller.Known():
		return notary.Errorf(notary.Unauthenticated, "log in first")
	case caller.Token != nil:
		return notary.Errorf(notary.Forbidden, "an API token cannot do this: log in with an account")
	}
	return nil
}

// Sessions returns the caller's own active sessions, most recent first. It marks the session with the given token as
// current.
func (s *Service) Sessions(ctx context.Context, caller notary.Caller, token string) ([]*notary.Session, error) {
	if err := requireAccount(caller); err != nil {
		return nil, err
	}
	all, err := s.store.Sessions(ctx, caller.Principal.ID, s.now())
	if err != nil {
		return nil, err
	}
	_, current, err := s.session(ctx, token)
	for _, session := range all {
		session.Current = current != nil && session.ID == current.ID
	}
	return all, err
}

// EndSession ends one of the caller's own sessions.
func (s *Service) EndSession(ctx context.Context, caller notary.Caller, id int64) error {
	return s.endSessions(ctx, caller, notary.Fields{"session_id": id}, func(tx *store.Tx) error {
		return tx.DeleteSessionOf(caller.Principal.ID, id)
	})
}

// EndOtherSessions ends all of the caller's own sessions except the one with the given token.
func (s *Service) EndOtherSessions(ctx context.Context, caller notary.Caller, token string) error {
	if err := requireAccount(caller); err != nil {
		return err
	}
	_, current, err := s.session(ctx, token)
	if err != nil {
		return err
	}
	if current == nil || current.AccountID != caller.Principal.ID {
		return notary.Errorf(notary.Unauthenticated, "this session has ended: log in again")
	}
	return s.endSessions(ctx, caller, notary.Fields{"sessions": "all others"}, func(tx *store.Tx) error {
		return tx.DeleteOtherSessions(caller.Principal.ID, current.ID)
	})
}

// Logout ends the caller's session with the given token.
func (s *Service) Logout(ctx context.Context, caller notary.Caller, token string) error {
	return s.endSessions(ctx, caller, nil, func(tx *store.Tx) error { return tx.DeleteSession(hashToken(token)) })
}

func (s *Service) endSessions(ctx context.Context, caller notary.Caller, ended notary.Fields,
	end func(*store.Tx) error) error {
	if err := requireAccount(caller); err != nil {
		return err
	}
	defer s.clearCaches()
	return s.store.WriteAccount(ctx, caller, caller.Principal.ID, func(tx *store.Tx) error {
		if err := end(tx); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.logout", caller.Ref()).Set(ended))
	})
}

// CleanUp deletes expired sessions. It runs periodically.
func (s *Service) CleanUp(ctx context.Context) error {
	defer s.clearCaches()
	return s.store.Write(ctx, (*store.Tx).DeleteExpiredSessions)
}
