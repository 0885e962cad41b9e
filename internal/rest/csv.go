package rest

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// Spreadsheets evaluate a cell that starts with a formula sign, or a part of it that they may split off, even in
// quotes. The requester chooses the names in a CSR, which may contain such text.
const (
	cellSeparators = ",;\t\n\r| "
	formulaSigns   = "=+-@\t\r\n＝＋－＠"
	cellQuotes     = `'"`
)

// csvRow encodes a row (RFC 4180) and prevents spreadsheets from evaluating formulas in it.
func csvRow(cells []string) string {
	inert := make([]string, len(cells))
	for i, cell := range cells {
		inert[i] = inertCell(cell)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(inert) // a Buffer returns no error
	w.Flush()
	return b.String()
}

// inertCell inserts an apostrophe before every part of a cell that begins with a formula sign, with or without quotes.
// To restore the cell, remove one apostrophe wherever optional quotes and a sign follow it.
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
