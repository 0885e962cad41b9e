package issuance

import (
	"net/netip"
	"net/url"
	"strings"
)

// The entries of a profile's lists of names match as name constraints do (RFC 5280, section
// 4.2.1.10). Names are in the form of [notary.Names]: lower case, addresses unmapped.

// matchesDNS says whether a DNS name, which may be a wildcard, is the entry or below it.
func matchesDNS(name, entry string) bool {
	entry = strings.ToLower(entry)
	name = strings.TrimPrefix(name, "*") // ".example.com" is what the wildcard stands for, and more
	if below, only := strings.CutPrefix(entry, "."); only {
		return strings.HasSuffix(name, "."+below)
	}
	return name == entry || strings.HasSuffix(name, "."+entry)
}

// matchesIP says whether an address lies in the entry's range.
func matchesIP(name, entry string) bool {
	address, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	prefix, ok := parsePrefix(entry)
	return ok && prefix.Contains(address.Unmap())
}

// parsePrefix reads a range, such as 10.0.0.0/8, or a single address. What it gives has no
// bits behind its prefix and is never an IPv4 range inside of IPv6.
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

// matchesEmail says whether an e-mail address is the entry, or is at its domain: exactly that
// one, or with a dot before it one of those below.
func matchesEmail(name, entry string) bool {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return false
	}
	if local, domain, ok := strings.Cut(entry, "@"); ok { // the local part's case matters
		return name[:at] == local && strings.EqualFold(name[at+1:], domain)
	}
	return matchesHost(strings.ToLower(name[at+1:]), entry)
}

// matchesHost says whether a host is the entry or, where that begins with a dot, below it.
func matchesHost(host, entry string) bool {
	entry = strings.ToLower(entry)
	return host == entry || strings.HasPrefix(entry, ".") && strings.HasSuffix(host, entry)
}

// matchesURI says whether a URI has the entry's host, or begins with the entry: that has a
// scheme then, and may end only where a part of the path does.
func matchesURI(name, entry string) bool {
	uri, err := url.Parse(name)
	if err != nil || uri.User != nil {
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
	for segment := range strings.SplitSeq(strings.ToLower(path), "/") {
		if segment = strings.ReplaceAll(segment, "%2e", "."); segment == "." || segment == ".." {
			return false // it leads elsewhere
		}
	}
	rest, ok := strings.CutPrefix(path, under)
	return ok && (rest == "" || under == "" || strings.HasSuffix(under, "/") || strings.HasPrefix(rest, "/"))
}
