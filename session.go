package notary

import "time"

// Session is one login of an account: by a program, which then holds a token, or in a browser.
type Session struct {
	ID         int64
	AccountID  int64
	Browser    bool
	Address    string // the IP address from which it was begun
	UserAgent  string // what the program or browser calls itself, cut short; nobody checks it
	CreatedAt  time.Time
	LastSeenAt time.Time // to the minute
	ExpiresAt  time.Time // a browser's is put off while it is used
	Current    bool      // it is the session of whoever asks
}
