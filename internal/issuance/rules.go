package issuance

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"notary"
	"notary/internal/pki"
)

type rule struct {
	name  string
	check func(*notary.Profile, *pki.CSR) error
}

var profileRules = []rule{
	{"key", checkKeyKind},
	{"key_usage", checkKeyUsage},
	{"request_signature", checkRequestSignature},
	{"subject", checkSubject},
	{"names", checkRequired},
	{"dns_names", checkDNSNames},
	{"wildcards", checkWildcards},
	{"underscores", checkUnderscores},
	{"ip_addresses", checkIPAddresses},
	{"email_addresses", checkEmailAddresses},
	{"uris", checkURIs},
	{"common_name", checkCommonName},
	{"user_principal_names", checkUPNs},
	{"max_names", checkNameCount},
}

func kindOf(key crypto.PublicKey) (kind notary.KeyKind, rsaBits int) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return notary.KindRSA, key.N.BitLen()
	case ed25519.PublicKey:
		return notary.KindEd25519, 0
	case *ecdsa.PublicKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return notary.KindP256, 0
		case 384:
			return notary.KindP384, 0
		case 521:
			return notary.KindP521, 0
		}
	}
	return "", 0
}

func checkKeyKind(p *notary.Profile, csr *pki.CSR) error {
	kind, bits := kindOf(csr.PublicKey)
	switch keys := p.Keys; {
	case !slices.Contains(keys.Allowed, kind):
		return refusedBy(p, "does not allow %s keys: create a request with "+
			"one of %s", pki.KeyName(csr.PublicKey), listed(keys.Allowed))
	case !AllowsExponent(&p.Rules, csr.PublicKey):
		return refusedBy(p, "requires RSA keys with a public exponent of at least %d, but this one has %d: "+
			"create a request with a new key", leastExponent(&p.Rules), pki.SmallExponent(csr.PublicKey))
	case kind == notary.KindRSA && bits < keys.MinRSABits:
		return refusedBy(p, "requires RSA keys of at least %d bits, but this one has %d: create a request with a "+
			"longer key", keys.MinRSABits, bits)
	case kind == notary.KindRSA && keys.MaxRSABits > 0 && bits > keys.MaxRSABits:
		return refusedBy(p, "allows RSA keys of at most %d bits, but this one has %d: create a request with a "+
			"shorter key", keys.MaxRSABits, bits)
	}
	return nil
}

func leastExponent(r *notary.Rules) int {
	if r.Keys.MinRSAExponent == 0 {
		return pki.UsualExponent
	}
	return r.Keys.MinRSAExponent
}

// AllowsExponent reports whether the rules allow the RSA exponent of a key. A small exponent is the only reason for
// refusing a key that a profile can waive.
func AllowsExponent(r *notary.Rules, key crypto.PublicKey) bool {
	small := pki.SmallExponent(key)
	return small == 0 || slices.Contains(r.Keys.Allowed, notary.KindRSA) && small >= leastExponent(r)
}

func checkKeyUsage(p *notary.Profile, csr *pki.CSR) error {
	if usageFor(p, csr.PublicKey) == 0 {
		return refusedBy(p, "has the key usages %s, none of which suits %s keys: create a request with another "+
			"key type", listed(p.KeyUsages), pki.KeyName(csr.PublicKey))
	}
	return nil
}

func checkRequestSignature(p *notary.Profile, csr *pki.CSR) error {
	if p.SHA1Requests || !pki.SignedWithSHA1(csr.SignatureAlgorithm) {
		return nil
	}
	return refusedBy(p, "does not allow requests signed with SHA-1: sign the request with SHA-256, "+
		"or choose a profile with sha1_requests")
}

func checkSubject(p *notary.Profile, csr *pki.CSR) error {
	if p.Subject.Others != notary.Refuse && !slices.ContainsFunc(p.Subject.Attributes,
		func(r notary.AttributeRule) bool { return r.Action == notary.Refuse }) {
		return nil
	}
	has, err := pki.SubjectAttributes(csr.RawSubject)
	if err != nil {
		return err
	}
	for _, attribute := range has {
		if actionOn(p, attribute.Type) == notary.Refuse {
			return refusedBy(p, "does not allow the attribute %s in the subject: create a request "+
				"without it", pki.AttributeName(attribute.Type))
		}
	}
	return nil
}

func actionOn(p *notary.Profile, oid string) notary.AttributeAction {
	for _, rule := range p.Subject.Attributes {
		if typed, ok := pki.AttributeType(rule.Type); ok && typed == oid {
			return rule.Action
		}
	}
	return p.Subject.Others
}

