package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"notary"
)

// Which names and subtrees lie within a subtree, in the sense of RFC 5280, section 4.2.1.10.

// subtreeKind is one kind of names and how they are compared.
type subtreeKind struct {
	name      string // for messages
	of        func(notary.Subtrees) []string
	contains  func(subtree, name string) bool
	surrounds func(outer, inner string) bool
}

var subtreeKinds = []subtreeKind{
	{"DNS", func(s notary.Subtrees) []string { return s.DNS }, domainContains, domainContains},
	{"IP", func(s notary.Subtrees) []string { return s.IP }, prefixContains, prefixSurrounds},
	{"email", func(s notary.Subtrees) []string { return s.Email }, mailContains, mailSurrounds},
	{"URI", func(s notary.Subtrees) []string { return s.URI }, uriContains, hostSurrounds},
}

// FirstWithin finds a subtree of inner that lies within one of outer, and says of which kind
// they are: "DNS", "IP", "email" or "URI"; "" where there is none.
func FirstWithin(inner, outer notary.Subtrees) (kind, in, out string) {
	for _, k := range subtreeKinds {
		for _, in := range k.of(inner) {
			for _, out := range k.of(outer) {
				if k.surrounds(out, in) {
					return k.name, in, out
				}
			}
		}
	}
	return "", "", ""
}

// FirstBeyond finds a subtree of inner that lies within none of outer although outer has some
// of its kind.
func FirstBeyond(inner, outer notary.Subtrees) (kind, in string) {
	for _, k := range subtreeKinds {
		limits := k.of(outer)
		if len(limits) == 0 {
			continue
		}
		for _, in := range k.of(inner) {
			if !slices.ContainsFunc(limits, func(out string) bool { return k.surrounds(out, in) }) {
				return k.name, in
			}
		}
	}
	return "", ""
}

// maxComparisons limits how many comparisons of names with name constraints one check makes. OpenSSL has
// the same limit and refuses certificates that need more.
const maxComparisons = 1 << 20

// comparisons returns how many comparisons of names with constraints a check makes. Longer texts
// than those of real names count as several, because comparing them takes longer.
func comparisons(constraints notary.NameConstraints, names notary.Subtrees) int {
	return weight(names) * (weight(constraints.Permitted) + weight(constraints.Excluded))
}

func weight(names notary.Subtrees) (n int) {
	for _, k := range subtreeKinds {
		for _, name := range k.of(names) {
			n += 1 + len(name)/(maxDNS+1)
		}
	}
	return n
}

// Refused returns the kind and text of a name of a certificate that the constraints do not allow; ""
// if all are allowed. Names are compared as RFC 5280 requires, as OpenSSL does, and in all that
// OpenSSL and Java compare: the subject's e-mail addresses and, in a certificate without DNS names, a
// common name that looks like one, even that of an authority. So is, beside any names, a common name
// that people may take for a host. Then the kind is [CommonName]. If the comparison would take too
// long, the kind is [TooMany].
func Refused(constraints notary.NameConstraints, c *x509.Certificate) (kind, name string) {
	names := constrainedNames(c)
	if comparisons(constraints, names) > maxComparisons {
		return TooMany, ""
	}
	if kind, name := refusedName(constraints, names); kind != "" {
		return kind, name
	}
	for _, common := range CommonNames(c.Subject) {
		if len(c.DNSNames) > 0 || !looksLikeDNS(common) {
			continue
		}
		asDNS := notary.Subtrees{DNS: []string{strings.ToLower(common)}}
		if kind, _ := refusedName(constraints, asDNS); kind != "" {
			return CommonName, common
		}
	}
	for _, common := range CommonNames(c.Subject) {
		if kind, _ := refusedName(constraints, lookalike(common)); kind != "" {
			return CommonName, common
		}
	}
	return "", ""
}

// CommonNames returns all common names of a subject.
func CommonNames(subject pkix.Name) (list []string) {
	for _, attribute := range subject.Names {
		if text, ok := attribute.Value.(string); ok && attribute.Type.String() == oidCommonName {
			list = append(list, text)
		}
	}
	return list
}

// What [Refused] returns besides the kinds of names.
const (
	CommonName = "common" // a common name, taken for a DNS name
	TooMany    = "too many"
)

