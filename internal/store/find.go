package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/db"
)

// A list is read page by page, each beginning after the key of the last object before it,
// which an index in the list's order finds at once, however deep. The key is a column and the
// id: first come those with the same value and a greater id, then those with a greater value.
// (The condition (column, id) > ($1, $2) says both, but SQLite uses only half of it.) How the
// objects that a filter wants are reached depends on how many there may be:
//
//   - What the order's index finds by itself (no filter, or one that fits it) is read as it
//     comes.
//   - Otherwise a glance is taken along the order's index: of what is very frequent, the next
//     few hundred objects fill a page.
//   - If they do not, each condition is asked how many ids its index has, but not further than to
//     [few]. If one has no more, these are looked at, all of them, and put in order.
//   - Otherwise what is looked for is frequent. The order's index is followed in steps of so
//     many objects, and what does not fit is left out. After some steps the page is given as
//     it is, with a cursor: no question takes longer than that, whatever is asked.
//
// Variables, so that tests can make them small.
var (
	glance   = 10     // objects for each that is wanted, at the first look
	few      = 10_000 // ids that are worth being gathered
	step     = 10_000 // objects that are looked at in one go
	maxSteps = 10     // of one page
)

// finder finds the objects of one list.
type finder[T any] struct {
	r       reader
	what    string // the table
	alias   string // of the table
	columns string // of an object
	joins   string // where they come from, beside the table
	scan    func(db.Row) (T, error)
	key     func(T) (id int64, notAfter time.Time, commonName string)
}

func (r reader) requests() finder[*notary.Request] {
	return finder[*notary.Request]{r: r, what: "request", alias: "r", columns: requestColumns, joins: requestJoins, scan: r.scanRequest,
		key: func(req *notary.Request) (int64, time.Time, string) {
			if req.Certificate == nil {
				return req.ID, time.Unix(noEnd, 0), req.CommonName
			}
			return req.ID, req.Certificate.NotAfter, req.CommonName
		}}
}

func (r reader) certificates() finder[*notary.Certificate] {
	return finder[*notary.Certificate]{r: r, what: "certificate", alias: "k", columns: certificateColumns,
		joins: certificateJoins, scan: r.scanCertificate,
		key: func(c *notary.Certificate) (int64, time.Time, string) { return c.ID, c.NotAfter, c.CommonName }}
}

// Requests is one page of the requests, certificates included. A cursor that is not of this
// list, filter and order is an Invalid error of the field "after" or "before".
func (r reader) Requests(ctx context.Context, q notary.Query) (notary.Page[*notary.Request], error) {
	f := r.requests()
	return f.page(ctx, wanted(q, f.conditions(q.Filter)))
}

// Certificates is one page of the inventory, DER and chain included. Errors are those of
// [Store.Requests].
func (r reader) Certificates(ctx context.Context, q notary.Query) (notary.Page[*notary.Certificate], error) {
	f := r.certificates()
	return f.page(ctx, wanted(q, f.conditions(q.Filter)))
}

// eachPage is how many objects [reader.EachRequest] and its like read at a time. Between the
// pages no transaction is open: a slow listener holds nothing back.
const eachPage = 100

// EachRequest calls fn for every request that the filter lets through, in the order of the
// ids, certificates included.
func (r reader) EachRequest(ctx context.Context, f notary.Filter, fn func(*notary.Request) error) error {
	return each(ctx, r.Requests, f, fn)
}

// EachCertificate calls fn for every certificate that the filter lets through, in the order
// of the ids, DER and chain included.
func (r reader) EachCertificate(ctx context.Context, f notary.Filter, fn func(*notary.Certificate) error) error {
	return each(ctx, r.Certificates, f, fn)
}

func each[T any](ctx context.Context, page func(context.Context, notary.Query) (notary.Page[T], error), f notary.Filter, fn func(T) error) error {
	q := notary.Query{Filter: f, Sort: notary.ByID, Limit: eachPage}
	for {
		p, err := page(ctx, q)
		if err != nil {
			return err
		}
		for _, v := range p.Items {
			if err := fn(v); err != nil {
				return err
			}
		}
		if p.Next == "" {
			return nil
		}
		q.After = p.Next
	}
}

// order is a list's order: by a column, and where that is the same by the id.
type order struct {
	column string // "id" for the id alone
	down   bool
	alias  string
}

func orderOf(s notary.Sort, alias string) order {
	column, down := strings.CutPrefix(string(s), "-")
	return order{column, down, alias}
}

// start lies before every object.
func (o order) start() place {
	p, time := place{"", 0}, int64(math.MinInt64)
	if o.down {
		p, time = place{end(""), math.MaxInt64}, math.MaxInt64
	}
	if o.column == "not_after" {
		p.value = strconv.FormatInt(time, 10)
	}
	return p
}

// part is one of the two ranges of an index that follow a place.
type part int

const (
	level  part = iota // the same value, a greater id
	beyond             // a greater value
)

