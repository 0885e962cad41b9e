package page

import "time"

// When formats a time, relative to now or exactly.
type When struct{ at, now time.Time }

// Known reports whether the time is set.
func (w When) Known() bool { return !w.at.IsZero() }

// Machine returns the time in RFC 3339.
func (w When) Machine() string { return w.at.UTC().Format(time.RFC3339) }

// Exact returns the time with seconds and zone.
func (w When) Exact() string { return w.at.UTC().Format("2006-01-02 15:04:05 UTC") }

// Day returns the date.
func (w When) Day() string { return w.at.UTC().Format(time.DateOnly) }

// Past reports whether the time is in the past.
func (w When) Past() bool { return w.at.Before(w.now) }

// Soon reports whether the time is in the past or within the next 30 days.
func (w When) Soon() bool { return w.at.Before(w.now.AddDate(0, 0, 30)) }

// Relative returns the time relative to now in the largest unit, such as "in 3 days".
func (w When) Relative() string {
	d := w.at.Sub(w.now)
	past := d <= 0
	d = d.Abs()
	const day = 24 * time.Hour
	var text string
	switch {
	case d < time.Minute && past:
		return "just now"
	case d < time.Minute:
		text = "less than a minute"
	case d < time.Hour:
		text = Plural(int64(d/time.Minute), "minute")
	case d < 2*day:
		text = Plural(int64(d/time.Hour), "hour")
	case d < 60*day:
		text = Plural(int64(d/day), "day")
	case d < 730*day:
		text = Plural(int64(d/(30*day)), "month")
	default:
		text = Plural(int64(d/(365*day)), "year")
	}
	if past {
		return text + " ago"
	}
	return "in " + text
}
