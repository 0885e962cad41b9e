package query

import (
	"fmt"
	"net/netip"
	"strings"

	"notary"
	"notary/internal/db"
)

// The limits of a grant become conditions, except the limit on names. It requires every name of an object to be listed,
// possibly by address range or URI prefix, which SQL cannot express. Instead, the query requires at least one listed
// name, using the table of names. The caller of the store removes objects that also have other names.

const (
	maxScopeNames  = 50   // maximum number of listed names in a query; with more, the condition on names is omitted
	maxScopeValues = 2000 // maximum number of values in all limits; with more, the whole condition is omitted
	maxScopeGrants = 100
)

type alternative struct {
	holds func(*db.Binder) string
	ids   func(*db.Binder) string // nil if there is no index
}

func (l List[T]) within(s notary.Scope) Condition {
	if tooMany(s) {
		return Condition{Holds: func(b *db.Binder) { b.And("1 = 1") }}
	}
	all := []alternative{l.owned(s)}
	if len(s.Groups) > 0 {
		all = append(all, l.ownedByGroups(s.Groups))
	}
	left := maxScopeNames
	for _, terms := range s.Grants {
		all = append(all, l.granted(terms, &left))
	}
	c := Condition{Wide: true, Holds: func(b *db.Binder) { b.And(anyOf(b, all)) }}
	for _, a := range all {
		if a.ids == nil {
			return c
		}
	}
	c.IDs = func(b *db.Binder) string { return unionOf(b, all) }
	return c
}

func tooMany(s notary.Scope) bool {
	values := len(s.Groups)
	for _, t := range s.Grants {
		values += len(t.Authorities) + len(t.Profiles) + len(t.Owners) + len(t.OwnerGroups)
	}
	return values > maxScopeValues || len(s.Grants) > maxScopeGrants
}

func anyOf(b *db.Binder, all []alternative) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.holds(b)
	}
	return "(" + strings.Join(texts, " OR ") + ")"
}

func unionOf(b *db.Binder, all []alternative) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.ids(b)
	}
	return strings.Join(texts, " UNION ALL ")
}

func (l List[T]) owned(s notary.Scope) alternative {
	return alternative{
		holds: func(b *db.Binder) string {
			return "(" + WithoutIndex(l.Alias+".email") + " = " + b.Bind(s.Email) + " AND " +
				l.Alias + ".requester_id = " + b.Bind(s.AccountID) + " AND " + l.Alias + ".owner_group_id IS NULL)"
		},
		ids: func(b *db.Binder) string {
			return "SELECT id FROM " + l.Table + " WHERE email = " + b.Bind(s.Email) +
				" AND requester_id = " + b.Bind(s.AccountID) + " AND owner_group_id IS NULL"
		},
	}
}

func (l List[T]) ownedByGroups(groups []int64) alternative {
	return alternative{
		holds: func(b *db.Binder) string {
			return NumberWithoutIndex(l.Alias+".owner_group_id") + " IN (" + db.BindAll(b, groups) + ")"
		},
		ids: func(b *db.Binder) string {
			return "SELECT id FROM " + l.Table + " WHERE owner_group_id IN (" + db.BindAll(b, groups) + ")"
		},
	}
}

// granted returns the condition that an object is within the limits of a grant. It subtracts the number of listed names
// from left.
func (l List[T]) granted(t notary.GrantTerms, left *int) alternative {
	names, ok := l.listed(t.Names, left)
	a := alternative{holds: func(b *db.Binder) string {
		limits := []string{"1 = 1"}
		if len(t.Authorities) > 0 {
			limits = append(limits,
				NumberWithoutIndex(l.Alias+".authority_id")+" IN ("+db.BindAll(b, t.Authorities)+")")
		}
		if len(t.Profiles) > 0 {
			limits = append(limits, l.issuedBy(b, t.Profiles))
		}
		if len(t.Owners)+len(t.OwnerGroups) > 0 {
			limits = append(limits, l.ownedBy(b, t))
		}
		if ok {
			limits = append(limits, anyOf(b, names))
		}
		return "(" + strings.Join(limits, " AND ") + ")"
	}}
	switch {
	case ok:
		a.ids = func(b *db.Binder) string { return unionOf(b, names) }
	case len(t.Authorities) > 0:
		a.ids = func(b *db.Binder) string {
			return "SELECT id FROM " + l.Table + " WHERE authority_id IN (" + db.BindAll(b, t.Authorities) + ")"
		}
	}
	return a
}

