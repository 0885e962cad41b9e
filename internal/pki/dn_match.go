package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/unicode/norm"
)

// SameName reports whether two distinguished names match (RFC 5280, section 7.1): case, string type and the amount of
// white space are ignored. External chains need it, because the encodings of a name may differ.
func SameName(a, b []byte) bool {
	return bytes.Equal(a, b) || NameKey(a) == NameKey(b)
}

// NameKey returns the same key for all distinguished names that match. A name that cannot be parsed matches only
// itself.
func NameKey(name []byte) string {
	if key, ok := canonicalName(name); ok {
		return "name " + key
	}
	return "octets " + string(name)
}

// IsSelfIssued reports whether a certificate's issuer and subject are the same (RFC 5280, section 3.2).
func IsSelfIssued(c *x509.Certificate) bool { return SameName(c.RawIssuer, c.RawSubject) }

func canonicalName(der []byte) (string, bool) {
	in := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !in.ReadASN1(&rdns, casn1.SEQUENCE) || !in.Empty() {
		return "", false
	}
	var name []byte
	for !rdns.Empty() {
		var rdn cryptobyte.String
		if !rdns.ReadASN1(&rdn, casn1.SET) {
			return "", false
		}
		var attributes []string
		for !rdn.Empty() {
			attribute, ok := canonicalAttribute(&rdn)
			if !ok {
				return "", false
			}
			attributes = append(attributes, attribute)
		}
		slices.Sort(attributes) // a SET is unordered
		name = binary.AppendUvarint(name, uint64(len(attributes)))
		for _, attribute := range attributes {
			name = binary.AppendUvarint(name, uint64(len(attribute)))
			name = append(name, attribute...)
		}
	}
	return string(name), true
}

func canonicalAttribute(rdn *cryptobyte.String) (string, bool) {
	var pair, oid, value cryptobyte.String
	var tag casn1.Tag
	if !rdn.ReadASN1(&pair, casn1.SEQUENCE) || !pair.ReadASN1Element(&oid, casn1.OBJECT_IDENTIFIER) ||
		!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		return "", false
	}
	if text, ok := directoryText(tag, value); ok {
		return string(oid) + string(rune(casn1.UTF8String)) + foldedText(text), true
	}
	return string(oid) + string(rune(tag)) + string(value), true
}

// foldedText returns text in canonical form: NFKC, lower case, single spaces between words.
func foldedText(text string) string {
	text = strings.ToLower(strings.ToUpper(norm.NFKC.String(text)))
	return strings.Join(strings.Fields(norm.NFKC.String(text)), " ")
}
