package notary

import "time"

// Token is an API token, the principal of a program. It may do what both its grants and the current permissions of its
// creator allow.
type Token struct {
	ID      int64
	Name    string
	Creator Ref // the account on whose behalf it acts and which owns what it submits

	CreatorDeleted bool
	Start          string // the first characters of its secret, to recognise it
	Grants         []GrantTerms
	Ranges         []string // client addresses (CIDR); nil for any
	PerHour        int64    // issued certificates per clock hour; 0 for no limit
	PerDay         int64    // issued certificates per day (UTC); 0 for no limit

	CreatedAt, ExpiresAt time.Time
	RevokedAt            time.Time // zero unless revoked
	LastUsedAt           time.Time // to the minute; zero if never
	LastAddress          string    // client IP address
	InHour, InDay        Issued    // counted for the quotas
	QuotaExceededAt      time.Time // first refusal in the latest hour or day in which a quota was exceeded; zero if never
}

// Issued is the number of certificates that a token issued in the period of a quota, an hour or a day (UTC).
type Issued struct {
	Since time.Time // start of the latest such period in which it issued any
	Count int64
}

// LeftInHour returns how many certificates the token can still issue in the current hour if it has a quota per hour.
func (t *Token) LeftInHour(now time.Time) int64 { return t.InHour.left(t.PerHour, time.Hour, now) }

// LeftInDay returns how many certificates the token can still issue on the current day if it has a quota per day.
func (t *Token) LeftInDay(now time.Time) int64 { return t.InDay.left(t.PerDay, 24*time.Hour, now) }

func (i Issued) left(quota int64, period time.Duration, now time.Time) int64 {
	if !now.Before(i.Since.Add(period)) {
		return quota
	}
	return max(quota-i.Count, 0)
}

// MaxTokenPage is the maximum number of tokens on a page, which is lower than [MaxPage] because tokens can be large.
const MaxTokenPage = 100

// TokenQuery requests one page of API tokens, newest first.
type TokenQuery struct {
	ID        int64  // 0 for any
	CreatorID int64  // 0 for any
	Limit     int    // page size, from 1 to [MaxTokenPage]
	After     Cursor // return the page after it; "" for the newest tokens
	Before    Cursor // return the page before it; not together with After
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

// Status returns the token's status at the given time.
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
	// TokenUnusedAfter is the period without use after which a token needs attention.
	TokenUnusedAfter = 90 * 24 * time.Hour
	// TokenNeverUsedAfter is the age at which a token that was never used needs attention.
	TokenNeverUsedAfter = 7 * 24 * time.Hour
	// QuotaAlertFor is how long a token needs attention after it exceeded a quota.
	QuotaAlertFor = 24 * time.Hour
)

// Unused reports whether the token is active and has not been used for [TokenUnusedAfter] or, if it was never used, for
// [TokenNeverUsedAfter].
func (t *Token) Unused(now time.Time) bool {
	if t.Status(now) != TokenActive {
		return false
	}
	if t.LastUsedAt.IsZero() {
		return now.Sub(t.CreatedAt) >= TokenNeverUsedAfter
	}
	return now.Sub(t.LastUsedAt) >= TokenUnusedAfter
}

// QuotaExceeded reports whether the token is active and exceeded a quota less than [QuotaAlertFor] ago.
func (t *Token) QuotaExceeded(now time.Time) bool {
	return t.Status(now) == TokenActive && !t.QuotaExceededAt.IsZero() && now.Sub(t.QuotaExceededAt) < QuotaAlertFor
}

// NeedsAttention reports whether the overview lists the token: it is suspended, is unused or has exceeded a quota.
func (t *Token) NeedsAttention(now time.Time) bool {
	return t.Status(now) == TokenSuspended || t.Unused(now) || t.QuotaExceeded(now)
}

// TokenRights are the rights of a [Caller] that is an API token.
type TokenRights struct {
	Creator Ref
	Role    Role // of the creator when the token was authenticated
	Grants  []GrantTerms
	Quota   bool // whether the token has a quota
}

// Rights returns the token's rights, given the role of its creator.
func (t *Token) Rights(role Role) *TokenRights {
	return &TokenRights{Creator: t.Creator, Role: role, Grants: t.Grants, Quota: t.PerHour > 0 || t.PerDay > 0}
}

// Account returns the account on whose behalf the caller acts: its own account or, for a token, the creator's.
func (c Caller) Account() Ref {
	if c.Token != nil {
		return c.Token.Creator
	}
	return c.Principal
}