func (l List[T]) issuedBy(b *db.Binder, profiles []string) string {
	if l.Table == "certificate" {
		return "k.profile IN (" + db.BindAll(b, profiles) + ")"
	}
	return "EXISTS (SELECT 1 FROM certificate s WHERE s.id = " + l.Alias + ".certificate_id AND s.profile IN (" +
		db.BindAll(b, profiles) + "))"
}

func (l List[T]) ownedBy(b *db.Binder, t notary.GrantTerms) string {
	owner, either := l.Alias+".owner_group_id IS NULL AND "+NumberWithoutIndex(l.Alias+".requester_id"), []string{}
	if len(t.Owners) > 0 {
		either = append(either, owner+" IN ("+db.BindAll(b, t.Owners)+")")
	}
	if len(t.OwnerGroups) > 0 {
		either = append(either, owner+" IN (SELECT m.account_id FROM membership m WHERE m.group_id IN ("+
			db.BindAll(b, t.OwnerGroups)+"))",
			l.ownedByGroups(t.OwnerGroups).holds(b))
	}
	return "(" + strings.Join(either, " OR ") + ")"
}

// listed returns one condition for each listed name, domain, URI rule or address range. It returns false if lists is
// empty or has more than left entries, or if the addresses in a range have no common beginning.
func (l List[T]) listed(lists notary.NameLists, left *int) (all []alternative, ok bool) {
	if *left -= lists.Len(); *left < 0 || lists.Len() == 0 {
		return nil, false
	}
	for _, domain := range lists.DNS {
		all = append(all, l.below(domain))
	}
	for _, domain := range lists.Email { // domains or whole addresses
		all = append(all, l.below(domain))
	}
	for _, rule := range lists.URI {
		all = append(all, l.beginsWith(uriStart(rule)))
	}
	for _, text := range lists.IP {
		start, ok := addressStart(text)
		if !ok {
			return nil, false
		}
		all = append(all, l.beginsWith(start))
	}
	return all, true
}

func (l List[T]) below(domain string) alternative {
	return l.alternativeOf(l.named(termOf(domain), marked(termOf(domain))+"\n"))
}

func termOf(domain string) string { return searchable(strings.TrimPrefix(domain, ".")) }

// beginsWith returns the condition that a name begins with the text after "=". If text does not start with "=", any
// label of a name may begin with it.
func (l List[T]) beginsWith(text string) alternative {
	whole, isWhole := strings.CutPrefix(text, "=")
	whole = searchable(whole)
	if isWhole {
		return l.alternativeOf(l.prefixed("="+whole, "\n"+marked(whole)))
	}
	return l.alternativeOf(l.prefixed(whole, marked(whole)))
}

func (l List[T]) alternativeOf(c Condition) alternative {
	return alternative{ids: c.IDs, holds: func(b *db.Binder) string { return condition(b, c.Holds) }}
}

func condition(b *db.Binder, holds func(*db.Binder)) string {
	inner := &db.Binder{Args: b.Args}
	holds(inner)
	b.Args = inner.Args
	return strings.TrimPrefix(inner.Where(), " WHERE ")
}

// uriStart returns the text for beginsWith that finds the URIs matching a rule: "=" and the rule or, for a rule about
// hosts, the host.
func uriStart(rule string) string {
	if strings.Contains(rule, ":") {
		return "=" + rule
	}
	return strings.TrimPrefix(rule, ".")
}

// addressStart returns the text for beginsWith that finds the addresses in a range: "=" and their common beginning. It
// returns false if they have none.
func addressStart(text string) (start string, ok bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		return "=" + address.String(), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return "", false
	}
	if prefix.IsSingleIP() {
		return "=" + prefix.Addr().String(), true
	}
	octets := prefix.Addr().AsSlice()
	start = "="
	if prefix.Addr().Is4() {
		for i := range prefix.Bits() / 8 {
			start += fmt.Sprintf("%d.", octets[i])
		}
		return start, len(start) > 1
	}
	for i := range prefix.Bits() / 16 {
		group := int(octets[2*i])<<8 | int(octets[2*i+1])
		if group == 0 { // zero groups may be abbreviated to "::"
			break
		}
		start += fmt.Sprintf("%x:", group)
	}
	return start, len(start) > 1
}
