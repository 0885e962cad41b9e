package store

import (
	"context"
	"fmt"

	"notary"
	"notary/internal/db"
)

// condition is one thing that a filter asks for.
type condition struct {
	// holds narrows a query to the objects that fit, without using an index for it.
	holds func(*db.Binder)
	// ids is a query for the ids that fit, by an index; nil where there is none.
	ids func(*db.Binder) string
	// indexed narrows a query to the objects that fit where an index has them in the order
	// of a column. The index is that of the list's table, or of another one, in which key
	// names the object.
	indexed    func(*db.Binder)
	column     string
	table, key string
}

// plan is how a list is read: what an index gives by itself, then what else must hold.
type plan struct {
	driver     func(*db.Binder)        // the condition that the order's index answers; nil for none
	table, key string                  // whose index that is; "" for the list's own table
	gather     func(*db.Binder) string // the ids to look at, in place of the order's index; nil for none
	rest       []func(*db.Binder)
}

// stepwise says whether the order's index also gives objects that are not wanted.
func (p plan) stepwise() bool { return p.gather == nil && len(p.rest) > 0 }

// driven is the plan that follows the order's index, and has it answer what it can.
func (f finder[T]) driven(conditions []condition, o order) plan {
	return planOf(conditions, driverOf(conditions, o), -1)
}

// plan chooses how to reach what fits the conditions, in an order.
func (f finder[T]) plan(ctx context.Context, conditions []condition, o order) (plan, error) {
	driver, gather := driverOf(conditions, o), -1
	if driver < 0 || len(conditions) > 1 {
		var err error
		if gather, err = f.fewest(ctx, conditions); err != nil {
			return plan{}, err
		}
	}
	return planOf(conditions, driver, gather), nil
}

// driverOf is the condition that the order's index answers; -1 for none.
func driverOf(conditions []condition, o order) int {
	driver := -1
	for i, c := range conditions {
		if c.indexed != nil && c.column == o.column && (driver < 0 || c.table != "") {
			driver = i
		}
	}
	return driver
}

// planOf is the plan with these conditions for driver and gather, of which the latter takes
// the place of the former; -1 for none.
func planOf(conditions []condition, driver, gather int) (p plan) {
	for i, c := range conditions {
		switch {
		case i == gather:
			p.gather = c.ids
		case i == driver && gather < 0:
			p.driver, p.table, p.key = c.indexed, c.table, c.key
		default:
			p.rest = append(p.rest, c.holds)
		}
	}
	return p
}

// fewest is the condition that the fewest objects fit, where these are few; -1 where all
// have many.
func (f finder[T]) fewest(ctx context.Context, conditions []condition) (int, error) {
	best, least := -1, few+1
	for i, c := range conditions {
		if c.ids == nil {
			continue
		}
		b := &db.Binder{}
		text := "SELECT COUNT(*) FROM (" + c.ids(b) + " LIMIT " + b.Bind(least) + ") t"
		n, err := db.CollectPlanned(ctx, f.r.q, db.Scan[int], text, b.Args...)
		if err != nil {
			return -1, err
		}
		if n[0] < least {
			best, least = i, n[0]
		}
	}
	return best, nil
}

func (f finder[T]) conditions(filter notary.Filter) (all []condition) {
	if filter.Fingerprint != "" {
		all = append(all, f.unique("fingerprint", filter.Fingerprint))
	}
	if filter.Serial != "" {
		all = append(all, f.serial(filter.Serial))
	}
	if filter.Name != "" {
		name := searchable(filter.Name)
		all = append(all, f.named("="+name, "\n"+marked(name)+"\n"))
	}
	if filter.Domain != "" {
		domain := searchable(filter.Domain)
		all = append(all, f.named(domain, marked(domain)+"\n"))
	}
	if filter.NamePrefix != "" {
		prefix := searchable(filter.NamePrefix)
		all = append(all, f.prefixed("="+prefix, "\n"+marked(prefix)))
	}
	for _, word := range filter.Search {
		all = append(all, f.word(word))
	}
	if filter.Email != "" {
		all = append(all, f.submitter(filter.Email, filter.Owner))
	}
	if filter.AuthorityID != 0 {
		all = append(all, f.equal("authority_id", filter.AuthorityID))
	}
	if filter.Status != "" {
		all = append(all, f.equal("status", string(filter.Status)))
	}
	if filter.Key != "" {
		all = append(all, f.equal("key", filter.Key))
	}
	if filter.Revoked != nil {
		all = append(all, revoked(*filter.Revoked))
	}
	if filter.Expiring > 0 {
		filter = filter.Window()
		all = append(all, f.current())
	}
	if !filter.ExpiresAfter.IsZero() || !filter.ExpiresBefore.IsZero() {
		all = append(all, f.expires(filter))
	}
	return all
}

// equal is a condition on a column that has an index with the id.
func (f finder[T]) equal(column string, value any) condition {
	same, neutral := f.alias+"."+column+" = ", " || ''"
	if _, number := value.(int64); number {
		neutral = " + 0"
	}
	return condition{
		holds: func(b *db.Binder) { b.And(f.alias + "." + column + neutral + " = " + b.Bind(value)) },
		ids: func(b *db.Binder) string {
			return "SELECT id FROM " + f.what + " WHERE " + column + " = " + b.Bind(value)
		},
		indexed: func(b *db.Binder) { b.And(same + b.Bind(value)) },
		column:  "id",
	}
}

