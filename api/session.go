package api

import "time"

// Session is one login.
type Session struct {
	ID         int64     `json:"id"`
	Browser    bool      `json:"browser" doc:"Whether it is a browser's; otherwise a program has a token"`
	Address    string    `json:"address" doc:"The IP address from which it was begun"`
	UserAgent  string    `json:"user_agent" doc:"What the browser or program calls itself; nobody checks it"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at" doc:"To the minute"`
	ExpiresAt  time.Time `json:"expires_at" doc:"A browser's is put off while it is used"`
	Current    bool      `json:"current" doc:"Whether this call was made with it"`
}
