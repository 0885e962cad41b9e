package page

import "time"

// Chart is a bar chart of consecutive periods. Coordinates are in SVG user units.
type Chart struct {
	Width, Height int
	Base          int // y of the axis
	Bars          []Bar
}

// Bar is one period of a [Chart].
type Bar struct {
	Period
	X, Y, Width, Height int
	Label               string // below the bar, or ""
}

// Period is the data of a [Bar].
type Period struct {
	From, Until time.Time
	Count       int64
	List        string // URL of the list of counted objects
}

const (
	chartHeight = 150
	chartRoof   = 18 // above the highest bar, for its count
	chartFoot   = 22 // below the bars, for the dates
	barStep     = 36
	barWidth    = 28
	labelEvery  = 3 // bars
)

// NewChart returns the chart of the periods.
func NewChart(periods []Period) Chart {
	c := Chart{Width: len(periods) * barStep, Height: chartHeight, Base: chartHeight - chartFoot}
	most := int64(1)
	for _, p := range periods {
		most = max(most, p.Count)
	}
	for i, p := range periods {
		b := Bar{Period: p, X: i*barStep + (barStep-barWidth)/2, Width: barWidth}
		if p.Count > 0 { // always visible
			b.Height = max(2, int(float64(p.Count)/float64(most)*float64(c.Base-chartRoof)))
		}
		b.Y = c.Base - b.Height
		if i%labelEvery == 0 {
			b.Label = p.From.Format("2 Jan")
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// Any reports whether any count is greater than zero.
func (c Chart) Any() bool {
	for _, b := range c.Bars {
		if b.Count > 0 {
			return true
		}
	}
	return false
}

// Middle returns the x coordinate of the bar's middle.
func (b Bar) Middle() int { return b.X + b.Width/2 }

// Above returns the y coordinate of the count above the bar.
func (b Bar) Above() int { return b.Y - 5 }

// First returns the first day of the period.
func (b Bar) First() string { return b.From.Format(time.DateOnly) }

// Last returns the last day of the period.
func (b Bar) Last() string { return b.Until.Add(-time.Second).Format(time.DateOnly) }
