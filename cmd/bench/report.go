package main

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime"
	"time"
)

type report struct {
	options options
	began   time.Time
	engine  string // including its version
	lines   []line
	values  []value
	floors  []comparison
}

type line struct {
	name   string
	rows   int // requests in the database
	figure figure
	beside []comparison
}

// value is a single measured value, such as the startup time or the memory of the server.
type value struct {
	name   string
	value  float64 // in the unit of the budget
	budget *budget
}

func newReport(o options, engine string) *report {
	return &report{options: o, engine: engine, began: time.Now()}
}

func (r *report) add(name string, rows int, f figure, beside []comparison) {
	r.lines = append(r.lines, line{name, rows, f, beside})
}

func (r *report) addValue(name string, v float64, b *budget) {
	r.values = append(r.values, value{name, v, b})
}

func (r *report) addFloor(name string, s speed) {
	r.floors = append(r.floors, comparison{with: name, base: s.perSecond, processor: s.processor})
}

func (r *report) good() bool {
	for _, v := range r.values {
		if v.budget.judge(v.value) == missed {
			return false
		}
	}
	for _, l := range r.lines {
		if l.figure.count == 0 || l.figure.failures.total() > 0 {
			return false
		}
		for _, c := range l.beside {
			if c.verdict(l.figure) == missed {
				return false
			}
		}
	}
	return true
}

type object map[string]any

// MarshalJSON encodes the report. The names of times contain the unit.
func (r *report) MarshalJSON() ([]byte, error) {
	operations, values, floors := []object{}, []object{}, []object{}
	for _, l := range r.lines {
		operations = append(operations, l.object())
	}
	for _, v := range r.values {
		values = append(values, object{"name": v.name, "value": v.value, "unit": v.budget.unit,
			"budget": v.budget.String(), "budget_from": v.budget.origin, "verdict": v.budget.judge(v.value)})
	}
	for _, f := range r.floors {
		floor := object{"name": f.with, "per_second": f.base}
		if f.processor > 0 {
			floor["processor_us"] = microseconds(f.processor)
		}
		floors = append(floors, floor)
	}
	return json.Marshal(object{
		"date": r.began.UTC().Truncate(time.Second), "engine": r.engine,
		"rows": r.options.rows, "nodes": r.options.nodes, "clients": r.options.clients, "revoked": r.options.revoked,
		"seconds_each": r.options.time.Seconds(),
		"machine": object{"cores": runtime.GOMAXPROCS(0), "cpu": cpu(), "os": runtime.GOOS, "arch": runtime.GOARCH,
			"go": runtime.Version()},
		"operations": operations, "program": values, "floors": floors,
	})
}

func (l line) object() object {
	f := l.figure
	o := object{"name": l.name, "rows": l.rows, "clients": f.clients, "count": f.count, "seconds": f.seconds,
		"per_second": f.perSecond, "p50_ms": milliseconds(f.p50), "p99_ms": milliseconds(f.p99),
		"max_ms": milliseconds(f.max)}
	if f.processor > 0 {
		o["server_processor_us"] = microseconds(f.processor)
	}
	if f.rowsPerSecond > 0 {
		o["rows_per_second"], o["bytes"] = f.rowsPerSecond, f.bytes
	}
	kinds := object{}
	for kind, one := range f.failures {
		kinds[kind] = object{"count": one.count, "first": one.first}
	}
	o["failed"], o["failures"] = f.failures.total(), kinds
	besides := []object{}
	for _, c := range l.beside {
		if c.base == 0 {
			continue
		}
		b := object{"with": c.with, "ratio": c.ratio(f)}
		switch c.by {
		case byMedian:
			b["p50_ms"] = c.base * 1000
		case byProcessor:
			b["processor_us"] = c.base * 1_000_000
		default:
			b["per_second"] = c.base
		}
		if c.budget != nil {
			b["budget"], b["budget_from"], b["verdict"] = c.budget.String(), c.budget.origin, c.verdict(f)
		}
		besides = append(besides, b)
	}
	o["beside"] = besides
	return o
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func cpu() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, _ := bytes.Cut(info, []byte("model name"))
	name, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.Trim(name, " \t:"))
}
