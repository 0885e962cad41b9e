package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

var oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

const maxSubtrees = 100

// CheckNameConstraints validates constraints entered by a user and returns them without duplicates, with domains in
// lower case. It refuses a permitted subtree that lies within an excluded one.
func CheckNameConstraints(given notary.NameConstraints) (checked notary.NameConstraints, err error) {
	if given.Len() > maxSubtrees {
		return checked, notary.FieldErrorf("name_constraints", "there are %d name constraints, but at most %d "+
			"are allowed", given.Len(), maxSubtrees)
	}
	for _, part := range []struct {
		name    string
		from    notary.Subtrees
		to      *notary.Subtrees
		exclude bool
	}{{"permitted", given.Permitted, &checked.Permitted, false}, {"excluded", given.Excluded, &checked.Excluded, true}} {
		for _, kind := range []struct {
			name  string
			from  []string
			to    *[]string
			check func(string) (string, error)
		}{
			{"dns", part.from.DNS, &part.to.DNS, domainCheck(part.exclude)},
			{"ip", part.from.IP, &part.to.IP, checkPrefix},
			{"email", part.from.Email, &part.to.Email, checkEmailSubtree},
			{"uri", part.from.URI, &part.to.URI, checkHostSubtree},
		} {
			for _, text := range kind.from {
				subtree, err := kind.check(text)
				if err != nil {
					return checked, notary.WithField(err, "name_constraints."+part.name+"."+kind.name)
				}
				if !slices.Contains(*kind.to, subtree) {
					*kind.to = append(*kind.to, subtree)
				}
			}
		}
	}
	if kind, inner, outer := FirstWithin(checked.Permitted, checked.Excluded); kind != "" {
		return checked, notary.FieldErrorf("name_constraints.permitted."+strings.ToLower(kind),
			"%q is permitted, but lies within %q, which is excluded: remove one of them", inner, outer)
	}
	return checked, nil
}

// domainCheck returns a function that validates a DNS subtree. Only an excluded subtree may be "", which matches every
// name.
func domainCheck(excluded bool) func(string) (string, error) {
	return func(text string) (string, error) {
		switch {
		case text == "" && excluded:
			return "", nil
		case strings.HasPrefix(text, "."):
			return "", invalid("%.60q starts with a dot: remove the dot, because a domain includes all names below it", text)
		case strings.Contains(text, "*"):
			return "", invalid("%.60q has a wildcard: use the domain, which includes all names below it", text)
		}
		return checkDNS(text)
	}
}

func checkPrefix(text string) (string, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return "", invalid("%.60q is not an IP prefix: use one such as 10.0.0.0/8 or 2001:db8::/32", text)
	case prefix.Addr().Is4In6():
		return "", invalid("%.60q is an IPv4 prefix inside an IPv6 one: write it as IPv4", text)
	case prefix != prefix.Masked():
		return "", invalid("%.60q has bits beyond its prefix: write %s", text, prefix.Masked())
	}
	return prefix.String(), nil
}

func checkEmailSubtree(text string) (string, error) {
	local, domain, address := strings.Cut(text, "@")
	if !address {
		return checkHostSubtree(text)
	}
	return local + "@" + strings.ToLower(domain), checkEmail(text)
}

func checkHostSubtree(text string) (string, error) {
	dot := ""
	domain, below := strings.CutPrefix(text, ".")
	if below {
		dot = "."
	}
	if strings.Contains(text, "*") {
		return "", invalid("%.60q has a wildcard: write .example.com for all hosts below example.com", text)
	}
	name, err := checkDNS(domain)
	return dot + name, err
}

// ConstraintsExtension returns the critical extension (RFC 5280, section 4.2.1.10) for constraints from
// [CheckNameConstraints].
func ConstraintsExtension(c notary.NameConstraints) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i, subtrees := range []notary.Subtrees{c.Permitted, c.Excluded} {
			if subtrees.Len() > 0 {
				b.AddASN1(casn1.Tag(i).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { addSubtrees(b, subtrees) })
			}
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, notary.InternalError("write the name constraints", err)
	}
	return pkix.Extension{Id: oidNameConstraints, Critical: true, Value: der}, nil
}

