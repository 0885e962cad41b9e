package cli

import (
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"golang.org/x/term"
)

type table[T any] struct {
	header []string
	row    func(T) []string
	empty  string        // printed if there are no rows
	next   func() string // appended to empty; may be nil
}

const tableBatch = 500

// printList prints a list in batches as it arrives, so that memory use is bounded.
func printList[T any](p *program, list iter.Seq2[T, error], t table[T]) error {
	if p.json {
		return printJSONList(p.out, list)
	}
	rows := &rowWriter{out: p.out, header: t.header, width: p.width()}
	for element, err := range list {
		if err == nil {
			err = rows.add(t.row(element))
		}
		if err != nil {
			rows.flush()
			return err
		}
	}
	if rows.written+len(rows.rows) == 0 {
		if t.next != nil {
			t.empty += t.next()
		}
		p.notice("%s", t.empty)
	}
	return rows.flush()
}

// width returns the number of columns of the terminal, or 0 if it is unknown.
func (p *program) width() int {
	if !isTerminal(p.out) {
		return 0
	}
	if columns, err := strconv.Atoi(p.env("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	columns, _, err := term.GetSize(int(p.out.(*os.File).Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// rowWriter writes rows in columns or, if these are too wide, as blocks of lines.
type rowWriter struct {
	out     io.Writer
	header  []string
	width   int // 0 for no limit
	rows    [][]string
	written int
	blocks  bool // previous rows were written as blocks
}

func (w *rowWriter) add(cells []string) error {
	w.rows = append(w.rows, cleanCells(cells))
	if len(w.rows) < tableBatch {
		return nil
	}
	return w.flush()
}

func cleanCells(cells []string) []string {
	cells = slices.Clone(cells)
	for i, cell := range cells {
		if cell == "" {
			cell = "-"
		}
		cells[i] = strings.ReplaceAll(printable(cell), "\n", " ")
	}
	return cells
}

func (w *rowWriter) flush() error {
	if len(w.rows) == 0 {
		return nil
	}
	var err error
	if w.blocks = w.blocks || w.width > 0 && w.needed() > w.width; w.blocks {
		err = w.writeBlocks()
	} else {
		err = w.writeColumns()
	}
	w.written += len(w.rows)
	w.rows = w.rows[:0]
	return err
}

const columnGap = 2 // blanks between columns

func (w *rowWriter) needed() (total int) {
	for column := range w.header {
		widest := utf8.RuneCountInString(w.header[column])
		for _, row := range w.rows {
			widest = max(widest, utf8.RuneCountInString(row[column]))
		}
		total += widest + columnGap
	}
	return total - columnGap
}

func (w *rowWriter) writeColumns() error {
	out := tabwriter.NewWriter(w.out, 0, 0, columnGap, ' ', 0)
	if w.written == 0 {
		fmt.Fprintln(out, strings.Join(w.header, "\t"))
	}
	for _, row := range w.rows {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

func (w *rowWriter) writeBlocks() error {
	for i, row := range w.rows {
		if i+w.written > 0 {
			fmt.Fprintln(w.out)
		}
		out := tabwriter.NewWriter(w.out, 0, 0, columnGap, ' ', 0)
		for column, cell := range row {
			if cell != "-" {
				fmt.Fprintln(out, w.header[column]+"\t"+cell)
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}
