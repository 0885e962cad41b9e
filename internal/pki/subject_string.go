package pki

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// String types that package cryptobyte has no names for.
const (
	numeric   = casn1.Tag(18)
	visible   = casn1.Tag(26)
	universal = casn1.Tag(28)
	bmp       = casn1.Tag(30)
)

// stringTypes are the names of the types that a subject attribute can have in a request. A
// certificate has the first two, and IA5String where an attribute requires it (RFC 5280,
// section 4.1.2.4).
var stringTypes = map[casn1.Tag]string{
	casn1.UTF8String: "UTF8String", casn1.PrintableString: "PrintableString", casn1.IA5String: "IA5String",
	casn1.T61String: "T61String", numeric: "NumericString", visible: "VisibleString",
	universal: "UniversalString", bmp: "BMPString",
}

// decodeString returns the text of a string of any of the [stringTypes]. T61String is read as
// Latin-1, which is what all programs write into it.
func (a attribute) decodeString(tag casn1.Tag, value []byte) (text string, err error) {
	switch tag {
	case casn1.UTF8String, casn1.PrintableString:
		return string(value), nil
	case casn1.IA5String, visible, numeric:
		if i := slices.IndexFunc(value, func(c byte) bool { return c >= utf8.RuneSelf }); i >= 0 {
			return "", invalid("the %s in the subject is of the type %s, which is ASCII only, and has the octet %#02x: "+
				"write it in ASCII, or as UTF8String where that is allowed", a.name, stringTypes[tag], value[i])
		}
		return string(value), nil
	case casn1.T61String:
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		return string(runes), nil
	case bmp:
		text, ok := decodeBMP(value)
		if !ok {
			return "", a.malformed(tag)
		}
		return text, nil
	case universal:
		text, ok := decodeUniversal(value)
		if !ok {
			return "", a.malformed(tag)
		}
		return text, nil
	default:
		return "", invalid("the %s in the subject is not text: the ASN.1 type with tag %d is not allowed there",
			a.name, tag&0x1f)
	}
}

func (a attribute) malformed(tag casn1.Tag) error {
	return invalid("the %s in the subject is not a well-formed %s", a.name, stringTypes[tag])
}

// decodeBMP decodes UCS-2, which has no surrogates.
func decodeBMP(value []byte) (text string, ok bool) {
	if len(value)%2 != 0 {
		return "", false
	}
	var b strings.Builder
	for ; len(value) > 0; value = value[2:] {
		r := rune(binary.BigEndian.Uint16(value))
		if utf16.IsSurrogate(r) {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), true
}

// decodeUniversal decodes UCS-4.
func decodeUniversal(value []byte) (text string, ok bool) {
	if len(value)%4 != 0 {
		return "", false
	}
	var b strings.Builder
	for ; len(value) > 0; value = value[4:] {
		n := binary.BigEndian.Uint32(value)
		if n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		b.WriteRune(rune(n))
	}
	return b.String(), true
}

// checkCharacters refuses text that is not of the string type, or not fit to be shown to people.
func (a attribute) checkCharacters(tag casn1.Tag, text string) error {
	switch {
	case validString(tag, text):
		return nil
	case !utf8.ValidString(text):
		return invalid("the %s in the subject is of the type %s, and is not valid UTF-8: encode it again",
			a.name, stringTypes[tag])
	}
	for _, r := range text {
		if !validString(casn1.UTF8String, string(r)) {
			return invalid("the %s in the subject has the character %U: control characters and invisible ones "+
				"are not allowed there, leave it out", a.name, r)
		}
		if !validString(tag, string(r)) {
			return invalid("the %s in the subject has the string type %s, which does not have the character %q: %s",
				a.name, stringTypes[tag], r, a.otherType(tag))
		}
	}
	return invalid("the %s in the subject has characters that are not allowed there", a.name)
}

// otherType says what to do about a character that the string type does not have.
func (a attribute) otherType(tag casn1.Tag) string {
	if slices.Contains(a.tags, casn1.UTF8String) && tag != casn1.UTF8String {
		return "make the request with UTF8String"
	}
	return "leave it out"
}

// fitting returns the string type that the certificate has the text in.
func (a attribute) fitting(text string) casn1.Tag {
	if slices.Contains(a.tags, casn1.PrintableString) && validString(casn1.PrintableString, text) {
		return casn1.PrintableString
	}
	return a.tags[0]
}
