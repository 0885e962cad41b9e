package cli

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, test := range []struct {
		distance        time.Duration
		relative, exact string
	}{
		{0, "now", "2026-06-01T12:00:00Z (now)"},
		{-59 * time.Second, "now", "2026-06-01T11:59:01Z (now)"},
		{80 * time.Second, "in 1 min", "2026-06-01T12:01:20Z (in 1 min)"},
		{10*day - time.Second, "in 10 days", "2026-06-11T11:59:59Z (in 10 days)"},
		{-119 * time.Minute, "119 min ago", "2026-06-01T10:01:00Z (119 min ago)"},
		{2 * time.Hour, "in 2 hours", "2026-06-01T14:00:00Z (in 2 hours)"},
		{2 * day, "in 2 days", "2026-06-03T12:00:00Z (in 2 days)"},
		{-99 * day, "99 days ago", "2026-02-22T12:00:00Z (99 days ago)"},
		{100 * day, "2026-09-09", "2026-09-09T12:00:00Z"},
		{-100 * day, "2026-02-21", "2026-02-21T12:00:00Z"},
	} {
		at := now.Add(test.distance).In(time.FixedZone("", 5*3600))
		if got := relative(&at, now); got != test.relative {
			t.Errorf("relative(%v) = %q, want %q", test.distance, got, test.relative)
		}
		if got := exact(&at, now); got != test.exact {
			t.Errorf("exact(%v) = %q, want %q", test.distance, got, test.exact)
		}
	}
	var zero time.Time
	for _, none := range []*time.Time{nil, &zero} {
		if got := relative(none, now) + exact(none, now); got != "" {
			t.Errorf("no time is %q", got)
		}
	}
}
