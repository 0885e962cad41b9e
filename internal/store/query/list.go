// Package query plans the lists of the store: filters, orders, cursors and word search.
//
// A page begins after the key of the previous page's last object, which an index in the list's order finds at any
// depth. The key is a column and the ID: first come objects with the same value and a greater ID, then those with a
// greater value. (The condition (column, id) > ($1, $2) expresses both, but SQLite uses only half of it.) How the
// matches of a filter are found depends on how many there may be:
//
//   - Without a filter, or with one that the order's index answers, that index is read in order.
//   - Otherwise the next objects of the order's index are sampled ([Limits].Glance). If matches are very frequent, a
//     few hundred objects fill a page.
//   - If these do not fill a page, the matches in each condition's index are counted, up to [Limits].Few. If a
//     condition has no more matches than that, they are read and sorted.
//   - Otherwise the order's index is followed in steps of [Limits].Step objects, skipping those that do not match.
//     After [Limits].Steps steps a short page is returned with a cursor. This bounds the time of every query.
package query

import (
	"context"
	"time"

	"notary/internal/db"
)

// List is a list of the objects of one table.
type List[T any] struct {
	Q       db.Querier
	Table   string
	Alias   string // of the table
	Columns string // of an object
	Joins   string // for columns in other tables
	Scan    func(db.Row) (T, error)
	Key     func(T) Key
	Limits  Limits
	Seal    *Seal // encrypts the cursors of readers who do not see every object

	// Seen, if set, removes the objects that the reader may not see.
	Seen func(context.Context, []T) ([]T, error)
}

// Key contains the columns by which a list can be ordered.
type Key struct {
	ID         int64
	NotAfter   time.Time
	CommonName string
}

// Limits bounds the work for a page.
type Limits struct {
	Glance int // objects sampled per object of the page; 0 to skip sampling
	Few    int // maximum number of matches that are read and sorted
	Step   int // objects read per step
	Steps  int // maximum number of steps per page
}

// DefaultLimits are the limits for production.
var DefaultLimits = Limits{Glance: 10, Few: 10_000, Step: 10_000, Steps: 10}

type span struct {
	plan  plan
	order order
	from  place
	to    *place // nil for no bound
}

func (l List[T]) rows(ctx context.Context, s span, limit int) (rows []T, err error) {
	for _, part := range s.order.parts() {
		if len(rows) == limit {
			break
		}
		some, err := l.rowsOf(ctx, s, part, limit-len(rows))
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// rowsOf returns objects in one part of the order. Its query first finds their IDs, using as few tables as possible,
// and then reads their columns.
func (l List[T]) rowsOf(ctx context.Context, s span, part part, limit int) ([]T, error) {
	b := &db.Binder{}
	page := l.ids(b, s, part) + " LIMIT " + b.Bind(limit)
	text := "SELECT" + l.Columns + "FROM (" + page + ") page CROSS JOIN " + l.table() + l.Joins +
		" WHERE " + l.id() + " = page.id" + s.order.by(l.id())
	return db.CollectPlanned(ctx, l.Q, l.Scan, text, b.Args...)
}

func (l List[T]) table() string { return l.Table + " " + l.Alias }
func (l List[T]) id() string    { return l.Alias + ".id" }

// ids returns a query for the IDs of the next objects. SQLite keeps the table order of a CROSS JOIN.
func (l List[T]) ids(b *db.Binder, s span, part part) string {
	table, key, p := l.table(), l.id(), s.plan
	switch {
	case p.gather != nil:
		table = "(SELECT DISTINCT id FROM (" + p.gather(b) + ") u) g CROSS JOIN " + table
		b.And(key + " = g.id")
	case p.table == "":
	case len(p.rest) == 0:
		table, key = p.table, p.key
	default:
		s.narrow(b, key, part)
		table, key = p.table+" CROSS JOIN "+table, p.key
		b.And(l.id() + " = " + key)
	}
	if p.driver != nil {
		p.driver(b)
	}
	for _, holds := range p.rest {
		holds(b)
	}
	s.narrow(b, key, part)
	return "SELECT " + key + " AS id FROM " + table + b.Where() + s.order.by(key)
}

// stepEnd returns the place at which a step of size objects ends, or nil if fewer objects remain.
func (l List[T]) stepEnd(ctx context.Context, s span, size int) (*place, error) {
	s.to = nil
	for _, part := range s.order.parts() {
		b := &db.Binder{}
		table, key, column := l.table(), l.id(), "''"
		if s.plan.table != "" {
			table, key = s.plan.table, s.plan.key
		}
		if s.order.column != "id" {
			column = "CAST(" + l.Alias + "." + s.order.column + " AS TEXT)"
		}
		if s.plan.driver != nil {
			s.plan.driver(b)
		}
		s.narrow(b, key, part)
		text := "SELECT " + column + ", " + key + " FROM " + table + b.Where() + s.order.by(key) +
			" LIMIT 1 OFFSET " + b.Bind(size-1)
		found, err := db.CollectPlanned(ctx, l.Q, scanPlace, text, b.Args...)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return &found[0], nil
		}
	}
	return nil, nil
}

func scanPlace(row db.Row) (p place, err error) {
	err = row.Scan(&p.value, &p.id)
	return p, err
}
