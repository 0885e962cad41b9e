package web

import (
	"strconv"

	"notary"
)

// pageSize is how many rows a list shows at once.
const pageSize = 50

// pager leads to the pages before and after, with the same filters; "" where there is none.
type pager struct {
	Previous, Next string
	Short          bool // the page has fewer rows than it could, although others may follow
}

// pager makes one of the cursors of the page that is shown.
func (c *call) pager(previous, next notary.Cursor) pager {
	return pager{Previous: c.turn("before", previous), Next: c.turn("after", next)}
}

// filled tells how many rows the page has.
func (p pager) filled(rows int) pager {
	p.Short = p.Next != "" && rows < pageSize
	return p
}

const maxRows = 100 // of a list that is in memory as a whole

// part is what one page shows of such a list, from the row that the URL names.
func part[T any](c *call, all []T) ([]T, pager) {
	const fieldFrom = "from"
	query := c.r.URL.Query()
	from, err := strconv.Atoi(query.Get(fieldFrom))
	if err != nil || from < 0 || from >= len(all) {
		from = 0
	}
	at := func(row int) string {
		query.Set(fieldFrom, strconv.Itoa(row))
		return c.r.URL.Path + "?" + query.Encode()
	}
	var p pager
	if from > 0 {
		p.Previous = at(max(0, from-maxRows))
	}
	if from+maxRows < len(all) {
		p.Next = at(from + maxRows)
	}
	return all[from:min(len(all), from+maxRows)], p
}

// turn is this page's own address, from another place in the list.
func (c *call) turn(direction string, at notary.Cursor) string {
	if at == "" {
		return ""
	}
	query := c.r.URL.Query()
	query.Del("before")
	query.Del("after")
	query.Set(direction, string(at))
	return c.r.URL.Path + "?" + query.Encode()
}

// cursors are where in a list the page begins or ends.
func (c *call) cursors() (after, before notary.Cursor) {
	query := c.r.URL.Query()
	return notary.Cursor(query.Get("after")), notary.Cursor(query.Get("before"))
}
