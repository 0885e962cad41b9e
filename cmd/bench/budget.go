package main

import (
	"fmt"
	"time"
)

type budget struct {
	atLeast float64 // 0 for no lower bound
	aim     float64 // desired value, above atLeast
	atMost  float64 // 0 for no upper bound
	below   float64 // 0 for no exclusive upper bound
	unit    string  // "×" for a ratio
	origin  string
}

// explained is the document that explains the budgets.
const explained = "docs/performance.md"

// The budgets, stated for a million requests and 32 clients.
var (
	budgetSignProcessor  = &budget{atMost: 3.5, unit: "×", origin: explained}
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
	budgetRules          = &budget{atMost: 5, unit: "%", origin: explained}
	budgetIssueByRule    = &budget{atLeast: 0.9, unit: "×", origin: explained}
	budgetTrial          = &budget{atMost: 50, unit: "µs", origin: explained}
	budgetBinary         = &budget{below: 45, unit: "MiB", origin: explained}
)

const statedRows = 1_000_000

// The verdicts on a budget.
const (
	met    = "met"
	aimMet = "met, aim too"
	missed = "missed"
)

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

type comparison struct {
	with   string
	base   float64 // in the unit of by
	by     basis
	budget *budget // for the ratio; nil for none

	// For a floor: its processor time per call, and the budget for the server's processor time as a multiple of it.
	processor       time.Duration
	processorBudget *budget
}

// basis is the quantity that a comparison compares.
type basis int

const (
	byRate      basis = iota // calls per second
	byMedian                 // median durations, in seconds
	byProcessor              // processor times per call, in seconds
)

// withProcessor returns the floors. Each floor with a known processor time is followed by a comparison of processor
// times.
func withProcessor(floors []comparison) (all []comparison) {
	for _, c := range floors {
		all = append(all, c)
		if c.processor > 0 {
			all = append(all, comparison{with: c.with, base: c.processor.Seconds(), by: byProcessor,
				budget: c.processorBudget})
		}
	}
	return all
}

func rateOf(earlier figure, when string, about *budget) comparison {
	return comparison{with: when, base: earlier.perSecond, budget: about}
}

func medianOf(earlier figure, when string, about *budget) comparison {
	return comparison{with: when, base: earlier.p50.Seconds(), by: byMedian, budget: about}
}

func (c comparison) ratio(f figure) float64 {
	switch {
	case c.base == 0:
		return 0
	case c.by == byMedian:
		return f.p50.Seconds() / c.base
	case c.by == byProcessor:
		return f.processor.Seconds() / c.base
	default:
		return f.perSecond / c.base
	}
}

// verdict returns the verdict on the ratio, or "" if the ratio has no budget or is unknown. A figure with failures
// misses every budget, because failing is fast.
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
