package issuance_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"notary"
	"notary/internal/testkit"
)

type nameCase struct {
	what                string
	permitted, excluded []string
	names               []string
	commonName, email   string // in the subject

	say     verdicts
	differs string // why the verdicts differ
	java    string // why Java rejects what we issue
}

func (c nameCase) subject() pkix.Name {
	name := pkix.Name{CommonName: c.commonName}
	if c.email != "" {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
			Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(c.email)}}}
	}
	return name
}

type verdicts struct{ we, openssl, golang bool }

var (
	everybody    = verdicts{true, true, true}
	nobody       = verdicts{false, false, false}
	opensslAlone = verdicts{openssl: true}
	goAlone      = verdicts{golang: true}
	allButWe     = verdicts{openssl: true, golang: true}
)

func list(names ...string) []string { return names }

// nameCases lists certificates under name constraints with the verdicts of verifiers.
var nameCases = []nameCase{
	// DNS names
	{what: "no constraints", names: list("DNS:a.example.com"), say: everybody},
	{what: "the domain itself", permitted: list("DNS:example.com"), names: list("DNS:example.com"), say: everybody},
	{what: "one label below", permitted: list("DNS:example.com"), names: list("DNS:a.example.com"), say: everybody},
	{what: "three labels below", permitted: list("DNS:example.com"), names: list("DNS:a.b.c.example.com"), say: everybody},
	{what: "another domain", permitted: list("DNS:example.com"), names: list("DNS:example.net"), say: nobody},
	{what: "the same letters without a dot", permitted: list("DNS:example.com"), names: list("DNS:badexample.com"),
		say: nobody},
	{what: "the domain in front", permitted: list("DNS:example.com"), names: list("DNS:example.com.evil.net"),
		say: nobody},
	{what: "the domain above", permitted: list("DNS:a.example.com"), names: list("DNS:example.com"), say: nobody},
	{what: "one good, one bad name", permitted: list("DNS:example.com"),
		names: list("DNS:a.example.com", "DNS:a.example.net"), say: nobody},
	{what: "either of two domains", permitted: list("DNS:example.com", "DNS:example.net"),
		names: list("DNS:a.example.com", "DNS:a.example.net"), say: everybody},
	{what: "upper case in the name", permitted: list("DNS:example.com"), names: list("DNS:A.EXAMPLE.COM"), say: everybody},
	{what: "upper case in the constraint", permitted: list("DNS:EXAMPLE.com"), names: list("DNS:a.example.com"),
		say: everybody},
	{what: "upper case in an excluded name", excluded: list("DNS:example.com"), names: list("DNS:A.Example.COM"),
		say: nobody},
	{what: "excluded", excluded: list("DNS:bad.example.com"), names: list("DNS:bad.example.com"), say: nobody},
	{what: "below what is excluded", excluded: list("DNS:bad.example.com"), names: list("DNS:very.bad.example.com"),
		say: nobody},
	{what: "beside what is excluded", excluded: list("DNS:bad.example.com"), names: list("DNS:good.example.com"),
		say: everybody},
	{what: "excluded within what is permitted", permitted: list("DNS:example.com"), excluded: list("DNS:bad.example.com"),
		names: list("DNS:a.bad.example.com"), say: nobody},
	{what: "permitted around what is excluded", permitted: list("DNS:example.com"), excluded: list("DNS:bad.example.com"),
		names: list("DNS:notbad.example.com"), say: everybody},
	{what: "every DNS name excluded", excluded: list("DNS:"), names: list("DNS:a.example.com"), say: nobody},
	{what: "every DNS name excluded, an address", excluded: list("DNS:"), names: list("IP:10.0.0.1"), say: everybody},
	{what: "every DNS name permitted", permitted: list("DNS:"), names: list("DNS:a.example.com"), say: everybody,
		java: "it fails on the empty constraint (StringIndexOutOfBoundsException)"},
	{what: "a leading dot, a name below", permitted: list("DNS:.example.com"), names: list("DNS:a.example.com"),
		say: everybody},
	{what: "a leading dot, the domain itself", permitted: list("DNS:.example.com"), names: list("DNS:example.com"),
		say: nobody},
	{what: "a leading dot, excluded", excluded: list("DNS:.example.com"), names: list("DNS:a.example.com"), say: nobody},
	{what: "a leading dot, the domain itself not excluded", excluded: list("DNS:.example.com"),
		names: list("DNS:example.com"), say: everybody},
	{what: "a trailing dot in the name", permitted: list("DNS:example.com"), names: list("DNS:a.example.com."),
		say: nobody},
	{what: "a trailing dot around an exclusion", excluded: list("DNS:example.com"), names: list("DNS:a.example.com."),
		say:     opensslAlone,
		differs: "OpenSSL compares octets: with the dot it is another name; Go refuses to read it"},
	{what: "a trailing dot in the constraint", permitted: list("DNS:example.com."), names: list("DNS:a.example.com"),
		say: nobody},
	{what: "a trailing dot in both", permitted: list("DNS:example.com."), names: list("DNS:a.example.com."),
		say:     opensslAlone,
		differs: "Go takes no constraint with a trailing dot"},
	{what: "a trailing dot in an excluded constraint", excluded: list("DNS:example.com."),
		names: list("DNS:a.example.com"), say: opensslAlone,
		differs: "Go takes no constraint with a trailing dot; to OpenSSL it excludes names that nobody has"},
	{what: "a wildcard below", permitted: list("DNS:example.com"), names: list("DNS:*.example.com"), say: everybody},
	{what: "a wildcard beside", permitted: list("DNS:example.com"), names: list("DNS:*.example.net"), say: nobody},
	{what: "a wildcard over what is permitted", permitted: list("DNS:a.example.com"), names: list("DNS:*.example.com"),
		say: nobody},
	{what: "a wildcard that stands for an excluded name", excluded: list("DNS:bad.example.com"),
		names: list("DNS:*.example.com"), say: opensslAlone,
		differs: "OpenSSL compares the wildcard as if it were a label"},
	{what: "a wildcard beside an excluded name", excluded: list("DNS:bad.example.com"), names: list("DNS:*.example.net"),
		say: everybody},
	{what: "a wildcard above an excluded name two labels below", excluded: list("DNS:a.bad.example.com"),
		names: list("DNS:*.example.com"), say: everybody},
	{what: "an internationalised name as A-labels", permitted: list("DNS:xn--bcher-kva.example"),
		names: list("DNS:www.xn--bcher-kva.example"), say: everybody},
	{what: "A-labels in upper case", permitted: list("DNS:xn--bcher-kva.example"),
		names: list("DNS:www.XN--BCHER-KVA.example"), say: everybody},
	{what: "an internationalised name as U-labels", permitted: list("DNS:example"), names: list("DNS:www.bücher.example"),
		say:     opensslAlone,
		differs: "a name in a certificate is ASCII; OpenSSL does not look"},
	{what: "U-labels that an exclusion means", excluded: list("DNS:xn--bcher-kva.example"),
		names: list("DNS:www.bücher.example"), say: opensslAlone,
		differs: "OpenSSL compares octets: U-labels are another name than their A-labels"},
	{what: "an empty label", permitted: list("DNS:example.com"), names: list("DNS:a..example.com"), say: opensslAlone,
		differs: "OpenSSL compares only the end of the name"},
	{what: "an underscore", permitted: list("DNS:example.com"), names: list("DNS:a_b.example.com"), say: allButWe,
		differs: "a request for a name that no host has is refused before its constraints matter"},
	{what: "an address as a DNS name", excluded: list("IP:10.0.0.0/8"), names: list("DNS:10.0.0.1"), say: allButWe,
		differs: "a request for it is refused; verifiers compare it with constraints on DNS names alone"},

	{what: "upper case in an excluded constraint", excluded: list("DNS:EXAMPLE.com"), names: list("DNS:a.example.com"),
		say: nobody},
	{what: "a wildcard in upper case", permitted: list("DNS:example.com"), names: list("DNS:*.EXAMPLE.COM"),
		say: everybody},
	{what: "A-labels in upper case, excluded", excluded: list("DNS:xn--bcher-kva.example"),
		names: list("DNS:XN--BCHER-KVA.example"), say: nobody},
	{what: "A-labels in upper case in an excluded constraint", excluded: list("DNS:XN--BCHER-KVA.example"),
		names: list("DNS:xn--bcher-kva.example"), say: nobody},
	{what: "U-labels in the constraint", permitted: list("DNS:bücher.example"), names: list("DNS:xn--bcher-kva.example"),
		say: nobody},
	{what: "U-labels in an excluded constraint", excluded: list("DNS:bücher.example"),
		names: list("DNS:xn--bcher-kva.example"), say: opensslAlone,
		differs: "OpenSSL compares octets: it excludes names that nobody has; Go takes no constraint that is not ASCII"},
	{what: "a label that is no valid A-label", permitted: list("DNS:example.com"), names: list("DNS:xn--a.example.com"),
		say:     allButWe,
		differs: "a request for it is refused: no name is encoded so; verifiers do not decode it"},
	{what: "a dot alone", permitted: list("DNS:example.com"), names: list("DNS:."), say: nobody},
	{what: "two trailing dots", permitted: list("DNS:example.com"), names: list("DNS:a.example.com.."), say: nobody},
	{what: "a zero octet behind what is permitted", permitted: list("DNS:example.com"),
		names: list("DNS hex:6578616d706c652e636f6d00"), say: nobody},
	{what: "a zero octet before what is permitted", permitted: list("DNS:example.com"),
		names: list("DNS hex:6576696c2e6e6574002e6578616d706c652e636f6d"), say: opensslAlone,
		differs: "OpenSSL compares the end of all octets; Go refuses to read it"},

	// common names
	{what: "a common name alone, permitted", permitted: list("DNS:example.com"), commonName: "a.example.com",
		say: everybody},
	{what: "a common name alone, not permitted", permitted: list("DNS:example.com"), commonName: "a.example.net",
		say:     goAlone,
		differs: "Go never takes the common name for a host; our certificate would have it as a DNS name"},
	{what: "a common name of one word", permitted: list("DNS:example.com"), commonName: "server", say: allButWe,
		differs: "Java takes it for a DNS name where there are none beside it"},
	{what: "a common name of one word beside an email address", permitted: list("DNS:example.com"),
		names: list("email:me@example.net"), commonName: "server", say: allButWe,
		differs: "as above: an email address is no DNS name"},
	{what: "a common name of one word beside a DNS name", permitted: list("DNS:example.com"),
		names: list("DNS:a.example.com"), commonName: "server", say: everybody},
	{what: "a common name of one word, an address is excluded", excluded: list("IP:10.0.0.0/8"), commonName: "server",
		say: everybody},
	{what: "a common name of one word with an underscore", permitted: list("DNS:example.com"), commonName: "a_b",
		say: everybody},
	{what: "a common name of two words", permitted: list("DNS:example.com"), commonName: "Jane Doe", say: everybody},
	{what: "a common name with an underscore", permitted: list("DNS:example.com"), commonName: "a_b.example.net",
		say:     goAlone,
		differs: "Go never takes the common name for a host; OpenSSL does where there are no DNS names"},
	{what: "a common name beside an address", permitted: list("DNS:example.com"), names: list("IP:10.0.0.1"),
		commonName: "a_b.example.net", say: goAlone,
		differs: "as above: an address is no DNS name"},
	{what: "a common name that is an address", permitted: list("DNS:example.com", "IP:10.0.0.0/8"),
		names: list("IP:10.0.0.1"), commonName: "10.0.0.1", say: goAlone,
		differs: "OpenSSL takes it for a DNS name"},
	{what: "a common name beside DNS names", permitted: list("DNS:example.com"), names: list("DNS:a.example.com"),
		commonName: "a_b.example.net", say: allButWe,
		differs: "verifiers do not look at it, and people may take it for the host"},
	{what: "a person's common name", permitted: list("DNS:example.com"), names: list("email:me@example.net"),
		commonName: "Jane Doe", say: everybody},

	// IP addresses
	{what: "an address in the prefix", permitted: list("IP:10.0.0.0/8"), names: list("IP:10.255.255.255"), say: everybody},
	{what: "an address beyond the prefix", permitted: list("IP:10.0.0.0/8"), names: list("IP:11.0.0.0"), say: nobody},
	{what: "an odd prefix, its last address", permitted: list("IP:10.0.0.0/29"), names: list("IP:10.0.0.7"),
		say: everybody},
	{what: "an odd prefix, the one after", permitted: list("IP:10.0.0.0/29"), names: list("IP:10.0.0.8"), say: nobody},
	{what: "an excluded address", excluded: list("IP:10.0.0.7/32"), names: list("IP:10.0.0.7"), say: nobody},
	{what: "IPv6 in the prefix", permitted: list("IP:2001:db8::/32"), names: list("IP:2001:db8::1"), say: everybody},
	{what: "IPv6 beyond the prefix", permitted: list("IP:2001:db8::/32"), names: list("IP:2001:db9::1"), say: nobody},
	{what: "IPv6 where IPv4 is permitted", permitted: list("IP:10.0.0.0/8"), names: list("IP:2001:db8::1"), say: nobody},
	{what: "all of IPv4 excluded", excluded: list("IP:0.0.0.0/0"), names: list("IP:192.0.2.1"), say: nobody},
	{what: "all of IPv4 excluded, IPv6", excluded: list("IP:0.0.0.0/0"), names: list("IP:2001:db8::1"), say: everybody,
		java: "it compares IPv4 prefixes with the first octets of IPv6 addresses"},
	{what: "IPv4 inside IPv6, permitted", permitted: list("IP:10.0.0.0/8"),
		names: list("IP hex:00000000000000000000ffff0a000001"), say: everybody}, // certified as IPv4
	{what: "IPv4 inside IPv6, not permitted", permitted: list("IP:10.0.0.0/8"),
		names: list("IP hex:00000000000000000000ffffc0000201"), say: nobody},
	{what: "IPv4 inside IPv6, excluded as IPv4", excluded: list("IP:10.0.0.0/8"),
		names: list("IP hex:00000000000000000000ffff0a000001"), say: allButWe,
		differs: "of 16 octets it is in no prefix of 4; we certify, and so refuse, the IPv4 address that it is"},
	{what: "a constraint on IPv4 inside IPv6",
		permitted: list("IP hex:00000000000000000000ffff0a000000ffffffffffffffffffffffffff000000"),
		names:     list("IP:10.0.0.1"), say: nobody},
	{what: "a mask with a hole", permitted: list("IP hex:0a000000ff00ff00"), names: list("IP:10.1.0.1"), say: opensslAlone,
		differs: "Go takes no mask that is no prefix"},
	{what: "an address of five octets", permitted: list("IP:10.0.0.0/8"), names: list("IP hex:0a00000100"), say: nobody},

	{what: "IPv4 inside IPv6, beyond what is excluded", excluded: list("IP:10.0.0.0/8"),
		names: list("IP hex:00000000000000000000ffffc0000201"), say: everybody}, // certified as IPv4
	{what: "IPv4 inside IPv6 in the name and the constraint",
		permitted: list("IP hex:00000000000000000000ffff0a000000ffffffffffffffffffffffffff000000"),
		names:     list("IP hex:00000000000000000000ffff0a000001"), say: allButWe,
		differs: "as IPv4, as which we would certify it, it is not in a prefix of 16 octets"},
	{what: "IPv4 where it is excluded inside IPv6",
		excluded: list("IP hex:00000000000000000000ffff0a000000ffffffffffffffffffffffffff000000"),
		names:    list("IP:10.0.0.1"), say: everybody},
	{what: "IPv4 inside IPv6 where all of IPv6 is permitted", permitted: list("IP:::/0"),
		names: list("IP hex:00000000000000000000ffff0a000001"), say: opensslAlone,
		differs: "to OpenSSL it is of 16 octets and so IPv6; to Go and us it is IPv4, of which nothing is permitted"},
	{what: "IPv4 inside IPv6 where all of IPv6 is excluded", excluded: list("IP:::/0"),
		names: list("IP hex:00000000000000000000ffff0a000001"), say: everybody,
		java: "it fails on IPv4 addresses that begin like an IPv6 prefix (ArrayIndexOutOfBoundsException)"}, // certified as IPv4
	{what: "IPv4 behind zeros, which is IPv6", permitted: list("IP:10.0.0.0/8"), names: list("IP:::a00:1"), say: nobody},

	// email addresses
	{what: "any address at the host", permitted: list("email:example.com"), names: list("email:me@example.com"),
		say: everybody},
	{what: "an address at a host below", permitted: list("email:example.com"), names: list("email:me@mail.example.com"),
		say:     goAlone,
		differs: "to RFC 5280 a host is this host alone; Go takes it for a domain"},
	{what: "an address at a host below an excluded one", excluded: list("email:example.com"),
		names: list("email:me@mail.example.com"), say: opensslAlone,
		differs: "to RFC 5280 a host is this host alone; Go takes it for a domain"},
	{what: "an address at another host", permitted: list("email:example.com"), names: list("email:me@example.net"),
		say: nobody},
	{what: "a leading dot, a host below", permitted: list("email:.example.com"), names: list("email:me@mail.example.com"),
		say: everybody},
	{what: "a leading dot, the host itself", permitted: list("email:.example.com"), names: list("email:me@example.com"),
		say: nobody},
	{what: "one address, that one", permitted: list("email:me@example.com"), names: list("email:me@example.com"),
		say: everybody},
	{what: "one address, another", permitted: list("email:me@example.com"), names: list("email:you@example.com"),
		say: nobody},
	{what: "one address, the domain in upper case", permitted: list("email:me@example.com"),
		names: list("email:me@EXAMPLE.com"), say: everybody},
	{what: "one address, the local part in upper case", permitted: list("email:me@example.com"),
		names: list("email:ME@example.com"), say: nobody},
	{what: "an excluded address", excluded: list("email:me@example.com"), names: list("email:me@example.com"),
		say: nobody},
	{what: "every address excluded", excluded: list("email:"), names: list("email:me@example.com"), say: opensslAlone,
		differs: "RFC 5280 does not say what an empty constraint on addresses is; to OpenSSL it is a host without a name"},

	{what: "the host of an address in upper case", permitted: list("email:example.com"),
		names: list("email:me@EXAMPLE.com"), say: everybody},
	{what: "an excluded host in upper case", excluded: list("email:example.com"), names: list("email:me@EXAMPLE.com"),
		say: nobody},
	{what: "a host in upper case in the constraint on addresses", permitted: list("email:EXAMPLE.com"),
		names: list("email:me@example.com"), say: everybody},
	{what: "a host below, in upper case", permitted: list("email:.example.com"), names: list("email:me@MAIL.example.COM"),
		say: everybody},
	{what: "a host below an excluded domain", excluded: list("email:.example.com"),
		names: list("email:me@mail.example.com"), say: nobody},
	{what: "an excluded address, the domain in upper case", excluded: list("email:me@example.com"),
		names: list("email:me@EXAMPLE.com"), say: nobody},
	{what: "a trailing dot behind the host of an address", permitted: list("email:example.com"),
		names: list("email:me@example.com."), say: nobody},
	{what: "a trailing dot behind the excluded host of an address", excluded: list("email:example.com"),
		names: list("email:me@example.com."), say: opensslAlone,
		differs: "OpenSSL compares octets: with the dot it is another host; Go refuses to read it"},
	{what: "an address at an internationalised host", permitted: list("email:xn--bcher-kva.example"),
		names: list("email:me@XN--bcher-kva.example"), say: everybody},
	{what: "an address at a host of U-labels", excluded: list("email:xn--bcher-kva.example"),
		names: list("email:me@bücher.example"), say: opensslAlone,
		differs: "an address in a certificate is ASCII; OpenSSL does not look"},
	{what: "an address without a host", permitted: list("email:example.com"), names: list("email:me"), say: nobody},
	{what: "an address without a host, something else excluded", excluded: list("email:example.com"),
		names: list("email:me"), say: nobody},
	{what: "two at signs", permitted: list("email:example.com"), names: list("email:me@example.net@example.com"),
		say:     opensslAlone,
		differs: "OpenSSL takes what is behind the last one for the host; Go refuses to read it"},
	{what: "a quoted at sign", permitted: list("email:example.com"), names: list("email:\"me@example.net\"@example.com"),
		say:     allButWe,
		differs: "a request for an address with quotes is refused"},
	{what: "an address in the subject, permitted", permitted: list("email:example.com"), email: "me@example.com",
		names: list("DNS:a.example.com"), say: everybody},
	{what: "an address in the subject, not permitted", permitted: list("email:example.com"), email: "me@example.net",
		names: list("DNS:a.example.com"), say: goAlone,
		differs: "RFC 5280 constrains addresses in the subject where there are no names beside it, and OpenSSL always; Go does not look at them"},
	{what: "an address in the subject, excluded, in upper case", excluded: list("email:example.com"),
		email: "me@EXAMPLE.COM", names: list("DNS:a.example.com"), say: goAlone,
		differs: "as above"},
	{what: "an address in the subject beside a permitted one", permitted: list("email:example.com"),
		email: "me@example.net", names: list("email:me@example.com"), say: goAlone,
		differs: "as above"},

	// URIs
	{what: "a URI at the host", permitted: list("URI:example.com"), names: list("URI:https://example.com/a"),
		say: everybody},
	{what: "a URI at a host below", permitted: list("URI:example.com"), names: list("URI:https://www.example.com/a"),
		say:     goAlone,
		differs: "to RFC 5280 a host is this host alone; Go takes it for a domain"},
	{what: "a URI at a host below an excluded one", excluded: list("URI:example.com"),
		names: list("URI:https://www.example.com/a"), say: opensslAlone,
		differs: "to RFC 5280 a host is this host alone; Go takes it for a domain"},
	{what: "a leading dot, a URI at a host below", permitted: list("URI:.example.com"),
		names: list("URI:https://www.example.com/a"), say: everybody},
	{what: "a leading dot, a URI at the host itself", permitted: list("URI:.example.com"),
		names: list("URI:https://example.com/a"), say: nobody},
	{what: "a URI at another host", permitted: list("URI:example.com"),
		names: list("URI:https://example.net/example.com"), say: nobody},
	{what: "a URI with a port", permitted: list("URI:example.com"), names: list("URI:https://example.com:8443/a"),
		say: everybody},
	{what: "a URI in upper case", permitted: list("URI:example.com"), names: list("URI:https://EXAMPLE.com/a"),
		say: everybody},
	{what: "a URI of a workload", permitted: list("URI:example.com"), names: list("URI:spiffe://example.com/web"),
		say: everybody},
	{what: "a user before the host", permitted: list("URI:example.com"), names: list("URI:https://me@example.com/a"),
		say:     goAlone,
		differs: "OpenSSL takes the user for a part of the host"},
	{what: "a user that looks like the host", permitted: list("URI:example.com"),
		names: list("URI:https://example.com:x@evil.net/"), say: opensslAlone,
		differs: "OpenSSL takes what is before the colon for the host"},
	{what: "a user before an excluded host", excluded: list("URI:example.com"),
		names: list("URI:https://me@example.com/a"), say: opensslAlone,
		differs: "OpenSSL takes the user for a part of the host"},
	{what: "a query right behind the host", permitted: list("URI:example.com"), names: list("URI:https://example.com?a"),
		say:     goAlone,
		differs: "OpenSSL takes the query for a part of the host"},
	{what: "a URI with an address", permitted: list("URI:example.com"), names: list("URI:https://10.0.0.1/"), say: nobody},
	{what: "a URI with an address, something else excluded", excluded: list("URI:example.com"),
		names: list("URI:https://10.0.0.1/"), say: opensslAlone,
		differs: "Go takes no address where URIs are constrained, as RFC 5280 has it"},
	{what: "a URI without a host", excluded: list("URI:example.com"), names: list("URI:urn:isbn:0451450523"), say: nobody},
	{what: "a trailing dot behind an excluded host", excluded: list("URI:example.com"),
		names: list("URI:https://example.com./"), say: opensslAlone,
		differs: "OpenSSL compares octets: with the dot it is another host; Go refuses to read it"},

	{what: "a URI in upper case where it is excluded", excluded: list("URI:example.com"),
		names: list("URI:https://EXAMPLE.com/a"), say: nobody},
	{what: "a host in upper case in the constraint on URIs", permitted: list("URI:EXAMPLE.com"),
		names: list("URI:https://example.com/a"), say: everybody},
	{what: "a URI at a host below an excluded domain, in upper case", excluded: list("URI:.example.com"),
		names: list("URI:https://WWW.Example.com/a"), say: nobody},
	{what: "a trailing dot behind a permitted host", permitted: list("URI:example.com"),
		names: list("URI:https://example.com./"), say: nobody},
	{what: "a URI at an internationalised host", permitted: list("URI:xn--bcher-kva.example"),
		names: list("URI:https://XN--bcher-kva.example/"), say: everybody},
	{what: "a URI at a host of U-labels", excluded: list("URI:xn--bcher-kva.example"),
		names: list("URI:https://bücher.example/"), say: opensslAlone,
		differs: "a URI in a certificate is ASCII; OpenSSL does not look"},
	{what: "a URI at an excluded host that is percent-encoded", excluded: list("URI:example.com"),
		names: list("URI:https://ex%61mple.com/"), say: opensslAlone,
		differs: "OpenSSL compares octets: encoded it is another host; Go refuses to read it"},
	{what: "a URI without a host, where hosts are permitted", permitted: list("URI:example.com"),
		names: list("URI:urn:isbn:0451450523"), say: nobody},
	{what: "a mailto URI", permitted: list("URI:example.com"), names: list("URI:mailto:me@example.com"), say: nobody},
	{what: "a URI with an empty host", permitted: list("URI:example.com"), names: list("URI:file:///example.com"),
		say: nobody},
	{what: "a URI with an empty host, something else excluded", excluded: list("URI:example.com"),
		names: list("URI:file:///example.com"), say: nobody},
	{what: "a URI without a host, no constraint on URIs", permitted: list("DNS:example.com"),
		names: list("URI:urn:isbn:0451450523"), say: opensslAlone,
		differs: "we certify no URI without a host; nor does Go take one where there are constraints of any kind"},
	{what: "a URI with an address, no constraint on URIs", permitted: list("DNS:example.com"),
		names: list("URI:https://10.0.0.1/"), say: opensslAlone,
		differs: "Go takes none where there are constraints of any kind"},
	{what: "a URI with IPv6", permitted: list("URI:example.com"), names: list("URI:https://[2001:db8::1]/"), say: nobody},
	{what: "a URI with IPv4 inside IPv6, something else excluded", excluded: list("URI:example.com"),
		names: list("URI:https://[::ffff:10.0.0.1]/"), say: opensslAlone,
		differs: "Go takes no address where URIs are constrained, as RFC 5280 has it"},
	{what: "a backslash before the host", permitted: list("URI:example.com"),
		names: list("URI:https://evil.net\\example.com/"), say: nobody},
	{what: "a relative URI", permitted: list("URI:example.com"), names: list("URI://example.com/a"), say: goAlone,
		differs: "to OpenSSL, as to RFC 5280, it is no URI without a scheme; we certify none"},

	// across types, and other types
	{what: "constraints on another kind of names", permitted: list("DNS:example.com"),
		names: list("IP:10.0.0.1", "email:me@example.net"), say: everybody},
	{what: "constraints on directory names, met", permitted: list("dirName:Example"), names: list("DNS:a.example.com"),
		say:     opensslAlone,
		differs: "Go does not know constraints on directory names, and refuses what it does not know"},
	{what: "constraints on directory names, excluded ones", excluded: list("dirName:Example"),
		names: list("DNS:a.example.com"), say: opensslAlone,
		differs: "Go does not know constraints on directory names, and refuses what it does not know"},
}

