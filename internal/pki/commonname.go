package pki

import (
	"net/netip"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"notary"
)

// hostMapping maps a name as browsers do before they look it up (UTS #46), and does not check it.
var hostMapping = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false),
	idna.ValidateLabels(false))

// LooksLikeHost reports whether people or programs may take a common name for a host, and returns
// that host as DNS has it: in lower case, with A-labels, without spaces around it, dots at its end
// and the zone of an address. Words without a dot are not taken for hosts.
func LooksLikeHost(commonName string) (host string, ok bool) {
	text := strings.TrimFunc(norm.NFKC.String(commonName), isPadding)
	if ip, ok := looseIP(text); ok {
		return ip, true
	}
	mapped, _ := hostMapping.ToASCII(text) // maps what it can
	host = strings.Trim(mapped, ".")
	if ip, ok := looseIP(host); ok {
		return ip, true
	}
	if !strings.Contains(host, ".") || !strings.ContainsFunc(host, unicode.IsLetter) ||
		strings.ContainsFunc(host, func(r rune) bool { return !isHostRune(r) }) {
		return "", false
	}
	return host, true
}

// isPadding reports whether r at the end of a name is not seen.
func isPadding(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, invisible...) }

// isHostRune reports whether r may be part of a host name, wildcards and names with underscores
// included. What cannot be mapped to ASCII is not ruled out.
func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._*", r) ||
		r >= 0x80 && !unicode.IsSpace(r)
}

// looseIP reads an IP address, with or without brackets and a zone.
func looseIP(text string) (ip string, ok bool) {
	text, _, _ = strings.Cut(strings.Trim(text, "[]"), "%")
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().String(), err == nil
}

// CommonNameHost returns the name that stands for a common name in the certificate of a server: a
// DNS name, also of a single label, or an IP address. If the common name is neither, the error says
// why. A name with an underscore counts only if underscores are allowed.
func CommonNameHost(commonName string, underscores bool) (names notary.Names, err error) {
	switch addr, notIP := netip.ParseAddr(commonName); {
	case commonName == "":
		err = invalid("there is no common name")
	case notIP == nil && addr.Zone() != "":
		err = invalid("the common name %.60q is an IP address with a zone, which means something on one machine only: "+
			"leave the zone out", commonName)
	case notIP == nil:
		err = addIP(&names, commonName)
	case !isASCII(commonName):
		err = notALabels(commonName)
	default:
		var name string
		if name, err = checkDNSName(commonName, underscores); err == nil {
			add(&names.DNS, name)
		}
	}
	return names, err
}

// notALabels refuses a common name that is not ASCII and says how to write it, if it is a host name.
func notALabels(commonName string) error {
	label, err := idna.Lookup.ToASCII(commonName)
	if _, bad := checkDNS(label); err != nil || bad != nil {
		return invalid("the common name %.60q is not a host name", commonName)
	}
	return invalid("the common name %.60q is not ASCII: write the host name with A-labels, %.253s", commonName, label)
}
