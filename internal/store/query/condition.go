package query

import (
	"fmt"

	"notary"
	"notary/internal/db"
)

func (l List[T]) conditions(filter notary.Filter) (all []Condition) {
	if filter.Fingerprint != "" {
		all = append(all, l.unique("fingerprint", filter.Fingerprint))
	}
	if filter.Serial != "" {
		all = append(all, l.serial(filter.Serial))
	}
	if filter.Name != "" {
		name := searchable(filter.Name)
		all = append(all, l.named("="+name, "\n"+marked(name)+"\n"))
	}
	if filter.Domain != "" {
		domain := searchable(filter.Domain)
		all = append(all, l.named(domain, marked(domain)+"\n"))
	}
	if filter.NamePrefix != "" {
		prefix := searchable(filter.NamePrefix)
		all = append(all, l.prefixed("="+prefix, "\n"+marked(prefix)))
	}
	for _, label := range filter.Labels {
		all = append(all, l.labelled(label))
	}
	for _, word := range filter.Search {
		all = append(all, l.word(word))
	}
	if filter.Email != "" {
		all = append(all, l.submitter(filter.Email, filter.Owner))
	}
	if filter.OwnerEmail != "" {
		all = append(all, l.ownedByAccount(filter.OwnerEmail))
	}
	if filter.OwnerGroup != 0 {
		all = append(all, l.equal("owner_group_id", filter.OwnerGroup))
	}
	if filter.Scope != nil {
		all = append(all, l.within(*filter.Scope))
	}
	if filter.AuthorityID != 0 {
		all = append(all, l.equal("authority_id", filter.AuthorityID))
	}
	if filter.Status != "" {
		all = append(all, l.equal("status", string(filter.Status)))
	}
	if filter.Key != "" {
		all = append(all, l.equal("key", filter.Key))
	}
	if filter.Revoked != nil {
		all = append(all, revoked(*filter.Revoked))
	}
	if filter.Expiring > 0 {
		filter = filter.Window()
		all = append(all, l.current())
	}
	if !filter.ExpiresAfter.IsZero() || !filter.ExpiresBefore.IsZero() {
		all = append(all, l.expires(filter))
	}
	return all
}

// WithoutIndex returns an expression for a text column that prevents the use of an index. Query planners misjudge how
// frequent a value is: they may collect and sort every match instead of following the index of the list's order.
func WithoutIndex(column string) string { return "(" + column + " || '')" }

// NumberWithoutIndex is like [WithoutIndex] for an integer column.
func NumberWithoutIndex(column string) string { return "(" + column + " + 0)" }

// Current returns the condition that the certificate with the given alias is neither revoked nor replaced. It does not
// use the index of current certificates, which is ordered by names.
func Current(alias string) string {
	return WithoutIndex(alias+".name_set") + " IS NOT NULL AND " + NumberWithoutIndex(alias+".replaced_by") + " IS NULL"
}

// NoEnd stands for the expiry of a request without a certificate, so that lists by expiry end with such requests.
const NoEnd = 1 << 60

// equal returns the condition that a column has the given value. The column's index must include the ID.
func (l List[T]) equal(column string, value any) Condition {
	qualified := l.Alias + "." + column
	unindexed := WithoutIndex(qualified)
	if _, number := value.(int64); number {
		unindexed = NumberWithoutIndex(qualified)
	}
	return Condition{
		Holds: func(b *db.Binder) { b.And(unindexed + " = " + b.Bind(value)) },
		IDs: func(b *db.Binder) string {
			return "SELECT id FROM " + l.Table + " WHERE " + column + " = " + b.Bind(value)
		},
		Indexed: func(b *db.Binder) { b.And(qualified + " = " + b.Bind(value)) },
		Column:  "id",
	}
}

// submitter returns a condition on the submitter's email address and, if owner is not 0, on the account that owns the
// object.
func (l List[T]) submitter(email string, owner int64) Condition {
	c := l.equal("email", email)
	if owner == 0 {
		return c
	}
	return l.also(l.ownedByAccount(email), func(b *db.Binder) string { return "requester_id = " + b.Bind(owner) })
}

func (l List[T]) ownedByAccount(email string) Condition {
	return l.also(l.equal("email", email), func(*db.Binder) string { return "owner_group_id IS NULL" })
}