// OpenSSL and Go accept what we certify under name constraints, and so does Java what it can parse. If the first two
// differ, we follow the stricter.
func TestInteropNameConstraints(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	java := testkit.NewJava(t)
	anchor := newRoot(t, notary.ECDSAP256, -1)
	var authorities, leaves [][]byte
	issued := make([]bool, len(nameCases))
	for i, c := range nameCases {
		authority, issuer := constrained(t, anchor, i+1, c.permitted, c.excluded)
		leaf := ours(t, authority, issuer, c)
		issued[i] = leaf != nil
		if leaf == nil {
			leaf = byHand(t, issuer, c)
		}
		authorities, leaves = append(authorities, authority), append(leaves, leaf)
	}
	chains := newVerified(t, anchor.Certificate, authorities, leaves)
	openssl := chains.byOpenSSL(t)
	for i, c := range nameCases {
		say := verdicts{issued[i], openssl[i], chains.byGo(i)}
		if say != c.say {
			t.Errorf("%s: accepted by %+v, want %+v", c.what, say, c.say)
		}
		if say.we && say != everybody {
			t.Errorf("%s: we issue what others do not accept", c.what)
		}
		if says, accepted := chains.byJava(t, java, i); say.we && accepted != (c.java == "") {
			t.Errorf("%s: what we issue, Java says: %s", c.what, says)
		}
		if differs := say != everybody && say != nobody; differs != (c.differs != "") {
			t.Errorf("%s: a difference must be explained, and nothing else", c.what)
		}
	}
	if len(nameCases) < 60 {
		t.Errorf("only %d cases", len(nameCases))
	}
}
