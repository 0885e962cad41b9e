package issuance

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// The entries of a profile's name lists match like name constraints (RFC 5280, section 4.2.1.10). Names are in the
// form of [notary.Names].

// matchesDNS reports whether a DNS name, possibly a wildcard, equals the entry or is a subdomain of it. An entry with a
// leading dot matches only subdomains.
func matchesDNS(name, entry string) bool {
	entry = strings.ToLower(entry)
	name = strings.TrimPrefix(name, "*") // the rest, such as ".example.com", stands for all subdomains
	if below, only := strings.CutPrefix(entry, "."); only {
		return strings.HasSuffix(name, "."+below)
	}
	return name == entry || strings.HasSuffix(name, "."+entry)
}

func matchesIP(name, entry string) bool {
	address, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	prefix, ok := parsePrefix(entry)
	return ok && prefix.Contains(address.Unmap())
}

// parsePrefix parses an address range, such as 10.0.0.0/8, or a single address. It refuses zones, IPv4-mapped IPv6
// addresses, and ranges with bits set after the prefix.
func parsePrefix(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" && !address.Is4In6() {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() || prefix != prefix.Masked() {
		return netip.Prefix{}, false
	}
	return prefix, true
}

// matchesEmail reports whether an email address matches the entry: the address, its domain, or with a leading dot a
// parent of its domain.
func matchesEmail(name, entry string) bool {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return false
	}
	if local, domain, ok := strings.Cut(entry, "@"); ok { // the local part is case-sensitive
		return name[:at] == local && strings.EqualFold(name[at+1:], domain)
	}
	return matchesHost(strings.ToLower(name[at+1:]), entry)
}

func matchesHost(host, entry string) bool {
	entry = strings.ToLower(entry)
	return host == entry || strings.HasPrefix(entry, ".") && strings.HasSuffix(host, entry)
}

// matchesURI reports whether a URI matches the entry. An entry without a scheme is a host. An entry with a scheme and a
// host matches URIs that start with it, up to the end of a path segment. A URI without a host must equal the entry or
// start with an entry that ends in a colon. An ambiguous URI matches nothing: see isUnambiguous.
func matchesURI(name, entry string) bool {
	uri, err := url.Parse(name)
	if err == nil && uri.Opaque != "" {
		return name == entry || isOpaqueRule(entry) && strings.HasSuffix(entry, ":") && strings.HasPrefix(name, entry)
	}
	if err != nil || !isUnambiguous(uri) {
		return false
	}
	if !strings.Contains(entry, "://") {
		return matchesHost(strings.ToLower(uri.Hostname()), entry)
	}
	prefix, err := url.Parse(entry)
	if err != nil || uri.Scheme != prefix.Scheme || !strings.EqualFold(uri.Host, prefix.Host) {
		return false
	}
	path, under := uri.EscapedPath(), prefix.EscapedPath()
	rest, ok := strings.CutPrefix(path, under)
	return ok && (rest == "" || under == "" || strings.HasSuffix(under, "/") || strings.HasPrefix(rest, "/"))
}

// isUnambiguous reports whether all programs see the same host and path in a URI: it has no user, its host is a DNS
// name or an IP address, and its path has no dot segments and no hidden separators.
func isUnambiguous(uri *url.URL) bool {
	if uri.User != nil || uri.Opaque != "" || !isPlainHost(uri.Hostname()) {
		return false
	}
	path := uri.EscapedPath()
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ";") // some programs drop such parameters
		if segment == "." || segment == ".." {
			return false
		}
	}
	return !hidesSeparator(path)
}

// isPlainHost reports whether a host is an IP address, or labels of letters, digits, hyphens and underscores. SPIFFE
// allows underscores.
func isPlainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for label := range strings.SplitSeq(strings.ToLower(host), ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// hidesSeparator reports whether a path contains a backslash, or a percent-encoded character that is a control
// character, is special in a URI or need not be encoded (RFC 3986, sections 2.2 and 2.3). Programs decode these before
// or after interpreting the path, some twice.
func hidesSeparator(path string) bool {
	for i := range len(path) {
		switch {
		case path[i] == '\\':
			return true
		case path[i] != '%':
			continue
		}
		octet, err := strconv.ParseUint(path[i+1:min(i+3, len(path))], 16, 8)
		if err != nil || octet < ' ' || octet == 0x7f || isSpecial(byte(octet)) {
			return true
		}
	}
	return false
}

func isSpecial(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-._~:/?#[]@!$&'()*+,;=%\\", c) >= 0
}
