package notary

import (
	"strconv"
	"strings"
	"time"
)

var units = []struct {
	letter string
	length time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// maxPeriod is the longest period, about 274 years. A [time.Duration] holds at most 292.
const maxPeriod = 100_000 * 24 * time.Hour

// ParsePeriod parses a whole number and a unit, d (24 hours), h, m or s, such as "90d". It returns false if text is not
// valid or the period is too long.
func ParsePeriod(text string) (time.Duration, bool) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || digits != strconv.FormatUint(n, 10) || n > uint64(maxPeriod/unit.length) {
			return 0, false
		}
		return time.Duration(n) * unit.length, true
	}
	return 0, false
}

// FormatPeriod formats d for [ParsePeriod], in the longest unit that divides d. It drops fractions of a second.
func FormatPeriod(d time.Duration) string {
	d = d.Truncate(time.Second)
	for _, unit := range units {
		if d%unit.length == 0 && d != 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.letter
		}
	}
	return "0s"
}
