package pki

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"notary"
)

// Maximum lengths in characters.
const (
	maxDNS   = 253 // RFC 1035, section 2.3.4, as text without the trailing dot
	maxLabel = 63
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3
	maxLocal = 64  // RFC 5321, section 4.5.3.1.1
	maxURI   = 2048
)

// ParseNames parses names as users type them and detects the type of each: "a.example.com", "*.example.com",
// "10.0.0.7", "2001:db8::1", "me@example.com", "spiffe://example.org/web", "urn:example:pump", "upn:me@corp.example"
// (a user principal name). It returns them normalised, without duplicates.
func ParseNames(list []string) (notary.Names, error) {
	var names notary.Names
	if len(list) > MaxNames { // adding takes quadratic time
		return names, tooManyNames(len(list))
	}
	for _, text := range list {
		text = strings.TrimSpace(text)
		var err error
		if _, notIP := netip.ParseAddr(text); notIP == nil {
			err = addIP(&names, text)
		} else if upn, ok := strings.CutPrefix(text, notary.UPNPrefix); ok {
			err = addUPN(&names, upn)
		} else if strings.Contains(text, ":") {
			err = addURI(&names, text)
		} else if strings.Contains(text, "@") {
			err = addEmail(&names, text)
		} else {
			err = addDNS(&names, text)
		}
		if err != nil {
			return notary.Names{}, err
		}
	}
	return names, checkCount(names)
}

// CertificateNames returns the subject alternative names of a certificate, which may be external. It drops duplicates
// and names with spaces or control characters, which match nothing.
func CertificateNames(c *x509.Certificate) notary.Names {
	var names notary.Names
	for _, name := range c.DNSNames {
		names.DNS = append(names.DNS, strings.ToLower(name))
	}
	for _, ip := range c.IPAddresses {
		if addr, ok := netip.AddrFromSlice(ip); ok {
			names.IP = append(names.IP, addr.Unmap().String())
		}
	}
	for _, uri := range c.URIs {
		names.URI = append(names.URI, uri.String())
	}
	return notary.Names{DNS: distinct(names.DNS), IP: distinct(names.IP), Email: distinct(c.EmailAddresses),
		URI: distinct(names.URI),
		UPN: distinct(UPNs(c.Extensions))}
}

// distinct returns the names that can match anything, without duplicates. It takes linear time, because an external
// certificate may have tens of thousands of names.
func distinct(names []string) (list []string) {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if name != "" && isVisible(name) && !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// Addresses returns the IP addresses and URIs of names as the types that package x509 uses.
func Addresses(names notary.Names) ([]net.IP, []*url.URL, error) {
	var ips []net.IP
	for _, text := range names.IP {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, nil, invalid("%.60q is not an IP address", text)
		}
		ips = append(ips, addr.AsSlice())
	}
	var uris []*url.URL
	for _, text := range names.URI {
		uri, err := url.Parse(text)
		if err != nil {
			return nil, nil, invalid("%.60q is not a URI", text)
		}
		uris = append(uris, uri)
	}
	return ips, uris, nil
}

func add(to *[]string, name string) {
	if name != "" && isVisible(name) && !slices.Contains(*to, name) {
		*to = append(*to, name)
	}
}

func checkCount(names notary.Names) error {
	if names.Len() > MaxNames {
		return tooManyNames(names.Len())
	}
	return nil
}

func tooManyNames(n int) error {
	return invalid("there are %d names, but at most %d are allowed", n, MaxNames)
}

// IsHostName reports whether text is a host name in lower case (RFC 1123) without a wildcard.
func IsHostName(text string) bool {
	name, err := checkDNS(text)
	return err == nil && name == text && !strings.HasPrefix(name, "*")
}

// addDNS adds a DNS name. It accepts underscores, because profiles decide whether to allow them.
func addDNS(names *notary.Names, text string) error {
	name, err := checkDNSName(text, true)
	if err == nil {
		add(&names.DNS, name)
	}
	return err
}

// addIP adds an address in its shortest form. IPv4-mapped IPv6 addresses become IPv4, as in package net.
func addIP(names *notary.Names, text string) error {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return invalid("%.60q is not an IP address (zones are not allowed)", text)
	}
	add(&names.IP, addr.Unmap().String())
	return nil
}

// addEmail adds an email address. It preserves case, which may be significant in the local part (RFC 5321, section
// 2.4).
func addEmail(names *notary.Names, text string) error {
	if err := checkEmail(text); err != nil {
		return err
	}
	add(&names.Email, text)
	return nil
}

func addURI(names *notary.Names, text string) error {
	if err := checkURI(text); err != nil {
		return err
	}
	add(&names.URI, text)
	return nil
}

// checkDNS checks a name (RFC 1034, section 3.5, and RFC 1123, section 2.1; wildcards as in RFC 9525, section 6.3)
// and returns it in lower case.
func checkDNS(text string) (string, error) { return checkDNSName(text, false) }

