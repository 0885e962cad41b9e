package notary_test

import (
	"testing"
	"time"

	"notary"
)

func TestPeriods(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90d": 90 * 24 * time.Hour, "36h": 36 * time.Hour, "10m": 10 * time.Minute, "90s": 90 * time.Second,
		"36500d": 36500 * 24 * time.Hour,
	} {
		got, ok := notary.ParsePeriod(text)
		if !ok || got != want {
			t.Errorf("%q is %s (%t), want %s", text, got, ok, want)
		}
		if again := notary.FormatPeriod(want); again != text {
			t.Errorf("%s is written %q, want %q", want, again, text)
		}
	}
	for d, want := range map[time.Duration]string{48 * time.Hour: "2d", time.Hour + time.Nanosecond: "1h", 0: "0s",
		time.Second / 2: "0s"} {
		if got := notary.FormatPeriod(d); got != want {
			t.Errorf("%s is written %q, want %q", d, got, want)
		}
	}
	for _, text := range []string{"", "d", "90", "-90d", "+90d", "090d", "1.5d", "90 d", "90D", "1d12h", "90y",
		"100001d", "99999999999999999999d", "2400001h", "x"} {
		if d, ok := notary.ParsePeriod(text); ok {
			t.Errorf("%q is read as %s", text, d)
		}
	}
}