// parts are those that an order has.
func (o order) parts() []part {
	if o.column == "id" {
		return []part{beyond}
	}
	return []part{level, beyond}
}

// between narrows a query to the part that follows from, up to to (nil for no bound).
func (o order) between(b *db.Binder, key string, from place, to *place, part part) {
	after, until := " > ", " <= "
	if o.down {
		after, until = " < ", " >= "
	}
	column := o.alias + "." + o.column
	switch {
	case o.column == "id":
		b.And(key + after + b.Bind(from.id))
	case part == level:
		b.And(column + " = " + b.Bind(o.argument(from)))
		b.And(key + after + b.Bind(from.id))
	default:
		b.And(column + after + b.Bind(o.argument(from)))
		if o.column == "not_after" && !o.down { // what is no number, in SQLite, comes behind all numbers
			b.And(column + " <= " + b.Bind(int64(math.MaxInt64)))
		}
	}
	switch {
	case to == nil:
	case o.column == "id":
		b.And(key + until + b.Bind(to.id))
	default:
		b.And(fmt.Sprintf("(%s, %s)%s(%s, %s)", column, key, until, b.Bind(o.argument(*to)), b.Bind(to.id)))
	}
}

// argument is the value of a place as the column has it.
func (o order) argument(p place) any {
	if o.column == "not_after" {
		n, _ := strconv.ParseInt(p.value, 10, 64) // under the cursor's checksum
		return n
	}
	return p.value
}

// by is the ORDER BY clause.
func (o order) by(key string) string {
	direction := ""
	if o.down {
		direction = " DESC"
	}
	if o.column == "id" {
		return " ORDER BY " + key + direction
	}
	return " ORDER BY " + o.alias + "." + o.column + direction + ", " + key + direction
}

// rows are the next objects of the plan, no more than the limit.
func (f finder[T]) rows(ctx context.Context, p plan, o order, from place, to *place, limit int) (rows []T, err error) {
	for _, part := range o.parts() {
		if len(rows) == limit {
			break
		}
		some, err := f.rowsOf(ctx, p, o, from, to, part, limit-len(rows))
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// rowsOf first finds which they are, from as few tables as can be, then all about them.
func (f finder[T]) rowsOf(ctx context.Context, p plan, o order, from place, to *place, part part, limit int) ([]T, error) {
	b := &db.Binder{}
	page := f.which(b, p, o, from, to, part) + " LIMIT " + b.Bind(limit)
	text := "SELECT" + f.columns + "FROM (" + page + ") page CROSS JOIN " + f.what + " " + f.alias + f.joins +
		" WHERE " + f.alias + ".id = page.id" + o.by(f.alias+".id")
	return db.CollectPlanned(ctx, f.r.q, f.scan, text, b.Args...)
}

// which selects the ids of the next objects. CROSS JOIN is a join like any other, but SQLite
// takes the tables in this order.
func (f finder[T]) which(b *db.Binder, p plan, o order, from place, to *place, part part) string {
	table, key := f.what+" "+f.alias, f.alias+".id"
	switch {
	case p.gather != nil:
		table = "(SELECT DISTINCT id FROM (" + p.gather(b) + ") u) g CROSS JOIN " + table
		b.And(key + " = g.id")
	case p.table == "":
	case len(p.rest) == 0:
		table, key = p.table, p.key
	default:
		o.between(b, key, from, to, part)
		table, key = p.table+" CROSS JOIN "+table, p.key
		b.And(f.alias + ".id = " + key)
	}
	if p.driver != nil {
		p.driver(b)
	}
	for _, holds := range p.rest {
		holds(b)
	}
	o.between(b, key, from, to, part)
	return "SELECT " + key + " AS id FROM " + table + b.Where() + o.by(key)
}

// stepEnd is the place up to which a step over so many objects goes; nil where that is the end
// of the list.
func (f finder[T]) stepEnd(ctx context.Context, p plan, o order, from place, size int) (*place, error) {
	for _, part := range o.parts() {
		b := &db.Binder{}
		table, key, column := f.what+" "+f.alias, f.alias+".id", "''"
		if p.table != "" {
			table, key = p.table, p.key
		}
		if o.column != "id" {
			column = "CAST(" + f.alias + "." + o.column + " AS TEXT)"
		}
		if p.driver != nil {
			p.driver(b)
		}
		o.between(b, key, from, nil, part)
		text := "SELECT " + column + ", " + key + " FROM " + table + b.Where() + o.by(key) + " LIMIT 1 OFFSET " + b.Bind(size-1)
		found, err := db.CollectPlanned(ctx, f.r.q, scanPlace, text, b.Args...)
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	return nil, nil
}

// first is nil where there is none.
func first(found []place) *place {
	if len(found) == 0 {
		return nil
	}
	return &found[0]
}

func scanPlace(row db.Row) (p place, err error) {
	err = row.Scan(&p.value, &p.id)
	return p, err
}