func checkDNSName(text string, underscores bool) (string, error) {
	name := strings.ToLower(text)
	switch {
	case name == "":
		return "", invalid("a DNS name is empty")
	case len(name) > maxDNS:
		return "", invalid("the DNS name %.40q… is longer than %d characters", name, maxDNS)
	case !isASCII(name):
		return "", invalid("the DNS name %.60q is not ASCII: write it with A-labels (xn--…)", name)
	case strings.HasSuffix(name, "."):
		return "", invalid("the DNS name %.60q ends with a dot: remove the dot", name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", invalid("%.60q is an IP address but was given as a DNS name: "+
			"use an IP address name instead", name)
	}
	rest, wildcard := strings.CutPrefix(name, "*.")
	labels := strings.Split(rest, ".")
	if wildcard && len(labels) < 2 {
		return "", invalid("the wildcard %.60q is too broad: at least two labels must follow it", name)
	}
	for _, label := range labels {
		if err := checkLabel(name, label, underscores); err != nil {
			return "", err
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return "", invalid("the DNS name %.60q ends in a number, as only IP addresses do", name)
	}
	return name, nil
}

func checkLabel(name, label string, underscores bool) error {
	switch {
	case label == "":
		return invalid("the DNS name %.60q has an empty label", name)
	case len(label) > maxLabel:
		return invalid("the DNS name %.60q… has a label of more than %d characters", name, maxLabel)
	case strings.Contains(label, "*"):
		return invalid("the DNS name %.60q has a misplaced wildcard: "+
			"only the whole leftmost label can be *", name)
	case !underscores && strings.Contains(label, "_"):
		return invalid("the DNS name %.60q has an underscore, which is not allowed in host names", name)
	case label[0] == '-' || label[len(label)-1] == '-':
		return invalid("the DNS name %.60q has a label that starts or ends with a hyphen", name)
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return invalid("the DNS name %.60q has a character other than letters, "+
				"digits and hyphens", name)
		}
	}
	if strings.HasPrefix(label, "xn--") && !isALabel(label) {
		return invalid("the DNS name %.60q has an invalid internationalised label "+
			"(RFC 5891)", name)
	}
	return nil
}

// isALabel reports whether a label is the encoding of a valid Unicode label (RFC 5890, section 2.3.2.1).
func isALabel(label string) bool {
	unicode, err := idna.Registration.ToUnicode(label)
	if err != nil {
		return false
	}
	again, err := idna.Registration.ToASCII(unicode)
	return err == nil && again == label
}

// checkEmail checks an addr-spec (RFC 5322, section 3.4.1). It refuses quotes, comments and domain literals.
func checkEmail(text string) error {
	if !isASCII(text) {
		return invalid("%.60q is not an ASCII email address: write its domain with A-labels (xn--…), "+
			"and use only ASCII before the @", text)
	}
	local, domain, found := strings.Cut(text, "@")
	atoms := strings.Trim(local, ".") == local && !strings.Contains(local, "..")
	for _, c := range []byte(local) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		atoms = atoms && (letter || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0)
	}
	_, err := checkDNS(domain)
	if !found || local == "" || len(local) > maxLocal || !atoms || len(text) > maxEmail ||
		err != nil || strings.HasPrefix(domain, "*") {
		return invalid("%.60q is not an email address", text)
	}
	return nil
}

// hierarchical lists schemes whose URIs always have an authority component.
var hierarchical = []string{"http", "https", "ftp", "ldap", "ldaps", "ws", "wss", "coap", "coaps", "spiffe"}

// checkURI checks an absolute URI (RFC 5280, section 4.2.1.6). It must be in the form that package url writes, because
// it is certified byte for byte. It must have a host unless its scheme has none, as in urn:, tag: and sip:.
func checkURI(text string) error {
	if host, port, found := strings.Cut(text, ":"); found && port != "" && strings.Trim(port, "0123456789") == "" {
		return invalid("%.60q looks like a host and a port: use only the host, %.60q", text, host)
	}
	if isAddress(text) || strings.HasPrefix(text, notary.UPNPrefix) { // ParseNames would detect that type
		return invalid("the URI %.60q looks like a name of another type: write it as an IP address or a user "+
			"principal name", text)
	}
	uri, err := url.Parse(text)
	if err != nil || len(text) > maxURI || !isVisible(text) || !isASCII(text) || uri.Scheme == "" || uri.String() != text {
		return invalid("%.60q is not an absolute URI in its normal form: use one such as https://example.com/a or "+
			"urn:example:a", text)
	}
	opaque := uri.Opaque != "" && uri.Host == ""
	switch {
	case text == uri.Scheme+":" && !slices.Contains(hierarchical, uri.Scheme):
		return invalid("the URI %.60q has nothing after its scheme", text)
	case opaque && (slices.Contains(hierarchical, uri.Scheme) || strings.Contains(uri.Scheme, ".")), !opaque &&
		uri.Host == "":
		return invalid("the URI %.60q has no host: write %s://, and the host after it", text, uri.Scheme)
	case opaque && strings.ContainsAny(uri.Opaque, "\"\\<>^`{|}[]"):
		return invalid("the URI %.60q has a character that must be percent-encoded (RFC 3986)", text)
	}
	return nil
}

// asHost returns a common name as a host name or IP address, or false if it is neither, such as a title or a person's
// name. A single label is not a host name, except localhost.
func asHost(commonName string) (dns, ip string, ok bool) {
	if addr, err := netip.ParseAddr(commonName); err == nil && addr.Zone() == "" {
		return "", commonName, true
	}
	name, err := checkDNS(commonName)
	if err != nil || !strings.Contains(name, ".") && name != "localhost" {
		return "", "", false
	}
	return name, "", true
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// shortestAddress returns an IP address in the form used in [notary.Names], or "" if text is not an address or has a
// zone.
func shortestAddress(text string) string {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return ""
	}
	return addr.Unmap().String()
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func isVisible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