func addSubtrees(b *cryptobyte.Builder, subtrees notary.Subtrees) {
	add := func(tag casn1.Tag, base []byte) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(base) })
		})
	}
	for _, text := range subtrees.DNS {
		add(tagDNS, []byte(text))
	}
	for _, text := range subtrees.IP {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			b.SetError(err)
			return
		}
		mask := make([]byte, prefix.Addr().BitLen()/8)
		for i := range prefix.Bits() {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		add(tagIP, append(prefix.Addr().AsSlice(), mask...))
	}
	for _, text := range subtrees.Email {
		add(tagEmail, []byte(text))
	}
	for _, text := range subtrees.URI {
		add(tagURI, []byte(text))
	}
}

// CertificateConstraints returns the name constraints of a CA certificate, which may be external. It returns an
// Unprocessable error for malformed constraints and for constraints that verifiers interpret differently: types of
// names except DNS, IP, email and URI, IP ranges that are not prefixes, and subtrees with a minimum or maximum.
func CertificateConstraints(c *x509.Certificate) (constraints notary.NameConstraints, err error) {
	for _, extension := range c.Extensions {
		if extension.Id.Equal(oidNameConstraints) {
			return readConstraints(extension.Value)
		}
	}
	return constraints, nil
}

func readConstraints(der []byte) (constraints notary.NameConstraints, err error) {
	in := cryptobyte.String(der)
	var list, permitted, excluded cryptobyte.String
	if !in.ReadASN1(&list, casn1.SEQUENCE) || !in.Empty() ||
		!list.ReadOptionalASN1(&permitted, nil, casn1.Tag(0).ContextSpecific().Constructed()) ||
		!list.ReadOptionalASN1(&excluded, nil, casn1.Tag(1).ContextSpecific().Constructed()) || !list.Empty() {
		return constraints, unsupportedConstraints("are not well-formed")
	}
	if err := readSubtrees(permitted, &constraints.Permitted); err != nil {
		return constraints, err
	}
	return constraints, readSubtrees(excluded, &constraints.Excluded)
}

func unsupportedConstraints(why string) error {
	return notary.Errorf(notary.Unprocessable, "the name constraints of the CA's certificate %s", why)
}

func readSubtrees(in cryptobyte.String, to *notary.Subtrees) error {
	for !in.Empty() {
		var subtree, base cryptobyte.String
		var tag casn1.Tag
		if !in.ReadASN1(&subtree, casn1.SEQUENCE) || !subtree.ReadAnyASN1(&base, &tag) {
			return unsupportedConstraints("are not well-formed")
		}
		if !subtree.Empty() { // DER omits the default minimum of 0
			return unsupportedConstraints("have a minimum or maximum, which RFC 5280 forbids")
		}
		switch tag {
		case tagDNS:
			to.DNS = append(to.DNS, strings.ToLower(string(base)))
		case tagURI:
			to.URI = append(to.URI, strings.ToLower(string(base)))
		case tagEmail:
			to.Email = append(to.Email, lowerDomain(string(base)))
		case tagIP:
			prefix, ok := readPrefix(base)
			if !ok {
				return unsupportedConstraints("have an IP range that is not a prefix")
			}
			to.IP = append(to.IP, prefix)
		default:
			kind, ok := generalNames[tag]
			if !ok {
				kind = "unknown"
			}
			return unsupportedConstraints("apply to an unsupported type of name (" + kind + ")")
		}
	}
	return nil
}

func readPrefix(value []byte) (text string, ok bool) {
	half := len(value) / 2
	addr, ok := netip.AddrFromSlice(value[:half])
	if !ok || len(value)%2 != 0 {
		return "", false
	}
	bits := 0
	for ; bits < half*8 && value[half+bits/8]&(0x80>>(bits%8)) != 0; bits++ {
	}
	for i := bits; i < half*8; i++ {
		if value[half+i/8]&(0x80>>(i%8)) != 0 {
			return "", false
		}
	}
	return netip.PrefixFrom(addr, bits).String(), true
}

func lowerDomain(text string) string {
	if local, domain, address := strings.Cut(text, "@"); address {
		return local + "@" + strings.ToLower(domain)
	}
	return strings.ToLower(text)
}
