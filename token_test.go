package notary_test

import (
	"testing"
	"time"

	"notary"
)

func TestQuotaLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 6, 1, 12, 30, 0, 0, time.UTC)
	thisHour := time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		issued notary.Issued
		want   int64
	}{
		"never used":               {notary.Issued{}, 5},
		"in this hour":             {notary.Issued{Since: thisHour, Count: 3}, 2},
		"used up":                  {notary.Issued{Since: thisHour, Count: 5}, 0},
		"in the last hour":         {notary.Issued{Since: thisHour.Add(-time.Hour), Count: 5}, 5},
		"by a clock that is ahead": {notary.Issued{Since: thisHour.Add(time.Hour), Count: 4}, 1},
	} {
		token := &notary.Token{PerHour: 5, InHour: test.issued}
		if got := token.LeftInHour(now); got != test.want {
			t.Errorf("%s: %d left, want %d", name, got, test.want)
		}
	}
}
