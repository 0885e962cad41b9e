package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"notary/api"
)

// printable replaces what could steer a terminal: names and messages come from others.
// Lines are kept.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// done says that something was done: a sentence for people, the API's answer as JSON.
func (p *program) done(format string, args ...any) error {
	if p.json {
		return p.printJSON(api.Message{Message: api.Success})
	}
	_, err := fmt.Fprintln(p.out, printable(fmt.Sprintf(format, args...)))
	return err
}

// created says what was made: a sentence for people, the API's answer as JSON.
func (p *program) created(id int64, format string, args ...any) error {
	if p.json {
		return p.printJSON(api.Created{Message: api.Success, ID: id})
	}
	return p.done(format, args...)
}

// notice tells people something beside the result.
func (p *program) notice(format string, args ...any) {
	fmt.Fprintln(p.err, printable(fmt.Sprintf(format, args...)))
}

func (p *program) printJSON(v any) error {
	text, err := indented(v, "")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s\n", text)
	return err
}

func indented(v any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(prefix, "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// field is a line of a detailed view; one with an empty value is left out.
type field struct{ name, value string }

// printOne writes one object: all of it as JSON, or the fields that people want.
func (p *program) printOne(v any, fields ...field) error {
	if p.json {
		return p.printJSON(v)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		if f.value != "" {
			fmt.Fprintf(w, "%s:\t%s\n", f.name, printable(f.value))
		}
	}
	return w.Flush()
}

// table says how a list is shown to people.
type table[T any] struct {
	header []string
	row    func(T) []string
	empty  string // said instead when there is nothing
}

// tableBatch is how many rows are aligned with each other: as many as are kept in memory.
const tableBatch = 500

// printList writes a list while it comes, so that memory does not grow with it.
func printList[T any](p *program, list iter.Seq2[T, error], t table[T]) error {
	if p.json {
		return printJSONList(p.out, list)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	n := 0
	for element, err := range list {
		if err != nil {
			w.Flush()
			return err
		}
		if n == 0 {
			writeRow(w, t.header)
		}
		writeRow(w, t.row(element))
		if n++; n%tableBatch == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		p.notice("%s", t.empty)
	}
	return w.Flush()
}

func writeRow(w io.Writer, cells []string) {
	cells = slices.Clone(cells)
	for i, cell := range cells {
		if cell == "" {
			cell = "-"
		}
		cells[i] = strings.ReplaceAll(printable(cell), "\n", " ")
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// printJSONList leaves the array open where the list breaks off, so that nobody takes it for
// a whole one.
func printJSONList[T any](w io.Writer, list iter.Seq2[T, error]) error {
	before := "[\n  "
	for element, err := range list {
		if err != nil {
			return err
		}
		text, err := indented(element, "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", before, text); err != nil {
			return err
		}
		before = ",\n  "
	}
	end := "\n]\n"
	if before == "[\n  " {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// each gives a list that is in memory already to printList.
func each[T any](list []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err != nil {
			yield(none, err)
			return
		}
		for _, element := range list {
			if !yield(element, nil) {
				return
			}
		}
	}
}