// submitter is a condition on who submitted it: an e-mail, and where it is given the account
// that has or had it.
func (f finder[T]) submitter(email string, owner int64) condition {
	c := f.equal("email", email)
	if owner == 0 {
		return c
	}
	own := func(b *db.Binder) { b.And(f.alias + ".requester_id = " + b.Bind(owner)) }
	all, ids, indexed := c.holds, c.ids, c.indexed
	c.holds = func(b *db.Binder) { all(b); own(b) }
	c.ids = func(b *db.Binder) string { return ids(b) + " AND requester_id = " + b.Bind(owner) }
	c.indexed = func(b *db.Binder) { indexed(b); own(b) }
	return c
}

// unique is a condition on a column in which no value is there twice.
func (f finder[T]) unique(column string, value any) condition {
	c := f.equal(column, value)
	c.indexed = nil
	return c
}

// serial is the serial number of a certificate; for a request, of any that it has had.
func (f finder[T]) serial(serial string) condition {
	if f.what == "certificate" {
		return f.unique("serial", serial)
	}
	return condition{
		holds: func(b *db.Binder) { b.And(f.hasHad("s.serial = " + b.Bind(serial))) },
		ids: func(b *db.Binder) string {
			return "SELECT request_id AS id FROM certificate WHERE request_id IS NOT NULL AND serial = " + b.Bind(serial)
		},
	}
}

// hasHad says that there is a certificate of the request of which the condition is true.
func (f finder[T]) hasHad(condition string) string {
	return "EXISTS (SELECT 1 FROM certificate s WHERE s.request_id = " + f.alias + ".id AND " + condition + ")"
}

// named is a condition that the table of names has as one term.
func (f finder[T]) named(term, text string) condition {
	table, id := f.what+"_name", f.what+"_id"
	return condition{
		holds: f.contains(text),
		ids: func(b *db.Binder) string {
			return "SELECT " + id + " AS id FROM " + table + " WHERE name = " + b.Bind(term)
		},
		indexed: func(b *db.Binder) { b.And("n.name = " + b.Bind(term)) },
		column:  "id",
		table:   table + " n",
		key:     "n." + id,
	}
}

// prefixed is a condition that the table of names has as a range of terms.
func (f finder[T]) prefixed(term, text string) condition {
	return condition{
		holds: f.contains(text),
		ids:   func(b *db.Binder) string { return f.namesFrom(b, term) },
	}
}

func (f finder[T]) namesFrom(b *db.Binder, term string) string {
	return fmt.Sprintf("SELECT %s_id AS id FROM %[1]s_name WHERE name >= %s AND name < %s", f.what, b.Bind(term), b.Bind(end(term)))
}

func (f finder[T]) contains(text string) func(*db.Binder) {
	return func(b *db.Binder) { b.And(f.like("search", "%"+pattern.Replace(text)+"%", b)) }
}

func (f finder[T]) like(column, text string, b *db.Binder) string {
	return f.alias + "." + column + " LIKE " + b.Bind(text) + ` ESCAPE '\'`
}

// revoked is a condition of certificates.
func revoked(yes bool) condition {
	const revoked = "EXISTS (SELECT 1 FROM revocation v WHERE v.certificate_id = k.id)"
	if !yes {
		return condition{holds: func(b *db.Binder) { b.And("NOT " + revoked) }}
	}
	return condition{
		holds: func(b *db.Binder) { b.And(revoked) },
		ids: func(b *db.Binder) string {
			return "SELECT certificate_id AS id FROM revocation WHERE certificate_id > 0"
		},
		indexed: func(*db.Binder) {},
		column:  "id",
		table:   "revocation p",
		key:     "p.certificate_id",
	}
}

// current is the condition that the certificate, for a request the one in use, is current.
func (f finder[T]) current() condition {
	if f.what == "certificate" {
		return condition{holds: func(b *db.Binder) { b.And(current("k")) }}
	}
	return condition{holds: func(b *db.Binder) {
		b.And("EXISTS (SELECT 1 FROM certificate s WHERE s.id = " + f.alias + ".certificate_id AND " + current("s") + ")")
	}}
}

// expires is the window in which the last second of validity lies.
func (f finder[T]) expires(filter notary.Filter) condition {
	from, to := db.Seconds(filter.ExpiresAfter), int64(noEnd)
	if !filter.ExpiresBefore.IsZero() {
		to = db.Seconds(filter.ExpiresBefore)
	}
	within := func(b *db.Binder, column string) string {
		return column + " >= " + b.Bind(from) + " AND " + column + " < " + b.Bind(to)
	}
	return condition{
		holds:   func(b *db.Binder) { b.And(within(b, "("+f.alias+".not_after + 0)")) },
		ids:     func(b *db.Binder) string { return "SELECT id FROM " + f.what + " WHERE " + within(b, "not_after") },
		indexed: func(b *db.Binder) { b.And(within(b, f.alias+".not_after")) },
		column:  "not_after",
	}
}
