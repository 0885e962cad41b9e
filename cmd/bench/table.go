package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func (r *report) write(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	text := &strings.Builder{}
	r.head(text)
	table(text, "operation\trequests\tclients\ta second\tp50\tp99\tserver CPU time per operation\tfailed\tbeside\tratio\t"+
		"budget\t", r.operationRows())
	table(text, "program\tmeasured\tbudget\t", r.valueRows())
	r.writeFooter(text)
	_, err := io.WriteString(out, text.String())
	return err
}

func (r *report) head(text *strings.Builder) {
	o := r.options
	fmt.Fprintf(text, "%s, %s on %s; %d cores, %s/%s %s\n", r.began.Format("2006-01-02 15:04"), plural(o.nodes, "node"),
		r.engine, runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Fprintf(text, "%s requests, %s, %v an operation; load, server and database share the machine\n",
		thousands(o.rows), plural(o.clients, "client"), o.time)
}

func table(text *strings.Builder, heading string, rows []string) {
	if len(rows) == 0 {
		return
	}
	text.WriteString("\n")
	w := tabwriter.NewWriter(text, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, heading)
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	w.Flush() // cannot fail
}

func (r *report) operationRows() (rows []string) {
	for _, l := range r.lines {
		f := l.figure
		rate := number(f.perSecond)
		if f.rowsPerSecond > 0 {
			rate = number(f.rowsPerSecond) + " rows"
		}
		row := fmt.Sprintf("%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t", l.name, thousands(l.rows), f.clients, rate,
			duration(f.p50), duration(f.p99), shortDuration(f.processor), thousands(f.failures.total()))
		for _, c := range l.beside {
			if c.base > 0 {
				rows = append(rows, row+c.cells(f))
				row = strings.Repeat("\t", 8)
			}
		}
		if strings.Trim(row, "\t") != "" { // there is no comparison
			rows = append(rows, row+"\t\t\t")
		}
	}
	return rows
}

func (c comparison) cells(f figure) string {
	base := number(c.base)
	switch time := time.Duration(c.base * float64(time.Second)); c.by {
	case byMedian:
		base = "p50 " + duration(time)
	case byProcessor:
		base = "CPU time " + shortDuration(time)
	}
	judged := ""
	if c.budget != nil {
		judged = c.budget.String() + ": " + verdictText(c.verdict(f))
	}
	return fmt.Sprintf("%s: %s\t%.2f\t%s\t", c.with, base, c.ratio(f), judged)
}

func (r *report) valueRows() (rows []string) {
	for _, v := range r.values {
		rows = append(rows, fmt.Sprintf("%s\t%s %s\t%s: %s\t", v.name, number(v.value), v.budget.unit, v.budget,
			verdictText(v.budget.judge(v.value))))
	}
	return rows
}

func verdictText(verdict string) string {
	if verdict == missed {
		return strings.ToUpper(verdict)
	}
	return verdict
}

func (r *report) writeFooter(text *strings.Builder) {
	text.WriteString("\n")
	for _, l := range r.lines {
		switch f := l.figure; {
		case f.failures.total() > 0:
			fmt.Fprintf(text, "%s failed: %s\n", l.name, f.failures)
		case f.count == 0:
			fmt.Fprintf(text, "%s: there was nothing left to call before it was measured\n", l.name)
		}
	}
	fmt.Fprintf(text, "Budgets: %s. An operation with failures meets none.\n", explained)
	if r.options.rows < statedRows {
		fmt.Fprintf(text, "They are stated for %s requests (--rows %d).\n", thousands(statedRows), statedRows)
	}
}

func number(v float64) string {
	switch {
	case v >= 100:
		return thousands(int(v + 0.5))
	case v == 0:
		return "0"
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func duration(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d >= 10*time.Second:
		return number(d.Seconds()) + " s"
	default:
		return number(milliseconds(d)) + " ms"
	}
}

// shortDuration is like duration, but uses microseconds below a millisecond.
func shortDuration(d time.Duration) string {
	if d == 0 || d >= time.Millisecond {
		return duration(d)
	}
	return number(microseconds(d)) + " µs"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}
