package api

import "time"

// Session is a login of an account.
type Session struct {
	ID         int64     `json:"id"`
	Browser    bool      `json:"browser" doc:"Whether it is a browser session; otherwise a program holds the token"`
	Address    string    `json:"address" doc:"Client IP address at login"`
	UserAgent  string    `json:"user_agent" doc:"Self-reported by the client; not verified"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at" doc:"To the minute"`
	ExpiresAt  time.Time `json:"expires_at" doc:"Extended while a browser uses the session"`
	Current    bool      `json:"current" doc:"Whether it is the session of this call"`
}
