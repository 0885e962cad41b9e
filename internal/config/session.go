package config

import (
	"time"

	"notary/internal/auth"
)

// Bounds of the settings for browser sessions and API tokens.
const (
	minSession     = 2 * time.Minute // activity is recorded to the minute
	maxSessionIdle = 24 * time.Hour
	maxSessionLife = 30 * 24 * time.Hour

	minTokenLife = time.Hour
	maxTokenLife = 10 * 365 * 24 * time.Hour
)

func checkSessions(s *settings, c *Config, p *problems) {
	c.SessionIdle = checkDuration(s, KeySessionIdle, auth.DefaultSessionIdle, minSession, maxSessionIdle,
		"2m to 24h, such as 30m", p)
	c.SessionLife = checkDuration(s, KeySessionLife, auth.DefaultSessionLife, minSession, maxSessionLife,
		"2m to 720h, such as 8h", p)
	c.TokenLife = checkDuration(s, KeyTokenLife, auth.DefaultTokenLife, minTokenLife, maxTokenLife,
		"1h to 87600h, such as 2160h", p)
}

// checkDuration returns the duration set for key, or otherwise if key is not set. If the duration is invalid or not
// between least and most, it adds a problem that suggests bounds.
func checkDuration(s *settings, key string, otherwise, least, most time.Duration, bounds string,
	p *problems) time.Duration {
	if !s.given(key) {
		return otherwise
	}
	d, err := time.ParseDuration(s.text(key, ""))
	if err != nil || d < least || d > most {
		p.add(s.where(key), "%q is not a duration in the allowed range: use %s", s.text(key, ""), bounds)
	}
	return d
}