func fixedAttributes(p *notary.Profile) []pki.Attribute {
	var list []pki.Attribute
	for _, rule := range p.Subject.Attributes {
		if rule.Action == notary.Fix {
			oid, _ := pki.AttributeType(rule.Type)
			list = append(list, pki.Attribute{Type: oid, Value: rule.Value})
		}
	}
	return list
}

func checkRequired(p *notary.Profile, csr *pki.CSR) error {
	if p.Names.Required && csr.Names.Len() == 0 {
		return refusedBy(p, "requires at least one subject alternative name: create a request with one")
	}
	return nil
}

func checkDNSNames(p *notary.Profile, csr *pki.CSR) error {
	return checkNameRule(p, p.Names.DNS, "DNS name", csr.Names.DNS, matchesDNS)
}

func checkWildcards(p *notary.Profile, csr *pki.CSR) error {
	if p.Names.Wildcards {
		return nil
	}
	for _, name := range csr.Names.DNS {
		if strings.HasPrefix(name, "*.") {
			return refusedBy(p, "does not allow wildcards such as %.80s: create a request that names each host", name)
		}
	}
	return nil
}

func checkUnderscores(p *notary.Profile, csr *pki.CSR) error {
	if p.Names.Underscores {
		return nil
	}
	for _, name := range csr.Names.DNS {
		if strings.Contains(name, "_") {
			return refusedBy(p, "does not allow underscores in DNS names such as %.80s: "+
				"create a request without them, or choose a profile with names.underscores", name)
		}
	}
	return nil
}

func checkNameCount(p *notary.Profile, csr *pki.CSR) error {
	most := cmp.Or(p.Names.Max, notary.DefaultMaxNames)
	if n := csr.Names.Len(); n > most {
		return refusedBy(p, "allows at most %d names, but the request has %d: split it, or choose a profile with "+
			"a higher names.max", most, n)
	}
	return nil
}

func checkIPAddresses(p *notary.Profile, csr *pki.CSR) error {
	return checkNameRule(p, p.Names.IP, "IP address", csr.Names.IP, matchesIP)
}

func checkEmailAddresses(p *notary.Profile, csr *pki.CSR) error {
	return checkNameRule(p, p.Names.Email, "email address", csr.Names.Email, matchesEmail)
}

func checkURIs(p *notary.Profile, csr *pki.CSR) error {
	return checkNameRule(p, p.Names.URI, "URI", csr.Names.URI, matchesURI)
}

// checkCommonName applies the rules for DNS names and IP addresses to common names that look like a host and are not
// among the names.
func checkCommonName(p *notary.Profile, csr *pki.CSR) error {
	for _, commonName := range pki.CommonNames(csr.Subject) {
		if err := checkLookalike(p, csr, commonName); err != nil {
			return err
		}
	}
	return nil
}

func checkLookalike(p *notary.Profile, csr *pki.CSR, commonName string) error {
	host, ok := pki.LooksLikeHost(commonName)
	if !ok || slices.Contains(csr.Names.DNS, host) || slices.Contains(csr.Names.IP, host) {
		return nil
	}
	const reading = " (from the common name)"
	if _, err := netip.ParseAddr(host); err == nil {
		return checkNameRule(p, p.Names.IP, "IP address"+reading, []string{host}, matchesIP)
	}
	return checkNameRule(p, p.Names.DNS, "DNS name"+reading, []string{host}, matchesDNS)
}

func checkUPNs(p *notary.Profile, csr *pki.CSR) error {
	return checkNameRule(p, p.Names.UPN, "user principal name", csr.Names.UPN, matchesEmail)
}

func checkNameRule(p *notary.Profile, rule notary.NameRule, what string, names []string,
	matches func(name, entry string) bool) error {
	if rule.Allow == notary.AllowAny {
		return nil
	}
	for _, name := range names {
		switch {
		case rule.Allow != notary.AllowListed:
			return refusedBy(p, "does not allow any %s, but the request has %.80s: create a request without it, "+
				"or choose another profile", what, name)
		case !slices.ContainsFunc(rule.Listed, func(entry string) bool { return matches(name, entry) }):
			return refusedBy(p, "does not allow the %s %.80s, only %s: create a request without it, or choose "+
				"another profile",
				what, name, listed(rule.Listed))
		}
	}
	return nil
}

func refusedBy(p *notary.Profile, format string, args ...any) error {
	return notary.Errorf(notary.Unprocessable, "the profile %s %s", p.Name, fmt.Sprintf(format, args...))
}

func listed[T ~string](list []T) string {
	const most = 5
	var b strings.Builder
	for i, word := range list {
		if i == most {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}
