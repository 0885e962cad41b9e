package main

import "fmt"

// budget is what a figure has to keep.
type budget struct {
	atLeast float64 // 0 for no lower bound
	aim     float64 // more than atLeast: what we would like
	atMost  float64 // 0 for no upper bound
	below   float64 // 0 for no upper bound that is missed already when it is reached
	unit    string  // "×" for a ratio
	origin  string
}

// explained is where the budgets are.
const explained = "docs/performance.md"

// The budgets. They are stated for a million requests, and for 32 clients.
var (
	budgetSign           = &budget{atLeast: 0.2, aim: 0.3, unit: "×", origin: explained}
	budgetCreate         = &budget{atLeast: 0.2, aim: 0.3, unit: "×", origin: explained}
	budgetGet            = &budget{atLeast: 0.8, unit: "×", origin: explained}
	budgetPage           = &budget{atMost: 1.5, unit: "×", origin: explained}
	budgetRevoke         = &budget{atLeast: 0.8, unit: "×", origin: explained}
	budgetStart          = &budget{below: 1, unit: "s", origin: explained}
	budgetIdle           = &budget{below: 64, unit: "MiB", origin: explained}
	budgetStreaming      = &budget{below: 128, unit: "MiB", origin: explained}
	budgetOverload       = &budget{atLeast: 0.8, unit: "×", origin: explained}
	budgetOverloadMemory = &budget{below: 200, unit: "MiB", origin: explained}
	budgetHungRead       = &budget{atMost: 6, unit: "s", origin: explained}
	budgetHungStatus     = &budget{atMost: 100, unit: "ms", origin: explained}
	budgetHungReady      = &budget{atMost: 2, unit: "s", origin: explained}
	budgetHungStop       = &budget{atMost: 30, unit: "s", origin: explained}
	budgetBinary         = &budget{below: 45, unit: "MiB", origin: explained}
)

// statedRows is the size of the database that the budgets are stated for.
const statedRows = 1_000_000

// Verdicts.
const (
	met    = "met"
	aimMet = "met, aim too"
	missed = "missed"
)

// judge says whether a value keeps the budget.
func (b *budget) judge(value float64) string {
	switch {
	case value < b.atLeast, b.atMost > 0 && value > b.atMost, b.below > 0 && value >= b.below:
		return missed
	case b.aim > 0 && value >= b.aim:
		return aimMet
	default:
		return met
	}
}

func (b *budget) String() string {
	switch {
	case b.aim > 0:
		return fmt.Sprintf("≥ %g %s (aim %g)", b.atLeast, b.unit, b.aim)
	case b.atLeast > 0:
		return fmt.Sprintf("≥ %g %s", b.atLeast, b.unit)
	case b.atMost > 0:
		return fmt.Sprintf("≤ %g %s", b.atMost, b.unit)
	default:
		return fmt.Sprintf("< %g %s", b.below, b.unit)
	}
}

// comparison is what a figure stands beside: a floor, or the same at another size.
type comparison struct {
	with   string
	base   float64 // calls a second, or seconds
	median bool    // whether it is about the median instead of the calls a second
	budget *budget // of the ratio; nil for none
}

// rateOf compares the calls a second with those of an earlier figure.
func rateOf(earlier figure, when string, about *budget) comparison {
	return comparison{with: when, base: earlier.perSecond, budget: about}
}

// medianOf compares the median with that of an earlier figure.
func medianOf(earlier figure, when string, about *budget) comparison {
	return comparison{with: when, base: earlier.p50.Seconds(), median: true, budget: about}
}

// ratio is the figure's share of the base; 0 where there is none.
func (c comparison) ratio(f figure) float64 {
	switch {
	case c.base == 0:
		return 0
	case c.median:
		return f.p50.Seconds() / c.base
	default:
		return f.perSecond / c.base
	}
}

// verdict judges the ratio. A figure with failures keeps no budget: refusing is quick.
func (c comparison) verdict(f figure) string {
	switch ratio := c.ratio(f); {
	case c.budget == nil:
		return ""
	case f.count == 0 || f.failures.total() > 0:
		return missed
	case ratio == 0:
		return "" // nothing to compare with in a run of this size
	default:
		return c.budget.judge(ratio)
	}
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
