package query

import (
	"fmt"
	"net/netip"
	"strings"

	"notary"
	"notary/internal/db"
)

// The limits of a grant become conditions, except that of names: all names of an object must be listed, ranges of
// addresses and prefixes of URIs included, which SQL cannot express. The condition is that one of the names is listed.
// It is answered by the table of names, and the caller of the store leaves out what has other names as well.

const (
	maxScopeNames  = 50   // listed names that a query looks for: beyond it the condition on names is left out
	maxScopeValues = 2000 // of all limits: beyond it the whole condition is
	maxScopeGrants = 100
)

// alternative is a condition of several that are joined by OR.
type alternative struct {
	holds func(*db.Binder) string
	ids   func(*db.Binder) string // nil if there is no index
}

// within returns the condition that an object is in a scope.
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

// tooMany reports whether the scope has more limits than engines take in one query.
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

// owned is what the account of a scope owns.
func (l List[T]) owned(s notary.Scope) alternative {
	return alternative{
		holds: func(b *db.Binder) string {
			return "(" + WithoutIndex(l.Alias+".email") + " = " + b.Bind(s.Email) + " AND " +
				l.Alias + ".requester_id = " + b.Bind(s.AccountID) + " AND " + l.Alias + ".owner_group_id IS NULL)"
		},
		ids: func(b *db.Binder) string {
			return "SELECT id FROM " + l.Table + " WHERE email = " + b.Bind(s.Email) + " AND requester_id = " + b.Bind(s.AccountID) +
				" AND owner_group_id IS NULL"
		},
	}
}

// ownedByGroups is what belongs to one of the groups.
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

// granted is what is within the limits of a grant. The names that are looked for are taken from left.
func (l List[T]) granted(t notary.GrantTerms, left *int) alternative {
	names, ok := l.listed(t.Names, left)
	a := alternative{holds: func(b *db.Binder) string {
		limits := []string{"1 = 1"}
		if len(t.Authorities) > 0 {
			limits = append(limits, NumberWithoutIndex(l.Alias+".authority_id")+" IN ("+db.BindAll(b, t.Authorities)+")")
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

// issuedBy is the condition that the certificate, for a request the one in use, was issued by one of the profiles.
func (l List[T]) issuedBy(b *db.Binder, profiles []string) string {
	if l.Table == "certificate" {
		return "k.profile IN (" + db.BindAll(b, profiles) + ")"
	}
	return "EXISTS (SELECT 1 FROM certificate s WHERE s.id = " + l.Alias + ".certificate_id AND s.profile IN (" +
		db.BindAll(b, profiles) + "))"
}

// ownedBy is the condition that one of the accounts, one of the groups or a member of these is the owner.
func (l List[T]) ownedBy(b *db.Binder, t notary.GrantTerms) string {
	owner, either := l.Alias+".owner_group_id IS NULL AND "+NumberWithoutIndex(l.Alias+".requester_id"), []string{}
	if len(t.Owners) > 0 {
		either = append(either, owner+" IN ("+db.BindAll(b, t.Owners)+")")
	}
	if len(t.OwnerGroups) > 0 {
		either = append(either, owner+" IN (SELECT m.account_id FROM membership m WHERE m.group_id IN ("+db.BindAll(b, t.OwnerGroups)+"))",
			l.ownedByGroups(t.OwnerGroups).holds(b))
	}
	return "(" + strings.Join(either, " OR ") + ")"
}

// listed returns conditions of which one holds for each name that is listed. It returns false if there is no limit
// on names, or none that a query can answer.
func (l List[T]) listed(lists notary.NameLists, left *int) (all []alternative, ok bool) {
	if *left -= lists.Len(); *left < 0 || lists.Len() == 0 {
		return nil, false
	}
	for _, domain := range lists.DNS {
		all = append(all, l.below(domain))
	}
	for _, domain := range lists.Email { // or a whole address
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

// below is the condition that a name ends with the labels of a domain.
func (l List[T]) below(domain string) alternative {
	return l.alternativeOf(l.named(termOf(domain), marked(termOf(domain))+"\n"))
}

func termOf(domain string) string { return searchable(strings.TrimPrefix(domain, ".")) }

// beginsWith is the condition that a name begins with the text or, without "=" before it, that a label does.
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

// condition returns the text that holds adds, with its arguments in b.
func condition(b *db.Binder, holds func(*db.Binder)) string {
	inner := &db.Binder{Args: b.Args}
	holds(inner)
	b.Args = inner.Args
	return strings.TrimPrefix(inner.Where(), " WHERE ")
}

// uriStart returns how a URI begins that a rule matches, after "=", or a label of it: its host. Hosts are in lower
// case among the terms.
func uriStart(rule string) string {
	if strings.Contains(rule, ":") {
		return "=" + rule
	}
	return strings.TrimPrefix(rule, ".")
}

// addressStart returns how the addresses in a range begin, after "=". It returns false if they have no beginning in
// common.
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
		if group == 0 { // it may be left out, with those after it
			break
		}
		start += fmt.Sprintf("%x:", group)
	}
	return start, len(start) > 1
}
