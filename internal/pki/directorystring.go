package pki

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// String types that package cryptobyte lacks.
const (
	tagNumericString   = casn1.Tag(18)
	tagVisibleString   = casn1.Tag(26)
	tagUniversalString = casn1.Tag(28)
	tagBMPString       = casn1.Tag(30)
)

// stringTypes names the string types of attribute values. Certificates use UTF8String and PrintableString, and
// IA5String where required (RFC 5280, section 4.1.2.4).
var stringTypes = map[casn1.Tag]string{
	casn1.UTF8String: "UTF8String", casn1.PrintableString: "PrintableString", casn1.IA5String: "IA5String",
	casn1.T61String: "T61String", tagNumericString: "NumericString", tagVisibleString: "VisibleString",
	tagUniversalString: "UniversalString", tagBMPString: "BMPString",
}

// directoryText decodes a string of one of the [stringTypes].
func directoryText(tag casn1.Tag, value []byte) (text string, ok bool) {
	switch tag {
	case casn1.UTF8String:
		return string(value), utf8.Valid(value)
	case casn1.PrintableString, casn1.IA5String, tagNumericString, tagVisibleString:
		return string(value), isASCII(string(value))
	case casn1.T61String: // in practice Latin-1
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

// bmpText decodes a BMPString. It accepts surrogate pairs, which some programs write although UCS-2 has none.
func bmpText(value []byte) (string, bool) {
	text := decodeUTF16(value, binary.BigEndian)
	return text, len(value)%2 == 0 && !strings.ContainsRune(text, utf8.RuneError)
}

// decodeUTF16 decodes UTF-16 without a byte order mark. It ignores an incomplete code unit at the end.
func decodeUTF16(value []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = order.Uint16(value[2*i:])
	}
	return string(utf16.Decode(units))
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
