package notary

import "time"

// Token is an API token: a principal of its own, for a program. What it may do is the intersection of its grants and
// of what its creator may do at the time.
type Token struct {
	ID      int64
	Name    string
	Creator Ref // the account on whose behalf it acts and which owns what it submits

	CreatorDeleted bool
	Start          string // the first characters of its secret, to recognise it
	Grants         []GrantTerms
	Ranges         []string // client addresses (CIDR); nil for any
	PerHour        int64    // issued certificates per clock hour; 0 for no limit
	PerDay         int64    // and per day (UTC)

	CreatedAt, ExpiresAt time.Time
	RevokedAt            time.Time // zero unless revoked
	LastUsedAt           time.Time // to the minute; zero if never
	LastAddress          string    // client IP address
	QuotaExceededAt      time.Time // when a call last exceeded a quota for the first time in its period; zero if never
}

// Ref returns a reference to the token.
func (t *Token) Ref() Ref { return NewRef(TokenPrincipal, t.ID, t.Name) }

// TokenStatus is the derived status of a [Token].
type TokenStatus string

const (
	TokenActive    TokenStatus = "active"
	TokenExpired   TokenStatus = "expired"
	TokenRevoked   TokenStatus = "revoked"
	TokenSuspended TokenStatus = "suspended" // its creator's account was deleted
)

// Status returns the status at the time.
func (t *Token) Status(now time.Time) TokenStatus {
	switch {
	case !t.RevokedAt.IsZero():
		return TokenRevoked
	case !now.Before(t.ExpiresAt):
		return TokenExpired
	case t.CreatorDeleted:
		return TokenSuspended
	}
	return TokenActive
}

const (
	// TokenUnusedAfter is how long a token may be unused before it is pointed out.
	TokenUnusedAfter = 90 * 24 * time.Hour
	// TokenNeverUsedAfter is the same for one that has never been used, from its creation.
	TokenNeverUsedAfter = 7 * 24 * time.Hour
	// QuotaAlertFor is how long an exceeded quota is pointed out.
	QuotaAlertFor = 24 * time.Hour
)

// Unused reports whether an active token has not been used for long, or never.
func (t *Token) Unused(now time.Time) bool {
	if t.Status(now) != TokenActive {
		return false
	}
	if t.LastUsedAt.IsZero() {
		return now.Sub(t.CreatedAt) >= TokenNeverUsedAfter
	}
	return now.Sub(t.LastUsedAt) >= TokenUnusedAfter
}

// QuotaExceeded reports whether the token exceeded a quota within [QuotaAlertFor].
func (t *Token) QuotaExceeded(now time.Time) bool {
	return t.Status(now) == TokenActive && !t.QuotaExceededAt.IsZero() && now.Sub(t.QuotaExceededAt) < QuotaAlertFor
}

// NeedsAttention reports whether the token is pointed out on the overview.
func (t *Token) NeedsAttention(now time.Time) bool {
	return t.Status(now) == TokenSuspended || t.Unused(now) || t.QuotaExceeded(now)
}

// TokenRights are the rights of a [Caller] that is a token.
type TokenRights struct {
	Creator Ref
	Role    Role // of the creator when the token was authenticated
	Grants  []GrantTerms
	Quota   bool // its issuance is counted
}

// Rights returns the token's rights, with the role of its creator.
func (t *Token) Rights(role Role) *TokenRights {
	return &TokenRights{Creator: t.Creator, Role: role, Grants: t.Grants, Quota: t.PerHour > 0 || t.PerDay > 0}
}

// Account returns the account on whose behalf the caller acts: its own or, for a token, that of the creator.
func (c Caller) Account() Ref {
	if c.Token != nil {
		return c.Token.Creator
	}
	return c.Principal
}
