package notary

import "time"

// Session is a login of an account, in a browser or by a program that holds the token.
type Session struct {
	ID         int64
	AccountID  int64
	Browser    bool
	Address    string // client IP address at login
	UserAgent  string // self-reported and truncated; not verified
	CreatedAt  time.Time
	LastSeenAt time.Time // to the minute
	ExpiresAt  time.Time // extended while a browser uses the session
	Current    bool      // whether the caller uses this session
}
