package pki

import (
	"net/netip"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"notary"
)

// hostMapping maps a name as browsers do before a lookup (UTS #46), without validating it.
var hostMapping = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false),
	idna.ValidateLabels(false))

// LooksLikeHost reports whether people or programs may mistake a common name for an IP address or for a host name with
// a dot. It returns the host in lower case with A-labels, without surrounding spaces, dots or brackets and without an
// address zone.
func LooksLikeHost(commonName string) (host string, ok bool) {
	text := strings.TrimFunc(norm.NFKC.String(commonName), isPadding)
	if ip, ok := looseIP(text); ok {
		return ip, true
	}
	mapped, _ := hostMapping.ToASCII(text) // on error, mapped is a best effort
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

func isPadding(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, invisible...) }

// isHostRune reports whether r may be part of a host name, including wildcards, underscores and characters that cannot
// be mapped to ASCII.
func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._*", r) ||
		r >= 0x80 && !unicode.IsSpace(r)
}

func looseIP(text string) (ip string, ok bool) {
	text, _, _ = strings.Cut(strings.Trim(text, "[]"), "%")
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().String(), err == nil
}

// CommonNameHost returns the subject alternative name for a server's common name: a DNS name, possibly of a single
// label, or an IP address. The error explains why the common name is neither.
func CommonNameHost(commonName string, underscores bool) (names notary.Names, err error) {
	switch addr, notIP := netip.ParseAddr(commonName); {
	case commonName == "":
		err = invalid("there is no common name")
	case notIP == nil && addr.Zone() != "":
		err = invalid("the common name %.60q is an IP address with a zone, which is meaningful only on one machine: "+
			"remove the zone", commonName)
	case notIP == nil:
		err = addIP(&names, commonName)
	case !isASCII(commonName):
		err = notALabels(commonName)
	case strings.ContainsFunc(strings.ToLower(commonName), func(r rune) bool { return !isHostRune(r) }):
		err = invalid("the common name %.60q is not a host name, which has only letters, digits, hyphens "+
			"and dots", commonName)
	default:
		var name string
		if name, err = checkDNSName(commonName, underscores); err == nil {
			add(&names.DNS, name)
		} else if _, wrong := checkDNSName(commonName, true); wrong == nil {
			err = invalid("the common name %.60q has an underscore, which is not allowed in host names: remove "+
				"it, or choose a "+
				"profile with names.underscores", commonName)
		}
	}
	return names, err
}

func notALabels(commonName string) error {
	label, err := idna.Lookup.ToASCII(commonName)
	if _, bad := checkDNS(label); err != nil || bad != nil {
		return invalid("the common name %.60q is not a host name", commonName)
	}
	return invalid("the common name %.60q is not ASCII: write the host name with A-labels, %.253s", commonName, label)
}
