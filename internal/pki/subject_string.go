package pki

import (
	"slices"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// decodeString returns the text of an attribute value of one of the [stringTypes].
func (a attribute) decodeString(tag casn1.Tag, value []byte) (string, error) {
	name, known := stringTypes[tag]
	if !known {
		return "", invalid("the %s in the subject is not text: the ASN.1 type with tag %d is not allowed there",
			a.name, tag&0x1f)
	}
	if tag == casn1.UTF8String || tag == casn1.PrintableString {
		return string(value), nil
	}
	text, ok := directoryText(tag, value)
	switch {
	case ok && tag == tagBMPString && len(value) != 2*utf8.RuneCountInString(text): // UCS-2 has no surrogates
	case ok:
		return text, nil
	case tag == casn1.IA5String || tag == tagVisibleString || tag == tagNumericString:
		i := slices.IndexFunc(value, func(c byte) bool { return c >= utf8.RuneSelf })
		return "", invalid("the %s in the subject is encoded as %s, which is ASCII only, but has the octet %#02x: "+
			"%s", a.name, name, value[i], a.asciiAdvice())
	}
	return "", invalid("the %s in the subject is not a well-formed %s", a.name, name)
}

func (a attribute) asciiAdvice() string {
	if slices.Contains(a.tags, casn1.UTF8String) {
		return "write it in ASCII, or as UTF8String"
	}
	return "write it in ASCII, the only encoding allowed for this attribute"
}

// checkCharacters refuses text that does not match the string type or is not safe to display.
func (a attribute) checkCharacters(tag casn1.Tag, text string) error {
	switch {
	case validString(tag, text):
		return nil
	case !utf8.ValidString(text):
		return invalid("the %s in the subject is encoded as %s, but is not valid UTF-8: encode it again",
			a.name, stringTypes[tag])
	}
	for _, r := range text {
		if !validString(casn1.UTF8String, string(r)) {
			return invalid("the %s in the subject has the character %U: remove it, because control and "+
				"invisible characters are not allowed there", a.name, r)
		}
		if !validString(tag, string(r)) {
			return invalid("the %s in the subject is encoded as %s, which cannot contain the character %q: %s",
				a.name, stringTypes[tag], r, a.stringTypeAdvice(tag))
		}
	}
	return invalid("the %s in the subject has characters that are not allowed there", a.name)
}

func (a attribute) stringTypeAdvice(tag casn1.Tag) string {
	if slices.Contains(a.tags, casn1.UTF8String) && tag != casn1.UTF8String {
		return "encode it as UTF8String"
	}
	return "remove it"
}

func (a attribute) certificateStringType(text string) casn1.Tag {
	if slices.Contains(a.tags, casn1.PrintableString) && validString(casn1.PrintableString, text) {
		return casn1.PrintableString
	}
	return a.tags[0]
}