// lookalike returns the host for which people may take a common name, if any.
func lookalike(commonName string) (names notary.Subtrees) {
	host, ok := LooksLikeHost(commonName)
	if !ok {
		return names
	}
	if _, err := netip.ParseAddr(host); err == nil {
		names.IP = []string{host}
	} else {
		names.DNS = []string{host}
	}
	return names
}

func refusedName(constraints notary.NameConstraints, names notary.Subtrees) (kind, name string) {
	for _, k := range subtreeKinds {
		permitted, excluded := k.of(constraints.Permitted), k.of(constraints.Excluded)
		for _, name := range k.of(names) {
			within := func(subtree string) bool { return k.contains(subtree, name) }
			if len(permitted) > 0 && !slices.ContainsFunc(permitted, within) || slices.ContainsFunc(excluded, within) {
				return k.name, name
			}
			if k.name == "URI" && len(permitted)+len(excluded) > 0 && !plainAuthority(name) {
				return k.name, name
			}
		}
	}
	return "", ""
}

// constrainedNames returns the names that RFC 5280 has compared, those of the subject included.
func constrainedNames(c *x509.Certificate) notary.Subtrees {
	names := CertificateNames(c)
	names.IP = nil // an IPv4 address inside an IPv6 one is in no IPv4 prefix
	for _, ip := range c.IPAddresses {
		if addr, ok := netip.AddrFromSlice(ip); ok {
			names.IP = append(names.IP, addr.String())
		}
	}
	for _, attribute := range c.Subject.Names {
		if text, _ := attribute.Value.(string); attribute.Type.String() == oidEmailAddress {
			names.Email = append(names.Email, text)
		}
	}
	return notary.Subtrees{DNS: names.DNS, IP: names.IP, Email: names.Email, URI: names.URI}
}

// looksLikeDNS says whether OpenSSL or Java takes a common name for a DNS name: labels of
// letters, digits, hyphens and underscores. So are IPv4 addresses. One word is a DNS name to
// Java alone, which knows no underscores.
func looksLikeDNS(text string) bool {
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if label == "" || label[0] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return len(labels) > 1 || !strings.Contains(text, "_")
}

func domainContains(subtree, name string) bool {
	switch {
	case subtree == "":
		return true
	case strings.HasPrefix(subtree, "."): // RFC 5280 does not know it for DNS names; all verifiers do
		return len(name) > len(subtree) && strings.HasSuffix(name, subtree) || name == subtree
	default:
		return name == subtree || strings.HasSuffix(name, "."+subtree)
	}
}

func prefixContains(subtree, name string) bool {
	prefix, err := netip.ParsePrefix(subtree)
	addr, errName := netip.ParseAddr(name)
	return err == nil && errName == nil && prefix.Contains(addr)
}

func prefixSurrounds(outer, inner string) bool {
	out, err := netip.ParsePrefix(outer)
	in, errIn := netip.ParsePrefix(inner)
	return err == nil && errIn == nil && out.Bits() <= in.Bits() && out.Contains(in.Addr())
}

func mailContains(subtree, name string) bool {
	name = lowerDomain(name)
	if strings.Contains(subtree, "@") {
		return name == subtree
	}
	_, host, _ := strings.Cut(name, "@")
	return hostContains(subtree, host)
}

func mailSurrounds(outer, inner string) bool {
	if strings.Contains(inner, "@") {
		return mailContains(outer, inner)
	}
	return !strings.Contains(outer, "@") && hostSurrounds(outer, inner)
}

// hostContains knows a host, which is itself alone, and ".domain" for hosts below it.
func hostContains(subtree, host string) bool {
	if strings.HasPrefix(subtree, ".") {
		return len(host) > len(subtree) && strings.HasSuffix(host, subtree)
	}
	return host == subtree
}

func hostSurrounds(outer, inner string) bool {
	return inner == outer || hostContains(outer, inner)
}

func uriContains(subtree, uri string) bool {
	return hostContains(subtree, strings.ToLower(hostOf(uri)))
}

// hostOf is what stands behind the "//" of a URI, up to the path or the port.
func hostOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	return rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return r != '/' && r != ':' }))]
}

// plainAuthority reports whether a URI has nothing in and around its host that verifiers read in
// different ways: a user, a query or fragment without a path, encoded characters, a backslash.
func plainAuthority(uri string) bool {
	_, rest, found := strings.Cut(uri, "://")
	authority, _, _ := strings.Cut(rest, "/")
	return found && !strings.ContainsFunc(authority, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:", r)
	})
}
