package pki_test

import (
	"crypto/x509"
	"testing"
)

const (
	mayNotSign = "that may sign certificates"
	tooMany    = "too many intermediates"
	countsAll  = "RFC 5280 does not count self-issued certificates; Go does, so that such a path is of no use to many"
)

// basicConstraintsCases are modelled on PKITS, section 4.6.
func basicConstraintsCases() []pathCase {
	return []pathCase{
		{what: "one authority", links: []edit{plain, plain}, we: true, openssl: true},
		{what: "no basic constraints", links: []edit{plain, func(c *x509.Certificate) {
			c.BasicConstraintsValid,
				c.IsCA = false, false
		}, plain}, words: mayNotSign},
		{what: "cA false, critical", links: []edit{plain, basicConstraints(true, 0x30, 0), plain}, words: mayNotSign},
		{what: "cA false, not critical", links: []edit{plain, basicConstraints(false, 0x30, 0), plain}, words: mayNotSign},
		{what: "cA true, not critical", links: []edit{plain, basicConstraints(false, 0x30, 3, 1, 1, 0xff), plain}, we: true,
			openssl: true},
		{what: "a path length without cA", links: []edit{plain, basicConstraints(true, 0x30, 3, 2, 1, 0), plain},
			words: mayNotSign},
		{what: "a leaf as an authority", links: []edit{plain, plain,
			func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }, plain},
			words: mayNotSign},
		{what: "path length 0, a leaf", links: []edit{plain, pathLen(0), plain}, we: true, openssl: true},
		{what: "path length 0, an authority", links: []edit{plain, pathLen(0), plain, plain}, words: tooMany},
		{what: "path length 0 of the root, an authority", links: []edit{pathLen(0), plain, plain}, words: tooMany},
		{what: "path length 1, one authority", links: []edit{plain, pathLen(1), plain, plain}, we: true, openssl: true},
		{what: "path length 1, two authorities", links: []edit{plain, pathLen(1), plain, plain, plain}, words: tooMany},
		{what: "path length 6, then 0, a leaf", links: []edit{plain, pathLen(6), pathLen(0), plain}, we: true, openssl: true},
		{what: "path length 6, then 0, an authority", links: []edit{plain, pathLen(6), pathLen(0), plain, plain},
			words: tooMany},
		{what: "path length 6, then 1, then 1, an authority", links: []edit{plain, pathLen(6), pathLen(1), pathLen(1), plain,
			plain}, words: tooMany},
		{what: "path length 0, then a larger one", links: []edit{plain, pathLen(0), pathLen(6), plain}, words: tooMany},
		{what: "path length 3, then 2, then 1, then 0", links: []edit{pathLen(3), pathLen(2), pathLen(1), pathLen(0), plain},
			we: true, openssl: true},
		{what: "path length 0, a self-issued authority", links: []edit{plain, pathLen(0), selfIssued(1), plain},
			openssl: true, words: tooMany, differs: countsAll},
		{what: "path length 0, a self-issued authority and another",
			links: []edit{plain, pathLen(0), selfIssued(1), plain, plain}, words: tooMany},
		{what: "path length 1, a self-issued authority", links: []edit{plain, pathLen(1), selfIssued(1), plain}, we: true,
			openssl: true},
		{what: "path length 1, a self-issued authority and another",
			links: []edit{plain, pathLen(1), selfIssued(1), plain, plain}, openssl: true, words: tooMany,
			differs: countsAll},
		{what: "path length 1, a self-issued authority and two others",
			links: []edit{plain, pathLen(1), selfIssued(1), plain, plain, plain}, words: tooMany},
	}
}

// keyUsageCases are modelled on PKITS, section 4.7. cRLSign is tested with the CRLs: a CA without it cannot be
// imported.
func keyUsageCases() []pathCase {
	return []pathCase{
		{what: "keyCertSign missing, critical", links: []edit{plain, usage(x509.KeyUsageCRLSign), plain}, words: mayNotSign},
		{what: "keyCertSign missing, not critical", links: []edit{plain, keyUsage(false, 3, 2, 1, 2), plain},
			words: mayNotSign},
		{what: "keyCertSign, not critical", links: []edit{plain, keyUsage(false, 3, 2, 2, 4), plain}, we: true,
			openssl: true},
		{what: "keyCertSign missing in the root", links: []edit{usage(x509.KeyUsageCRLSign), plain, plain},
			words: mayNotSign},
		{what: "digitalSignature alone", links: []edit{plain, usage(x509.KeyUsageDigitalSignature), plain},
			words: mayNotSign},
		{what: "no key usage", links: []edit{plain, usage(0), plain}, we: true, openssl: true},
		{what: "a key usage of nothing", links: []edit{plain, keyUsage(true, 3, 1, 0), plain}, words: mayNotSign},
		{what: "cRLSign missing above a leaf", links: []edit{plain, usage(x509.KeyUsageCertSign), plain}, we: true,
			openssl: true},
		{what: "an unknown critical extension in an authority", links: []edit{plain, with(true, []byte{5, 0}, 1, 2, 3),
			plain}, words: "unhandled critical extension"},
		{what: "an unknown critical extension in the root", links: []edit{with(true, []byte{5, 0}, 1, 2, 3), plain},
			words: "unhandled critical extension"},
		{what: "an unknown extension", links: []edit{plain, with(false, []byte{5, 0}, 1, 2, 3), plain}, we: true,
			openssl: true},
	}
}

