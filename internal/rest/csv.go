package rest

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// Spreadsheets compute what begins with a formula sign: the beginning of a cell, and whatever
// follows a character at which they may split it, however the cell is quoted. Names come from
// whoever sends a request.
const (
	cellSeparators = ",;\t\n\r| "
	formulaSigns   = "=+-@\t\r\n＝＋－＠"
	cellQuotes     = `'"`
)

// csvRow returns a row as RFC 4180 has it, in which nothing is a formula to a spreadsheet.
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
// quotes before the sign passed over. Leaving out one apostrophe where quotes and a sign follow
// it gives the cell again.
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
