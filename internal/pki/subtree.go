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

// This file decides whether a subtree contains a name or another subtree (RFC 5280, section 4.2.1.10).

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

// FirstWithin returns the first subtree of inner that lies within a subtree of outer, and the first such subtree of
// outer. kind is "DNS", "IP", "email" or "URI", or "" if there is no such pair.
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

// FirstBeyond returns the kind and text of the first subtree of inner that is not within any subtree of outer, or "".
// It ignores kinds for which outer has no subtree.
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

// maxComparisons limits the comparisons of names with name constraints in one check, as OpenSSL does.
const maxComparisons = 1 << 20

// comparisons estimates the number of comparisons in a check. A text longer than any DNS name counts several times.
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

// Refused returns the kind and text of the first name that the constraints forbid, or "". In addition to the names that
// RFC 5280 requires, it checks those that OpenSSL and Java check: the subject's email addresses and, in a certificate
// without DNS names, a common name that looks like a DNS name, even in a CA certificate.
//
// A common name that people may mistake for a host is always checked, with the kind [CommonName]. If the comparison
// would take too long, the kind is [TooMany].
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

const (
	CommonName = "common" // a common name that may be mistaken for a host
	TooMany    = "too many"
)

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

func constrainedNames(c *x509.Certificate) notary.Subtrees {
	names := CertificateNames(c)
	names.IP = nil // unlike CertificateNames, keep IPv4-mapped IPv6 addresses: they match no IPv4 prefix
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

// looksLikeDNS reports whether OpenSSL or Java treats a common name as a DNS name, including IPv4 addresses. A single
// label counts only in Java, which does not allow underscores.
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
	case strings.HasPrefix(subtree, "."): // not in RFC 5280 for DNS names, but all verifiers support it
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

// hostContains reports whether a URI or email subtree contains the host. A subtree is a host, which matches only
// itself, or ".domain", which matches the hosts below it.
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

func hostOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	return rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return r != '/' && r != ':' }))]
}

// plainAuthority reports whether all verifiers find the same host in a URI. They differ on user information,
// percent-encoding, backslashes, and a query or fragment without a path.
func plainAuthority(uri string) bool {
	_, rest, found := strings.Cut(uri, "://")
	authority, _, _ := strings.Cut(rest, "/")
	return found && !strings.ContainsFunc(authority, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:", r)
	})
}
