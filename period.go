package notary

import (
	"strconv"
	"strings"
	"time"
)

// units are those of periods, the longest first. A day has 24 hours.
var units = []struct {
	letter string
	length time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// maxPeriod is the longest period: a duration holds no more than 292 years.
const maxPeriod = 100_000 * 24 * time.Hour

// ParsePeriod reads a period as people write it: a whole number and a unit, d for days, h for
// hours, m for minutes or s for seconds, such as "90d".
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

// FormatPeriod writes a period so that [ParsePeriod] reads it, in the longest unit of which it
// is a multiple. Parts of a second are left out.
func FormatPeriod(d time.Duration) string {
	d = d.Truncate(time.Second)
	for _, unit := range units {
		if d%unit.length == 0 && d != 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.letter
		}
	}
	return "0s"
}
