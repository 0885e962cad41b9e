package web

import (
	"net/url"
	"time"

	"notary"
)

// chart is a bar for each of the coming weeks, as numbers for the SVG of the template. Where
// nothing expires there is no bar.
type chart struct {
	Width, Height int
	Base          int // where the bars stand
	Bars          []bar
}

// bar is how many certificates expire in a week.
type bar struct {
	notary.Week
	X, Y, Width, Height int
	Label               string // below it; "" for most
	List                string // where they are listed
}

// chartDays is how far the chart looks ahead.
const chartDays = 7 * notary.OverviewWeeks

// The measures of the chart, in its own units.
const (
	chartHeight = 150
	chartRoof   = 18 // above the highest bar, for its number
	chartFoot   = 22 // below the bars, for the dates
	barStep     = 36
	barWidth    = 28
	labelEvery  = 3 // bars
)

func chartOf(weeks []notary.Week) chart {
	c := chart{Width: len(weeks) * barStep, Height: chartHeight, Base: chartHeight - chartFoot}
	most := int64(1)
	for _, w := range weeks {
		most = max(most, w.Count)
	}
	for i, w := range weeks {
		b := bar{Week: w, X: i*barStep + (barStep-barWidth)/2, Width: barWidth}
		if w.Count > 0 { // seen, however few they are beside the others
			b.Height = max(2, int(float64(w.Count)/float64(most)*float64(c.Base-chartRoof)))
		}
		b.Y = c.Base - b.Height
		if i%labelEvery == 0 {
			b.Label = w.From.Format("2 Jan")
		}
		b.List = expiringURL(chartDays) + "&" + url.Values{"expires_after": {w.From.Format(time.RFC3339)},
			"expires_before": {w.Until.Format(time.RFC3339)}}.Encode()
		c.Bars = append(c.Bars, b)
	}
	return c
}

// Middle is the middle of the bar.
func (b bar) Middle() int { return b.X + b.Width/2 }

// Above is where its number stands.
func (b bar) Above() int { return b.Y - 5 }

// First and Last are the days of the week.
func (b bar) First() string { return b.From.Format(time.DateOnly) }
func (b bar) Last() string  { return b.Until.Add(-time.Second).Format(time.DateOnly) }