func (l List[T]) also(c Condition, further func(*db.Binder) string) Condition {
	holds, ids, indexed := c.Holds, c.IDs, c.Indexed
	c.Holds = func(b *db.Binder) { holds(b); b.And(l.Alias + "." + further(b)) }
	c.IDs = func(b *db.Binder) string { return ids(b) + " AND " + further(b) }
	c.Indexed = func(b *db.Binder) { indexed(b); b.And(l.Alias + "." + further(b)) }
	return c
}

func (l List[T]) unique(column string, value any) Condition {
	c := l.equal(column, value)
	c.Indexed = nil
	return c
}

// serial returns a condition on the serial number of a certificate, or of any certificate that a request has had.
func (l List[T]) serial(serial string) Condition {
	if l.Table == "certificate" {
		return l.unique("serial", serial)
	}
	return Condition{
		Holds: func(b *db.Binder) { b.And(l.hasHad("s.serial = " + b.Bind(serial))) },
		IDs: func(b *db.Binder) string {
			return "SELECT request_id AS id FROM certificate WHERE request_id IS NOT NULL AND serial = " +
				b.Bind(serial)
		},
	}
}

func (l List[T]) hasHad(condition string) string {
	return "EXISTS (SELECT 1 FROM certificate s WHERE s.request_id = " + l.Alias + ".id AND " + condition + ")"
}

// named returns the condition that the table of names contains a term.
func (l List[T]) named(term, text string) Condition {
	table, id := l.Table+"_name", l.Table+"_id"
	return Condition{
		Holds: l.contains(text),
		IDs: func(b *db.Binder) string {
			return "SELECT " + id + " AS id FROM " + table + " WHERE name = " + b.Bind(term)
		},
		Indexed: func(b *db.Binder) { b.And("n.name = " + b.Bind(term)) },
		Column:  "id",
		Table:   table + " n",
		Key:     "n." + id,
	}
}

// prefixed returns the condition that the table of names contains a term with the given prefix.
func (l List[T]) prefixed(term, text string) Condition {
	return Condition{
		Holds: l.contains(text),
		IDs:   func(b *db.Binder) string { return l.namesFrom(b, term) },
	}
}

func (l List[T]) namesFrom(b *db.Binder, term string) string {
	return fmt.Sprintf("SELECT %s_id AS id FROM %[1]s_name WHERE name >= %s AND name < %s",
		l.Table, b.Bind(term), b.Bind(End(term)))
}

func (l List[T]) contains(text string) func(*db.Binder) {
	return func(b *db.Binder) { b.And(l.like("search", "%"+pattern.Replace(text)+"%", b)) }
}

func (l List[T]) like(column, text string, b *db.Binder) string {
	return l.Alias + "." + column + " LIKE " + b.Bind(text) + ` ESCAPE '\'`
}

func revoked(yes bool) Condition {
	const revoked = "EXISTS (SELECT 1 FROM revocation v WHERE v.certificate_id = k.id)"
	if !yes {
		return Condition{Holds: func(b *db.Binder) { b.And("NOT " + revoked) }}
	}
	return Condition{
		Holds: func(b *db.Binder) { b.And(revoked) },
		IDs: func(b *db.Binder) string {
			return "SELECT certificate_id AS id FROM revocation WHERE certificate_id > 0"
		},
		Indexed: func(*db.Binder) {},
		Column:  "id",
		Table:   "revocation p",
		Key:     "p.certificate_id",
	}
}

func (l List[T]) current() Condition {
	if l.Table == "certificate" {
		return Condition{Holds: func(b *db.Binder) { b.And(Current("k")) }}
	}
	return Condition{Holds: func(b *db.Binder) {
		b.And("EXISTS (SELECT 1 FROM certificate s WHERE s.id = " + l.Alias + ".certificate_id AND " + Current("s") +
			")")
	}}
}

func (l List[T]) expires(filter notary.Filter) Condition {
	from, to := db.Seconds(filter.ExpiresAfter), int64(NoEnd)
	if !filter.ExpiresBefore.IsZero() {
		to = db.Seconds(filter.ExpiresBefore)
	}
	within := func(b *db.Binder, column string) string {
		return column + " >= " + b.Bind(from) + " AND " + column + " < " + b.Bind(to)
	}
	return Condition{
		Holds:   func(b *db.Binder) { b.And(within(b, NumberWithoutIndex(l.Alias+".not_after"))) },
		IDs:     func(b *db.Binder) string { return "SELECT id FROM " + l.Table + " WHERE " + within(b, "not_after") },
		Indexed: func(b *db.Binder) { b.And(within(b, l.Alias+".not_after")) },
		Column:  "not_after",
	}
}
