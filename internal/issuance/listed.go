package issuance

import (
	"net/netip"
	"slices"
	"strings"

	"notary"
	"notary/internal/pki"
)

// CheckNameLists returns an error unless the lists would be valid in a profile. The error names the field of the list:
// the given field followed by ".dns", for example.
func CheckNameLists(field string, lists notary.NameLists) error {
	for _, kind := range []struct {
		name  string
		list  []string
		check func(string) bool
		form  string
	}{
		{"dns", lists.DNS, isDomain, "example.com (and subdomains) or .example.com (subdomains only)"},
		{"ip", lists.IP, isRange, "10.0.0.0/8, 2001:db8::/32 or a single address"},
		{"email", lists.Email, isMailbox, "example.com, .example.com (subdomains only) or a single address"},
		{"uri", lists.URI, isURIRule, "example.com, .example.com (subdomains only), spiffe://example.com/web or urn:example:"},
	} {
		if len(kind.list) > maxListed {
			return notary.FieldErrorf(field+"."+kind.name, "too many entries: list at most %d", maxListed)
		}
		for _, entry := range kind.list {
			if !kind.check(entry) {
				return notary.FieldErrorf(field+"."+kind.name, "%.80q cannot be listed here: write it as %s", entry, kind.form)
			}
		}
	}
	return nil
}

// Unlisted returns the first name of a certificate that no entry of the lists matches. A common name must be a listed
// host or address or one of the subject alternative names, because some programs identify clients and servers by it.
// User principal names never match.
func Unlisted(names notary.Names, commonNames []string, lists notary.NameLists) (name string, found bool) {
	for _, kind := range []struct {
		names   []string
		entries []string
		matches func(name, entry string) bool
	}{
		{names.DNS, lists.DNS, matchesPlainDNS},
		{names.IP, lists.IP, matchesIP},
		{names.Email, lists.Email, matchesEmail},
		{names.URI, lists.URI, matchesURI},
		{names.UPN, nil, nil},
	} {
		for _, name := range kind.names {
			if !slices.ContainsFunc(kind.entries, func(entry string) bool { return kind.matches(name, entry) }) {
				return name, true
			}
		}
	}
	all := names.All()
	for _, name := range commonNames {
		if !slices.Contains(all, name) && !listsHost(lists, name) {
			return name, true
		}
	}
	return "", false
}

func listsHost(lists notary.NameLists, commonName string) bool {
	host, ok := pki.LooksLikeHost(commonName)
	if !ok {
		host = commonName // a single label, if it is a host name at all
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return slices.ContainsFunc(lists.IP, func(entry string) bool { return matchesIP(host, entry) })
	}
	return slices.ContainsFunc(lists.DNS, func(entry string) bool { return matchesPlainDNS(host, entry) })
}

// matchesPlainDNS is like matchesDNS for names that may not be in the form of [notary.Names]. It matches only host
// names in lower case.
func matchesPlainDNS(name, entry string) bool {
	host := strings.TrimPrefix(name, "*.")
	_, notIP := netip.ParseAddr(host)
	return notIP != nil && host == strings.ToLower(host) && isPlainHost(host) && matchesDNS(name, entry)
}

// Uncovered returns the first entry of inner that no entry of outer covers. One entry covers another if it matches
// every name that the other matches.
func Uncovered(inner, outer notary.NameLists) (entry string, found bool) {
	for _, kind := range []struct {
		inner, outer []string
		covers       func(outer, inner string) bool
	}{
		{inner.DNS, outer.DNS, coversDomain},
		{inner.IP, outer.IP, coversRange},
		{inner.Email, outer.Email, coversMailbox},
		{inner.URI, outer.URI, coversURI},
	} {
		for _, one := range kind.inner {
			if !slices.ContainsFunc(kind.outer, func(entry string) bool { return kind.covers(entry, one) }) {
				return one, true
			}
		}
	}
	return "", false
}

func coversDomain(outer, inner string) bool {
	outer, inner = strings.ToLower(outer), strings.ToLower(inner)
	if strings.HasPrefix(inner, ".") {
		return strings.HasSuffix(inner, "."+strings.TrimPrefix(outer, "."))
	}
	return matchesDNS(inner, outer)
}

func coversRange(outer, inner string) bool {
	wide, isRange := parsePrefix(outer)
	narrow, ok := parsePrefix(inner)
	return isRange && ok && wide.Bits() <= narrow.Bits() && wide.Contains(narrow.Addr())
}

func coversMailbox(outer, inner string) bool {
	if strings.Contains(inner, "@") {
		return matchesEmail(inner, outer)
	}
	return strings.EqualFold(outer, inner) || coversHost(outer, inner)
}

// coversHost is like coversDomain for entries that match only their own host unless they begin with a dot.
func coversHost(outer, inner string) bool {
	return strings.HasPrefix(outer, ".") && strings.HasSuffix(strings.ToLower(inner), strings.ToLower(outer))
}

func coversURI(outer, inner string) bool {
	return outer == inner || matchesURI(inner, outer) || !strings.Contains(inner, ":") &&
		(strings.EqualFold(outer, inner) || coversHost(outer, inner))
}
