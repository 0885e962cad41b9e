package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"unicode"

	"notary/api"
)

// printable replaces characters that could control the terminal, except line breaks, because names and messages come
// from other people.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

func (p *program) done(format string, args ...any) error {
	if p.json {
		return p.printJSON(api.Message{Message: api.Success})
	}
	_, err := fmt.Fprintln(p.out, printable(fmt.Sprintf(format, args...)))
	return err
}

func (p *program) created(id int64, format string, args ...any) error {
	if p.json {
		return p.printJSON(api.Created{Message: api.Success, ID: id})
	}
	return p.done(format, args...)
}

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

// field is a line of a detailed view; a field with an empty value is omitted.
type field struct{ name, value string }

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

// printJSONList prints a list as a JSON array. If the list is interrupted, it leaves the array open, so that it does
// not look complete.
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
