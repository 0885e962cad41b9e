package auth

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"notary"
	"notary/internal/store"
)

type knownSession struct {
	account notary.Account
	session notary.Session
}

type knownToken struct {
	token notary.Token
	role  notary.Role // of its creator
}

// Caller returns the caller that holds the session token or API token, or an anonymous caller if token is empty. It
// returns a [notary.Unauthenticated] error if the token is invalid or expired.
//
// If an API token exists but cannot be used, Caller records the refusal and returns the token's principal with the
// error.
func (s *Service) Caller(ctx context.Context, token, address string) (notary.Caller, error) {
	if isSecret(token) {
		return s.tokenCaller(ctx, token, address)
	}
	return s.SessionCaller(ctx, token, address)
}

// SessionCaller is like Caller but accepts only session tokens.
func (s *Service) SessionCaller(ctx context.Context, token, address string) (notary.Caller, error) {
	if token == "" {
		return notary.Caller{Address: address}, nil
	}
	account, session, err := s.session(ctx, token)
	if err != nil {
		return notary.Caller{}, err
	}
	if account == nil {
		s.recognized.remove(hashToken(token))
		return notary.Caller{}, notary.Errorf(notary.Unauthenticated, "this token is not valid or has expired: "+
			"log in again")
	}
	s.recognized.add(hashToken(token), s.now())
	s.noteSession(hashToken(token), session)
	caller := account.Caller()
	caller.Address, caller.SessionID = address, session.ID
	return caller, nil
}

func (s *Service) session(ctx context.Context, token string) (*notary.Account, *notary.Session, error) {
	tokenHash, now := hashToken(token), s.now()
	if s.sessions == nil {
		return s.liveSession(ctx, tokenHash, now)
	}
	known, generation := s.sessions.get(tokenHash)
	if known != nil && now.Before(known.session.ExpiresAt) && live(&known.session, now) {
		return &known.account, &known.session, nil
	}
	account, session, err := s.liveSession(ctx, tokenHash, now)
	if account != nil {
		s.sessions.put(tokenHash, knownSession{*account, *session}, generation)
	}
	return account, session, err
}

func (s *Service) liveSession(ctx context.Context, tokenHash []byte,
	now time.Time) (*notary.Account, *notary.Session, error) {
	account, session, err := s.store.SessionAccount(ctx, tokenHash, now)
	if err != nil || account == nil || !live(session, now) {
		return nil, nil, err
	}
	return account, session, nil
}

func (s *Service) tokenCaller(ctx context.Context, secret, address string) (notary.Caller, error) {
	if !intactSecret(secret) {
		return notary.Caller{}, notary.Errorf(notary.Unauthenticated, "this API token is incomplete or mistyped: its "+
			"checksum is wrong")
	}
	secretHash := hashToken(secret)
	known, err := s.token(ctx, secretHash)
	if err != nil {
		return notary.Caller{}, err
	}
	if known == nil {
		return notary.Caller{}, notary.Errorf(notary.Unauthenticated, "this API token does not exist")
	}
	caller := notary.Caller{Principal: known.token.Ref(), Role: notary.NoRole, Address: address}
	if reason, err := s.unusable(&known.token, address); err != nil {
		s.recognized.remove(secretHash)
		s.refusedToken(caller, reason)
		return caller, err
	}
	s.recognized.add(secretHash, s.now())
	s.noteToken(secretHash, &known.token, address)
	caller.Token = known.token.Rights(known.role)
	return caller, nil
}

// token returns the API token with the given hash, or nil if none exists.
func (s *Service) token(ctx context.Context, secretHash []byte) (*knownToken, error) {
	generation := 0
	if s.tokens != nil {
		var known *knownToken
		if known, generation = s.tokens.get(secretHash); known != nil {
			return known, nil
		}
	}
	token, role, err := s.store.TokenByHash(ctx, secretHash)
	if err != nil || token == nil {
		return nil, err
	}
	known := knownToken{*token, role}
	if s.tokens != nil {
		s.tokens.put(secretHash, known, generation)
	}
	return &known, nil
}

// unusable returns an error and a one-word reason if a token cannot currently be used from the address.
func (s *Service) unusable(t *notary.Token, address string) (reason string, err error) {
	status := t.Status(s.now())
	switch {
	case status == notary.TokenSuspended:
		return string(status), notary.Errorf(notary.Unauthenticated, "the account that created this API token was "+
			"deleted: ask an Admin to take the token over, or create a new one")
	case status != notary.TokenActive:
		return string(status), notary.Errorf(notary.Unauthenticated, "this API token is %s: create a new one", status)
	case t.Grants == nil:
		return "damaged", notary.Errorf(notary.Unauthenticated, "the grants of this API token cannot be read: create a "+
			"new one")
	case !inRanges(t.Ranges, address):
		return "address", notary.Errorf(notary.Forbidden, "this API token cannot be used from the address %s: use it "+
			"from one of its address ranges", address)
	}
	return "", nil
}

func inRanges(ranges []string, address string) bool {
	ip, err := netip.ParseAddr(address)
	return ranges == nil || err == nil && slices.ContainsFunc(ranges, func(text string) bool {
		prefix, err := netip.ParsePrefix(text)
		return err == nil && prefix.Contains(ip.Unmap().WithZone(""))
	})
}

// clearCaches drops all cached tokens. Functions that end a session or change an account or token must defer it.
func (s *Service) clearCaches() {
	if s.sessions != nil {
		s.sessions.clear()
		s.tokens.clear()
	}
}

// noteSession records that a session is in use, at most once a minute, and extends a browser's session. It does not
// block.
func (s *Service) noteSession(tokenHash []byte, session *notary.Session) {
	now, expires := s.now(), session.ExpiresAt
	if session.Browser {
		expires = s.limits.Load().end(session.CreatedAt, now)
	}
	s.noteUse(tokenHash, session.LastSeenAt, func(tx *store.Tx) error { return tx.TouchSession(session.ID, expires) },
		func() {
			if s.sessions != nil {
				s.sessions.update(tokenHash, func(k *knownSession) {
					k.session.LastSeenAt, k.session.ExpiresAt = now, expires
				})
			}
		})
}

// noteToken is like noteSession for an API token.
func (s *Service) noteToken(secretHash []byte, t *notary.Token, address string) {
	now := s.now()
	s.noteUse(secretHash, t.LastUsedAt, func(tx *store.Tx) error { return tx.TouchToken(t.ID, address) },
		func() {
			if s.tokens != nil {
				s.tokens.update(secretHash, func(k *knownToken) { k.token.LastUsedAt = now })
			}
		})
}
