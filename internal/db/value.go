package db

import "time"

// The range of times that JSON (RFC 3339) and X.509 can both express, in seconds since 1970.
var (
	earliest = time.Time{}.Unix()
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

// Seconds returns the database representation of a time: seconds since 1970, or 0 for the zero time.
func Seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// TimeOf returns the time that a column holds, clamped to the range that JSON can express.
func TimeOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(min(max(seconds, earliest), latest), 0).UTC()
}

// InRange reports whether JSON can express the time that a column holds.
func InRange(seconds int64) bool { return seconds >= earliest && seconds <= latest }
