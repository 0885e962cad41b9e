package pki

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

const maxAttributes = 20

type attribute struct {
	name  string // for messages
	field string // its name in the API, if any
	max   int    // upper bound in characters (RFC 5280, appendix A.1)
	min   int
	tags  []casn1.Tag
}

var (
	directoryString = []casn1.Tag{casn1.UTF8String, casn1.PrintableString}
	printableString = []casn1.Tag{casn1.PrintableString}
	ia5String       = []casn1.Tag{casn1.IA5String}
	pkcs9String     = []casn1.Tag{casn1.UTF8String, casn1.PrintableString, casn1.IA5String}
)

// attributes maps object identifiers to the rules for their attributes: RFC 5280, appendix A.1; RFC 4519 for street,
// postal code and user ID; RFC 2985 for the unstructured name and address.
var attributes = map[string]attribute{
	"2.5.4.3":                    {"common name", "common_name", 64, 1, directoryString},
	"2.5.4.4":                    {"surname", "surname", 32768, 1, directoryString},
	"2.5.4.5":                    {"serial number", "serial_number", 64, 1, printableString},
	"2.5.4.6":                    {"country", "country_name", 2, 2, printableString},
	"2.5.4.7":                    {"locality", "locality_name", 128, 1, directoryString},
	"2.5.4.8":                    {"state or province", "state_or_province_name", 128, 1, directoryString},
	"2.5.4.9":                    {"street", "street", 128, 1, directoryString},
	"2.5.4.10":                   {"organization", "organization_name", 64, 1, directoryString},
	"2.5.4.11":                   {"organizational unit", "organizational_unit_name", 64, 1, directoryString},
	"2.5.4.12":                   {"title", "title", 64, 1, directoryString},
	"2.5.4.17":                   {"postal code", "postal_code", 16, 1, directoryString},
	"2.5.4.42":                   {"given name", "given_name", 32768, 1, directoryString},
	"2.5.4.43":                   {"initials", "initials", 32768, 1, directoryString},
	"2.5.4.44":                   {"generation qualifier", "generation_qualifier", 32768, 1, directoryString},
	"2.5.4.46":                   {"distinguished name qualifier", "dn_qualifier", 256, 1, printableString},
	"2.5.4.65":                   {"pseudonym", "pseudonym", 128, 1, directoryString},
	"0.9.2342.19200300.100.1.1":  {"user id", "user_id", 256, 1, directoryString},
	"0.9.2342.19200300.100.1.25": {"domain component", "domain_component", 63, 1, ia5String},
	"1.2.840.113549.1.9.1":       {"email address", "email_address", 255, 1, ia5String},
	"1.2.840.113549.1.9.2":       {"unstructured name", "unstructured_name", 255, 1, pkcs9String},
	"1.2.840.113549.1.9.8":       {"unstructured address", "unstructured_address", 255, 1, directoryString},
}

const (
	oidCommonName   = "2.5.4.3"
	oidEmailAddress = "1.2.840.113549.1.9.1"
)

var otherAttribute = attribute{"attribute", "", 256, 1, directoryString}

type subject struct {
	der         []byte   // for the certificate
	commonName  string   // the last one, which is the most specific
	commonNames []string // all of them
	emails      []string
	findings    []notary.Finding
}

// parseSubject parses a Name (RFC 5280, section 4.1.2.4). It re-encodes attributes of a string type that certificates
// must not use, with a finding, and leaves the rest unchanged. An error about an attribute has its API name as the
// field.
func parseSubject(der []byte) (subject, error) {
	in := cryptobyte.String(der)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, casn1.SEQUENCE) || !in.Empty() {
		return subject{}, invalid("the subject is not well-formed")
	}
	s := subject{der: der}
	var rdns [][][]byte
	for count := 0; !sequence.Empty(); {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, casn1.SET) || set.Empty() {
			return subject{}, invalid("the subject is not well-formed")
		}
		var rdn [][]byte
		before := len(s.findings)
		for ; !set.Empty(); count++ {
			if count == maxAttributes {
				return subject{}, invalid("the subject has more than %d attributes", maxAttributes)
			}
			encoded, err := s.readAttribute(&set)
			if err != nil {
				return subject{}, err
			}
			rdn = append(rdn, encoded)
		}
		if len(s.findings) > before { // DER sorts the members of a set by their encodings
			slices.SortFunc(rdn, bytes.Compare)
		}
		rdns = append(rdns, rdn)
	}
	if len(s.findings) == 0 {
		return s, nil
	}
	var err error
	s.der, err = joinSubject(rdns)
	return s, err
}

func (s *subject) readAttribute(rdn *cryptobyte.String) (encoded []byte, err error) {
	var element, pair, value cryptobyte.String
	var oid asn1.ObjectIdentifier
	var tag casn1.Tag
	if !rdn.ReadASN1Element(&element, casn1.SEQUENCE) {
		return nil, invalid("the subject is not well-formed")
	}
	in := element
	if !in.ReadASN1(&pair, casn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) ||
		!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		return nil, invalid("the subject is not well-formed")
	}
	rule := attributeRule(oid.String())
	text, err := rule.decodeString(tag, value)
	if err != nil {
		return nil, notary.WithField(err, rule.field)
	}
	encoded, as := element, tag
	if !slices.Contains(rule.tags, tag) {
		as = rule.certificateStringType(text)
		s.findings = append(s.findings, reencoded(rule, tag, as, text))
	}
	if err := rule.check(as, text); err != nil {
		return nil, notary.WithField(err, rule.field)
	}
	if as != tag {
		if encoded, err = (Attribute{oid.String(), text}).encode(); err != nil {
			return nil, notary.WithField(err, rule.field)
		}
	}
	switch oid.String() {
	case oidCommonName:
		s.commonName = text
		s.commonNames = append(s.commonNames, text)
	case oidEmailAddress:
		s.emails = append(s.emails, text)
	}
	return encoded, nil
}

func attributeRule(oid string) attribute {
	rule, known := attributes[oid]
	if !known {
		rule = otherAttribute
		rule.name = "attribute " + oid
	}
	return rule
}

func (a attribute) check(tag casn1.Tag, text string) error {
	if err := a.checkCharacters(tag, text); err != nil {
		return err
	}
	length := utf8.RuneCountInString(text)
	switch {
	case a.min == a.max && length != a.max:
		return invalid("the %s in the subject must have exactly %d letters", a.name, a.max)
	case length < a.min:
		return invalid("the %s in the subject is empty: remove it", a.name)
	case length > a.max:
		return invalid("the %s in the subject has %d characters, but at most %d are allowed",
			a.name, length, a.max)
	}
	return nil
}

// invisible are characters that affect the look or comparison of text without being visible, such as zero-width
// characters and bidirectional controls.
var invisible = []*unicode.RangeTable{unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector,
	unicode.Other_Default_Ignorable_Code_Point}

// validString reports whether text is of the given type and safe to display.
func validString(tag casn1.Tag, text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		switch {
		case unicode.In(r, invisible...):
			return false
		case tag == casn1.IA5String && r >= utf8.RuneSelf:
			return false
		case tag == casn1.PrintableString && !isPrintable(r):
			return false
		}
	}
	return true
}

// isPrintable reports whether r is in the alphabet of PrintableString (RFC 5280, appendix B).
func isPrintable(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune(" '()+,-./:=?", r)
}