const (
	ourWords    = "name constraints"
	noDirectory = "Go does not know constraints on directory names, and what does not understand them must refuse"
)

// nameConstraintsCases are modelled on PKITS, section 4.13. Boundary cases of a single constraint are in
// internal/issuance/nameconstraints_test.go.
func nameConstraintsCases(t *testing.T) []pathCase {
	t.Helper()
	met, other := directoryName(t, "Example"), directoryName(t, "Other")
	inOrganization := func(c *x509.Certificate) { c.Subject.Organization, c.Subject.CommonName = []string{"Example"}, "" }
	maximum := append(dnsName("example.com"), 0x81, 1, 1)
	minimum := append(dnsName("example.com"), 0x80, 1, 1)
	return []pathCase{
		// directory names
		{what: "directory names, met", links: []edit{plain, subtrees(true, 0xa0, met...), inOrganization}, openssl: true,
			words: ourWords, differs: noDirectory},
		{what: "directory names, not met", links: []edit{plain, subtrees(true, 0xa0, other...), inOrganization},
			words: ourWords},
		{what: "directory names, excluded", links: []edit{plain, subtrees(true, 0xa1, met...), inOrganization},
			words: ourWords},
		{what: "directory names, not met and not critical", links: []edit{plain, subtrees(false, 0xa0, other...),
			inOrganization}, words: ourWords},
		{what: "directory names, excluded and not critical", links: []edit{plain, subtrees(false, 0xa1, met...),
			inOrganization}, words: ourWords},

		// DNS names, along a path
		{what: "DNS, permitted", links: []edit{plain, permitted("example.com"), plain}, we: true, openssl: true},
		{what: "DNS, not permitted", links: []edit{plain, permitted("example.net"), plain}, words: ourWords},
		{what: "DNS, not permitted, not critical", links: []edit{plain, subtrees(false, 0xa0, dnsName("example.net")...),
			plain}, words: ourWords},
		{what: "DNS, not permitted by the root", links: []edit{permitted("example.net"), plain, plain}, words: ourWords},
		{what: "DNS, not permitted far above", links: []edit{plain, permitted("example.net"), plain, plain, plain},
			words: ourWords},
		{what: "DNS, excluded", links: []edit{plain, excluded("example.com"), plain}, words: ourWords},
		{what: "DNS, excluded far above", links: []edit{excluded("a.example.com"), plain, plain, plain}, words: ourWords},
		{what: "DNS, permitted, then less", links: []edit{plain, permitted("example.com"), permitted("b.example.com"),
			plain}, words: ourWords},
		{what: "DNS, permitted, then less, met", links: []edit{plain, permitted("example.com"), permitted("a.example.com"),
			plain}, we: true, openssl: true},
		{what: "DNS, permitted, then more", links: []edit{plain, permitted("b.example.com"), permitted("example.com"),
			plain}, words: ourWords},
		{what: "DNS, permitted, then something else", links: []edit{plain, permitted("example.com"),
			permitted("example.net"), plain}, words: ourWords},
		{what: "DNS, permitted, then excluded", links: []edit{plain, permitted("example.com"), excluded("a.example.com"),
			plain}, words: ourWords},
		{what: "DNS, excluded, then permitted", links: []edit{plain, excluded("example.com"), permitted("example.com"),
			plain}, words: ourWords},
		{what: "DNS, a leaf of another kind of name", links: []edit{plain, permitted("example.net"),
			mailed("me@example.com")}, we: true, openssl: true},
		{what: "DNS, an authority's own name", links: []edit{plain, permitted("example.com"), named("ca.example.net"),
			plain}, words: ourWords},
		{what: "DNS, a self-issued authority's own name", links: []edit{plain, permitted("example.com"),
			all(selfIssued(1), named("ca.example.net")), plain},
			we: true, openssl: true},
		{what: "DNS, the name of a self-issued leaf", links: []edit{plain, permitted("example.net"), selfIssued(1)},
			words: ourWords},
		{what: "DNS, below a self-issued authority", links: []edit{plain, permitted("example.net"), selfIssued(1), plain},
			words: ourWords},

		// email addresses
		{what: "email, permitted", links: []edit{plain, mailPermitted("example.com"), mailed("me@example.com")}, we: true,
			openssl: true},
		{what: "email, not permitted", links: []edit{plain, mailPermitted("example.com"), mailed("me@example.net")},
			words: ourWords},
		{what: "email, one of two not permitted", links: []edit{plain, mailPermitted("example.com"),
			mailed("me@example.com", "me@example.net")}, words: ourWords},
		{what: "email, a host below", links: []edit{plain, mailPermitted("example.com"), mailed("me@mail.example.com")},
			words: ourWords},
		{what: "email, hosts below permitted", links: []edit{plain, mailPermitted(".example.com"),
			mailed("me@mail.example.com")}, we: true, openssl: true},
		{what: "email, hosts below permitted, the host itself", links: []edit{plain, mailPermitted(".example.com"),
			mailed("me@example.com")}, words: ourWords},
		{what: "email, one address excluded", links: []edit{plain, mailExcluded("me@example.com"), mailed("me@example.com")},
			words: ourWords},
		{what: "email, another address excluded", links: []edit{plain, mailExcluded("me@example.com"),
			mailed("you@example.com")}, we: true, openssl: true},
		{what: "email in the subject alone, permitted", links: []edit{plain, mailPermitted("example.com"),
			mailInSubject("me@example.com")}, we: true, openssl: true},
		{what: "email in the subject alone, not permitted", links: []edit{plain, mailPermitted("example.com"),
			mailInSubject("me@example.net")}, words: ourWords},
		{what: "email in the subject alone, excluded", links: []edit{plain, mailExcluded("example.com"),
			mailInSubject("me@example.com")}, words: ourWords},
		{what: "email in the subject alone, not permitted far above",
			links: []edit{plain, mailPermitted("example.com"), plain, mailInSubject("me@example.net")}, words: ourWords},

		// URIs and addresses
		{what: "URI, permitted", links: []edit{plain, uriPermitted("example.com"), located(t, "https://example.com/a")},
			we: true, openssl: true},
		{what: "URI, not permitted", links: []edit{plain, uriPermitted("example.com"), located(t, "https://example.net/a")},
			words: ourWords},
		{what: "URI, a host below", links: []edit{plain, uriPermitted("example.com"),
			located(t, "https://www.example.com/a")}, words: ourWords},
		{what: "URI, hosts below permitted", links: []edit{plain, uriPermitted(".example.com"),
			located(t, "https://www.example.com/a")}, we: true, openssl: true},
		{what: "URI, without a host", links: []edit{plain, uriPermitted("example.com"), located(t, "urn:isbn:0451450523")},
			words: ourWords},
		{what: "IP, permitted", links: []edit{plain, ipPermitted(t, "10.0.0.0/8"), addressed("10.0.0.1")}, we: true,
			openssl: true},
		{what: "IP, not permitted", links: []edit{plain, ipPermitted(t, "10.0.0.0/8"), addressed("192.0.2.1")},
			words: ourWords},
		{what: "IP, permitted, then less", links: []edit{plain, ipPermitted(t, "10.0.0.0/8"), ipPermitted(t, "10.1.0.0/16"),
			addressed("10.2.0.1")}, words: ourWords},
		{what: "IP, IPv6 where IPv4 is permitted", links: []edit{plain, ipPermitted(t, "10.0.0.0/8"),
			addressed("2001:db8::1")}, words: ourWords},

		// forms that RFC 5280 forbids, and other types
		{what: "a maximum", links: []edit{plain, subtrees(true, 0xa0, maximum...), plain}, words: ourWords},
		{what: "a minimum", links: []edit{plain, subtrees(true, 0xa0, minimum...), plain}, words: ourWords},
		{what: "a maximum, not critical", links: []edit{plain, subtrees(false, 0xa0, maximum...), plain}, words: ourWords},
		{what: "registered identifiers", links: []edit{plain, subtrees(true, 0xa0, 0x88, 2, 0x2a, 3), plain}, openssl: true,
			words:   ourWords,
			differs: "OpenSSL refuses only names of a kind that it does not know, where there are any"},
	}
}
