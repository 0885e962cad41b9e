package rest

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// Spreadsheets evaluate text that begins with a formula sign, at the beginning of a cell and after
// every character at which they may split it, however the cell is quoted. The names in a request
// are chosen by its sender.
const (
	cellSeparators = ",;\t\n\r| "
	formulaSigns   = "=+-@\t\r\n＝＋－＠"
	cellQuotes     = `'"`
)

// csvRow encodes a row (RFC 4180) so that a spreadsheet finds no formula in it.
func csvRow(cells []string) string {
	for i, cell := range cells {
		cells[i] = inertCell(cell)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(cells) // a Buffer takes everything
	w.Flush()
	return b.String()
}

// inertCell puts an apostrophe before every part of a cell that begins with a formula sign,
// ignoring quotes before the sign. Removing one apostrophe wherever quotes or nothing and a sign
// follow it restores the cell.
func inertCell(cell string) string {
	if !strings.ContainsAny(cell, formulaSigns) {
		return cell
	}
	var b strings.Builder
	beginning := true
	for i, r := range cell {
		if beginning {
			if rest := strings.TrimLeft(cell[i:], cellQuotes); rest != "" && strings.IndexAny(rest, formulaSigns) == 0 {
				b.WriteByte('\'')
			}
		}
		b.WriteRune(r)
		beginning = strings.ContainsRune(cellSeparators, r)
	}
	return b.String()
}
