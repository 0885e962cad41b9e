package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/unicode/norm"
)

// SameName reports whether two distinguished names match (RFC 5280, section 7.1): case, the amount
// of white space and the type of string do not matter. It is for chains that others made; what is
// issued here has the octets of the issuer's subject.
func SameName(a, b []byte) bool {
	return bytes.Equal(a, b) || NameKey(a) == NameKey(b)
}

// NameKey returns a text that is the same for all distinguished names that match. One that cannot be
// parsed matches only itself.
func NameKey(name []byte) string {
	if key, ok := canonicalName(name); ok {
		return "name " + key
	}
	return "octets " + string(name)
}

// IsSelfIssued reports whether a certificate's subject is its issuer (RFC 5280, section 3.2).
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
		slices.Sort(attributes) // in a SET they have no order
		name = binary.AppendUvarint(name, uint64(len(attributes)))
		for _, attribute := range attributes {
			name = binary.AppendUvarint(name, uint64(len(attribute)))
			name = append(name, attribute...)
		}
	}
	return string(name), true
}

// canonicalAttribute reads an attribute, and returns its type and its value as they are compared.
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

const (
	tagNumericString   = casn1.Tag(18)
	tagVisibleString   = casn1.Tag(26)
	tagUniversalString = casn1.Tag(28)
	tagBMPString       = casn1.Tag(30)
)

// directoryText decodes a string of one of the types that names have; ok is false for all else.
func directoryText(tag casn1.Tag, value []byte) (text string, ok bool) {
	switch tag {
	case casn1.UTF8String:
		return string(value), utf8.Valid(value)
	case casn1.PrintableString, casn1.IA5String, tagNumericString, tagVisibleString:
		return string(value), isASCII(string(value))
	case casn1.T61String: // everybody writes Latin-1
		return latin1(value), true
	case tagBMPString:
		return bmpText(value)
	case tagUniversalString:
		return universalText(value)
	default:
		return "", false
	}
}

func latin1(value []byte) string {
	runes := make([]rune, len(value))
	for i, octet := range value {
		runes[i] = rune(octet)
	}
	return string(runes)
}

// bmpText decodes a BMPString. Programs write surrogates, too, which it should not have.
func bmpText(value []byte) (string, bool) {
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(value[2*i:])
	}
	text := string(utf16.Decode(units))
	return text, len(value)%2 == 0 && !strings.ContainsRune(text, utf8.RuneError)
}

func universalText(value []byte) (string, bool) {
	runes := make([]rune, len(value)/4)
	for i := range runes {
		runes[i] = rune(binary.BigEndian.Uint32(value[4*i:]))
		if !utf8.ValidRune(runes[i]) {
			return "", false
		}
	}
	return string(runes), len(value)%4 == 0
}

// foldedText prepares a text for comparison: in compatibility form, in lower case, and with single
// spaces between words alone.
func foldedText(text string) string {
	text = strings.ToLower(strings.ToUpper(norm.NFKC.String(text)))
	return strings.Join(strings.Fields(norm.NFKC.String(text)), " ")
}
