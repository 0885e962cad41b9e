package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1},
		{hundred[:3], 50, 2}, {hundred[:3], 99, 3}, {hundred[:1], 99, 1}, {nil, 50, 0},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("percentile %d of %d is %d, want %d", c.p, len(c.sorted), got, c.want)
		}
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		budget *budget
		value  float64
		want   string
	}{
		{budgetSign, 0.19, missed}, {budgetSign, 0.2, met}, {budgetSign, 0.3, aimMet},
		{budgetGet, 0.79, missed}, {budgetGet, 1.2, met},
		{budgetPage, 1.5, met}, {budgetPage, 1.51, missed},
		{budgetStart, 0.99, met}, {budgetStart, 1, missed},
	} {
		if got := c.budget.judge(c.value); got != c.want {
			t.Errorf("%v: %g is %s, want %s", c.budget, c.value, got, c.want)
		}
	}
}

func TestFigureWithFailuresMeetsNoBudget(t *testing.T) {
	t.Parallel()
	beside := comparison{with: "a floor", base: 100, budget: budgetSign}
	f := figure{count: 10, perSecond: 90, failures: failures{}}
	if got := beside.verdict(f); got != aimMet {
		t.Errorf("got %s", got)
	}
	f.failures.add("503", "busy")
	if got := beside.verdict(f); got != missed {
		t.Errorf("with failures: got %s", got)
	}
	if got := beside.verdict(figure{}); got != missed {
		t.Errorf("without any success: got %s", got)
	}
	smaller := comparison{with: "nothing", budget: budgetSign}
	if got := smaller.verdict(figure{count: 1, perSecond: 1}); got != "" {
		t.Errorf("without a comparison: got %s", got)
	}
}

func TestFailuresAreCountedByKind(t *testing.T) {
	t.Parallel()
	f := failures{}
	f.add("503", "the first")
	f.add("503", "the second")
	other := failures{}
	other.add("503", "another")
	other.add("404", "")
	f.join(other)
	if got, want := f.String(), "1 × 404; 3 × 503: the first"; got != want || f.total() != 4 {
		t.Errorf("got %q, %d in all, want %q", got, f.total(), want)
	}
	if other.total() != 2 {
		t.Error("joining has changed its operand")
	}
}

func TestPatternsAreCountedAcrossWrites(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(`{"csr":"x"},`, 50)
	for size := 1; size < 40; size++ {
		c := &counter{pattern: []byte(`"csr":"`)}
		for rest := []byte(text); len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if c.found != 50 || c.bytes != int64(len(text)) {
			t.Errorf("in writes of %d: found %d in %d bytes, want 50 in %d", size, c.found, c.bytes, len(text))
		}
	}
}

func TestReadableNumbers(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		thousands(0): "0", thousands(999): "999", thousands(1000): "1,000", thousands(1234567): "1,234,567",
		thousands(-123456): "-123,456", number(0.1234): "0.12", number(12.34): "12.3", number(1234.5): "1,235",
		duration(0): "-", duration(1500 * time.Microsecond): "1.50 ms", duration(12 * time.Second): "12.0 s",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := newReport(options{rows: 1000, nodes: 2, clients: 32, time: time.Second}, "an engine")
	f := figure{clients: 32, count: 7, seconds: 1, perSecond: 7, p50: time.Millisecond, p99: time.Second,
		processor: 300 * time.Microsecond, failures: failures{}}
	r.add("sign", 1000, f, withProcessor([]comparison{{with: floorCertificate, base: 28, budget: budgetSign,
		processor: 100 * time.Microsecond, processorBudget: budgetSignProcessor}}))
	r.addValue("binary", 20, budgetBinary)
	var table, text bytes.Buffer
	for out, asJSON := range map[*bytes.Buffer]bool{&table: false, &text: true} {
		if err := r.write(out, asJSON); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"2 nodes on an engine", "sign", "0.25", "≥ 0.2 × (aim 0.3): met", "< 45 MiB: met",
		"server CPU time per operation", "300 µs", "CPU time 100 µs", "3.00", "≤ 3.5 ×: met"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in the table:\n%s", want, table.String())
		}
	}
	var read struct {
		Operations []struct {
			Name      string
			Processor float64 `json:"server_processor_us"`
			Beside    []struct {
				Verdict   string
				Processor float64 `json:"processor_us"`
			}
		}
	}
	if err := json.Unmarshal(text.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Operations) != 1 || read.Operations[0].Name != "sign" || read.Operations[0].Beside[0].Verdict != met ||
		read.Operations[0].Processor != 300 || read.Operations[0].Beside[1].Processor != 100 {
		t.Errorf("read %+v from\n%s", read, text.String())
	}
	if !r.good() {
		t.Error("all budgets are met, but the report is not good")
	}
	f.failures.add("503", "")
	if r.good() {
		t.Error("the report is good although a call has failed")
	}
}
