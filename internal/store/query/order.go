package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"notary"
	"notary/internal/db"
)

type order struct {
	column string // "id" for the ID alone
	down   bool
	alias  string
}

func orderOf(s notary.Sort, alias string) order {
	column, down := strings.CutPrefix(string(s), "-")
	return order{column, down, alias}
}

// start returns the place before every object.
func (o order) start() place {
	p, time := place{"", 0}, int64(math.MinInt64)
	if o.down {
		p, time = place{End(""), math.MaxInt64}, math.MaxInt64
	}
	if o.column == "not_after" {
		p.value = strconv.FormatInt(time, 10)
	}
	return p
}

// past returns the place just after the object at p, so that a list read backwards from there begins with that object.
func (o order) past(p place) place {
	if o.down {
		return place{p.value, p.id - 1}
	}
	return place{p.value, p.id + 1}
}

// part is one of the two index ranges that follow a place in the order.
type part int

const (
	level  part = iota // the same value and a later ID
	beyond             // a later value
)

func (o order) parts() []part {
	if o.column == "id" {
		return []part{beyond}
	}
	return []part{level, beyond}
}

func (s span) narrow(b *db.Binder, key string, part part) {
	o := s.order
	after, until := " > ", " <= "
	if o.down {
		after, until = " < ", " >= "
	}
	column := o.alias + "." + o.column
	switch {
	case o.column == "id":
		b.And(key + after + b.Bind(s.from.id))
	case part == level:
		b.And(column + " = " + b.Bind(o.argument(s.from)))
		b.And(key + after + b.Bind(s.from.id))
	default:
		b.And(column + after + b.Bind(o.argument(s.from)))
		if o.column == "not_after" && !o.down { // SQLite sorts values of other types after all numbers
			b.And(column + " <= " + b.Bind(int64(math.MaxInt64)))
		}
	}
	switch {
	case s.to == nil:
	case o.column == "id":
		b.And(key + until + b.Bind(s.to.id))
	default:
		b.And(fmt.Sprintf("(%s, %s)%s(%s, %s)", column, key, until, b.Bind(o.argument(*s.to)), b.Bind(s.to.id)))
	}
}

func (o order) argument(p place) any {
	if o.column == "not_after" {
		n, _ := strconv.ParseInt(p.value, 10, 64) // protected by the cursor's checksum
		return n
	}
	return p.value
}

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
