package rest

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"
)

func original(cell string) string {
	var b strings.Builder
	beginning := true
	for i, r := range cell {
		rest := strings.TrimLeft(cell[i:], cellQuotes)
		drop := beginning && r == '\'' && rest != "" && strings.IndexAny(rest, formulaSigns) == 0
		if !drop {
			b.WriteRune(r)
		}
		beginning = strings.ContainsRune(cellSeparators, r)
	}
	return b.String()
}

func TestInertCell(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"":                               "",
		"web.example.com":                "web.example.com",
		"a+b@example.com":                "a+b@example.com",
		"https://example.com/?a=b":       "https://example.com/?a=b",
		"=1+1":                           "'=1+1",
		"+1":                             "'+1",
		"-1":                             "'-1",
		"@SUM(A1)":                       "'@SUM(A1)",
		"\t=1":                           "'\t'=1",
		"\r=1":                           "'\r'=1",
		"x;=1":                           "x;'=1",
		"x,=1":                           "x,'=1",
		"x\t=1":                          "x\t'=1",
		"x\r\n=1":                        "x\r'\n'=1",
		"x|=1":                           "x|'=1",
		"a.example.com =1 b":             "a.example.com '=1 b",
		"x; =1":                          "x; '=1",
		`x;"=1"`:                         `x;'"=1"`,
		"'=1":                            "''=1",
		"＝1;＋1;－1;＠1":                    "'＝1;'＋1;'－1;'＠1",
		`x;=HYPERLINK("http://x","y");z`: `x;'=HYPERLINK("http://x","y");z`,
		"it's":                           "it's",
	} {
		if got := inertCell(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
		if got := original(inertCell(cell)); got != cell {
			t.Errorf("%q comes back as %q", cell, got)
		}
	}
}

// Rows are encoded at the same time from cells that calls share, such as the header.
func TestCSVRowDoesNotChangeItsCells(t *testing.T) {
	t.Parallel()
	cells := []string{"=1", "id"}
	if got, want := csvRow(cells), "'=1,id\r\n"; got != want {
		t.Errorf("the row is %q, want %q", got, want)
	}
	if cells[0] != "=1" {
		t.Errorf("the cell became %q", cells[0])
	}
}

// FuzzCSVRow checks that no part of a row is a formula, however a spreadsheet splits it, and that
// a program can restore the cells.
func FuzzCSVRow(f *testing.F) {
	for _, cell := range []string{"=1", "x;=1", "x\n+1", `x"|"=1`, "＝1", "''=", " -", "\t\r\n="} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		if !utf8.ValidString(cell) {
			return // names are always UTF-8
		}
		row := csvRow([]string{"before", cell, "after"})
		for _, separator := range cellSeparators {
			for _, part := range strings.Split(row, string(separator)) {
				if bare := strings.TrimLeft(part, `"`); bare != "" && strings.ContainsAny(bare[:1], "=+-@") {
					t.Errorf("%q has the part %q, split at %q", row, part, separator)
				}
			}
		}
		read, err := csv.NewReader(strings.NewReader(row)).Read()
		if err != nil {
			t.Fatal(err)
		}
		// encoding/csv reads CR LF as LF, even in quotes.
		if got, want := original(read[1]), strings.ReplaceAll(cell, "\r\n", "\n"); !strings.Contains(cell, "\r") &&
			got != want {
			t.Errorf("%q comes back as %q", want, got)
		}
	})
}
