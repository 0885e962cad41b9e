package page

import (
	"net/url"
	"strconv"
)

// Size is the number of rows on a page of a list.
const Size = 50

// Pager contains the URLs of the previous and next page of a list, or "" if there is none.
type Pager struct {
	Previous, Next string
	Short          bool // whether the page has fewer than Size rows although more may follow
}

// NewPager returns the pager of the page at a URL, given the cursors of the previous and next page.
func NewPager(address *url.URL, previous, next string) Pager {
	return Pager{Previous: atCursor(address, "before", previous), Next: atCursor(address, "after", next)}
}

// Filled returns the pager with Short set if the page has fewer rows than Size although another page follows.
func (p Pager) Filled(rows int) Pager {
	p.Short = p.Next != "" && rows < Size
	return p
}

func atCursor(address *url.URL, direction, cursor string) string {
	if cursor == "" {
		return ""
	}
	query := address.Query()
	query.Del("before")
	query.Del("after")
	query.Set(direction, cursor)
	return address.Path + "?" + query.Encode()
}

// MaxRows is the maximum number of rows on a page of a list in memory.
const MaxRows = 100

// Part returns the rows of a list in memory for the page at a URL, and its pager.
func Part[T any](address *url.URL, all []T) ([]T, Pager) {
	const fieldFrom = "from"
	query := address.Query()
	from, err := strconv.Atoi(query.Get(fieldFrom))
	if err != nil || from < 0 || from >= len(all) {
		from = 0
	}
	at := func(row int) string {
		query.Set(fieldFrom, strconv.Itoa(row))
		return address.Path + "?" + query.Encode()
	}
	var p Pager
	if from > 0 {
		p.Previous = at(max(0, from-MaxRows))
	}
	if from+MaxRows < len(all) {
		p.Next = at(from + MaxRows)
	}
	return all[from:min(len(all), from+MaxRows)], p
}
