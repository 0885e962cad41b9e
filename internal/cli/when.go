package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// relative formats a time for a table: relative to now if near, otherwise as a date in UTC.
func relative(t *time.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	distance := t.Sub(now)
	var amount string
	switch d := distance.Abs(); {
	case d < time.Minute:
		return "now"
	case d < 2*time.Hour:
		amount = fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	case d < 48*time.Hour:
		amount = fmt.Sprintf("%d hours", d.Round(time.Hour)/time.Hour)
	case d < 100*24*time.Hour:
		amount = fmt.Sprintf("%d days", d.Round(24*time.Hour)/(24*time.Hour))
	default:
		return t.UTC().Format(time.DateOnly)
	}
	if distance < 0 {
		return amount + " ago"
	}
	return "in " + amount
}

func exact(t *time.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	full := t.UTC().Format(time.RFC3339)
	if near := relative(t, now); near != t.UTC().Format(time.DateOnly) {
		full += " (" + near + ")"
	}
	return full
}

type endFlags struct {
	notAfter string
	days     int
	given    func(name string) bool
}

// maxDays limits periods in days. It is more than any profile allows, and small enough for date arithmetic.
const maxDays = 100 * 366

func (f *endFlags) register(c *cobra.Command, byDefault string) {
	c.Flags().StringVar(&f.notAfter, "not-after", "",
		"the expiry, such as 2027-12-31T23:59:59Z; limited to the issuer's expiry (default: "+byDefault+")")
	c.Flags().IntVar(&f.days, "days", 0, "the validity in days from now")
	c.MarkFlagsMutuallyExclusive("not-after", "days")
	f.given = c.Flags().Changed
}

func (f endFlags) end(now time.Time) (*time.Time, error) {
	switch {
	case f.given("not-after"):
		end, err := time.Parse(time.RFC3339, f.notAfter)
		if err != nil {
			return nil, usagef("--not-after %q is not a time: use one such as 2027-12-31T23:59:59Z (RFC 3339)", f.notAfter)
		}
		end = end.UTC()
		return &end, nil
	case !f.given("days"):
		return nil, nil
	case f.days < 1 || f.days > maxDays:
		return nil, usagef("--days must be between 1 and %d", maxDays)
	default:
		end := now.UTC().Truncate(time.Second).AddDate(0, 0, f.days)
		return &end, nil
	}
}
