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

// How long sessions live.
const (
	tokenLife          = 24 * time.Hour      // a program's token
	DefaultSessionIdle = time.Hour           // a browser's session without use
	DefaultSessionLife = 12 * time.Hour      // a browser's session in any case
	maxSessionLife     = 30 * 24 * time.Hour // whatever is configured

	// seenEvery is how often it is noted at most that a session is in use.
	seenEvery = time.Minute
	seenTime  = 10 * time.Second // that this may take
)

const maxUserAgent = 200 // octets

// limits are those of a browser's session.
type limits struct{ idle, life time.Duration }

// LimitSessions sets how long a browser's session lives without use, and in any case. It
// applies to new sessions, and to each existing one from its next use.
func (s *Service) LimitSessions(idle, life time.Duration) { s.limits.Store(&limits{idle, life}) }

// end is when a session that was begun then and is used now will end.
func (l limits) end(begun, now time.Time) time.Time {
	end, last := now.Add(l.idle), begun.Add(l.life)
	if last.Before(end) {
		return last
	}
	return end
}

// live reports whether a session has begun and is within the maximum lifetime of its kind, whatever
// expiry is recorded for it.
func live(session *notary.Session, now time.Time) bool {
	life := tokenLife
	if session.Browser {
		life = maxSessionLife
	}
	return !session.CreatedAt.After(now.Add(store.MaxClockSkew)) && now.Before(session.CreatedAt.Add(life))
}

// newSession is one that begins now.
func (s *Service) newSession(accountID int64, from Client, browser bool) notary.Session {
	now := s.now()
	session := notary.Session{AccountID: accountID, Browser: browser, Address: from.Address, UserAgent: plainText(from.UserAgent),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(tokenLife), Current: true}
	if browser {
		session.ExpiresAt = s.limits.Load().end(now, now)
	}
	return session
}

// begin records the session, with its id, and gives its token.
func begin(tx *store.Tx, session *notary.Session) (token string, err error) {
	token = newToken()
	session.ID, err = tx.InsertSession(session, hashToken(token))
	return token, err
}

// plainText is what a client calls itself, without what cannot be shown, cut short.
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

// seen are the sessions of which it is being noted that they are in use.
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

// noteUse notes that a session is in use, at most once a minute, and puts the end of a
// browser's off. The call does not wait for that.
func (s *Service) noteUse(tokenHash []byte, session *notary.Session) {
	now := s.now()
	if now.Sub(session.LastSeenAt) < seenEvery || !s.seen.begin(tokenHash) {
		return
	}
	expires := session.ExpiresAt
	if session.Browser {
		expires = s.limits.Load().end(session.CreatedAt, now)
	}
	s.seen.running.Go(func() {
		defer s.seen.end(tokenHash)
		ctx, cancel := context.WithTimeout(context.Background(), seenTime)
		defer cancel()
		err := s.store.Write(ctx, func(tx *store.Tx) error { return tx.TouchSession(session.ID, expires) })
		if err != nil { // the next call tries again
			s.log.Debug("could not note that a session is in use", "error", err)
			return
		}
		if s.sessions != nil {
			s.sessions.used(tokenHash, now, expires)
		}
	})
}

// Sessions are the caller's own sessions that have not ended, the last begun first. The one
// with the token is marked as the current one.
func (s *Service) Sessions(ctx context.Context, caller notary.Caller, token string) ([]*notary.Session, error) {
	if !caller.Known() {
		return nil, notary.Errorf(notary.Unauthenticated, "log in first")
	}
	all, err := s.store.Sessions(ctx, caller.AccountID, s.now())
	if err != nil {
		return nil, err
	}
	_, current, err := s.session(ctx, token)
	for _, session := range all {
		session.Current = current != nil && session.ID == current.ID
	}
	return all, err
}

// EndSession ends one of the caller's own sessions at once.
func (s *Service) EndSession(ctx context.Context, caller notary.Caller, id int64) error {
	return s.endSessions(ctx, caller, notary.Fields{"session_id": id}, func(tx *store.Tx) error {
		return tx.DeleteSessionOf(caller.AccountID, id)
	})
}

// EndOtherSessions ends all of the caller's own sessions but the one with the token.
func (s *Service) EndOtherSessions(ctx context.Context, caller notary.Caller, token string) error {
	if !caller.Known() {
		return notary.Errorf(notary.Unauthenticated, "log in first")
	}
	_, current, err := s.session(ctx, token)
	if err != nil {
		return err
	}
	if current == nil || current.AccountID != caller.AccountID {
		return notary.Errorf(notary.Unauthenticated, "this session has ended: log in again")
	}
	return s.endSessions(ctx, caller, notary.Fields{"sessions": "all others"}, func(tx *store.Tx) error {
		return tx.DeleteOtherSessions(caller.AccountID, current.ID)
	})
}

// Logout ends the caller's session with that token at once.
func (s *Service) Logout(ctx context.Context, caller notary.Caller, token string) error {
	return s.endSessions(ctx, caller, nil, func(tx *store.Tx) error { return tx.DeleteSession(hashToken(token)) })
}

func (s *Service) endSessions(ctx context.Context, caller notary.Caller, ended notary.Fields, end func(*store.Tx) error) error {
	if !caller.Known() {
		return notary.Errorf(notary.Unauthenticated, "log in first")
	}
	defer s.changedSessions()
	return s.store.WriteAccount(ctx, caller, caller.AccountID, func(tx *store.Tx) error {
		if err := end(tx); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "account.logout", caller.Account()).Set(ended))
	})
}

// CleanUp deletes expired sessions. It runs periodically.
func (s *Service) CleanUp(ctx context.Context) error {
	defer s.changedSessions()
	return s.store.Write(ctx, (*store.Tx).DeleteExpiredSessions)
}
