package notary

import "time"

// Session is a login of an account, from a program that holds a token or from a browser.
type Session struct {
	ID         int64
	AccountID  int64
	Browser    bool
	Address    string // client IP address at login
	UserAgent  string // self-reported and truncated; not verified
	CreatedAt  time.Time
	LastSeenAt time.Time // to the minute
	ExpiresAt  time.Time // extended while a browser uses the session
	Current    bool      // whether it is the caller's session
}
