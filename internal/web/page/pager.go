package page

import (
	"net/url"
	"strconv"
)

// Size is how many rows of a list a page shows.
const Size = 50

// Pager links to the previous and the next page of a list, with the same filters. A link is "" if there is no such page.
type Pager struct {
	Previous, Next string
	Short          bool // whether the page has fewer rows than it could, although others may follow
}

// NewPager returns the pager of the page at an address, by the cursors of the pages before and after it.
func NewPager(address *url.URL, previous, next string) Pager {
	return Pager{Previous: atCursor(address, "before", previous), Next: atCursor(address, "after", next)}
}

// Filled returns the pager of a page with so many rows.
func (p Pager) Filled(rows int) Pager {
	p.Short = p.Next != "" && rows < Size
	return p
}

// atCursor returns the address of the page at a cursor, or "" without a cursor.
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

// MaxRows is how many rows of a list in memory a page shows.
const MaxRows = 100

// Part returns the rows of a list in memory that the page at an address shows, and its pager.
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
