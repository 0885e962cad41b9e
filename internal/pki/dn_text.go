package pki

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"notary"
)

// This file converts distinguished names to and from text (RFC 4514), the most specific attribute first.

// shortNames lists keywords of attribute types. If a type has several, the preferred one comes first.
var shortNames = []struct{ name, oid string }{
	{"CN", oidCommonName}, {"C", "2.5.4.6"}, {"ST", "2.5.4.8"}, {"S", "2.5.4.8"}, {"L", "2.5.4.7"}, {"O", "2.5.4.10"},
	{"OU", "2.5.4.11"},
	{"DC", "0.9.2342.19200300.100.1.25"}, {"UID", "0.9.2342.19200300.100.1.1"}, {"STREET", "2.5.4.9"},
	{"SN", "2.5.4.4"}, {"GN", "2.5.4.42"}, {"serialNumber", "2.5.4.5"}, {"title", "2.5.4.12"}, {"postalCode", "2.5.4.17"},
	{"initials", "2.5.4.43"}, {"generationQualifier", "2.5.4.44"}, {"dnQualifier", "2.5.4.46"}, {"pseudonym", "2.5.4.65"},
	{"emailAddress", oidEmailAddress}, {"E", oidEmailAddress}, {"unstructuredName", "1.2.840.113549.1.9.2"},
	{"unstructuredAddress", "1.2.840.113549.1.9.8"},
}

const maxNameText = 8 << 10

// SubjectText returns a DER Name in RFC 4514 form, such as "CN=web,O=Example,C=DE", or "(unreadable)". [ParseSubject]
// is its inverse.
func SubjectText(raw []byte) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return "(unreadable)"
	}
	var rdns []string
	for _, rdn := range slices.Backward(name) {
		var parts []string
		for _, attribute := range rdn {
			parts = append(parts, keyword(attribute.Type.String())+"="+escaped(attribute.Value))
		}
		rdns = append(rdns, strings.Join(parts, "+"))
	}
	return strings.Join(rdns, ",")
}

func keyword(oid string) string {
	for _, short := range shortNames {
		if short.oid == oid {
			return short.name
		}
	}
	return oid
}

func escaped(value any) string {
	text, ok := value.(string)
	if !ok {
		return "(not text)"
	}
	var b strings.Builder
	for i, r := range text {
		last := i+utf8.RuneLen(r) == len(text)
		if strings.ContainsRune(`,+"\<>;=`, r) || r == '#' && i == 0 || r == ' ' && (i == 0 || last) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ParseSubject parses a distinguished name in RFC 4514 form, the most specific attribute first, and returns its
// DER. An unacceptable subject is an Invalid error with the field "subject".
func ParseSubject(text string) (raw []byte, err error) {
	raw, err = parseSubjectText(text)
	return raw, notary.ReplaceField(err, "subject")
}

func parseSubjectText(text string) ([]byte, error) {
	if len(text) > maxNameText {
		return nil, invalid("the subject is longer than %d octets", maxNameText)
	}
	var rdns [][][]byte
	for _, part := range splitUnescaped(text, ',') {
		var rdn [][]byte
		for _, pair := range splitUnescaped(part, '+') {
			encoded, err := parsePair(pair)
			if err != nil {
				return nil, err
			}
			rdn = append(rdn, encoded)
		}
		slices.SortFunc(rdn, bytes.Compare)
		rdns = append(rdns, rdn)
	}
	slices.Reverse(rdns)
	return joinSubject(rdns)
}

func parsePair(text string) ([]byte, error) {
	name, value, found := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	oid, known := attributeOID(name)
	if !found || !known {
		return nil, invalid("%.60q is not an attribute of a subject: write the subject as in "+
			"CN=web.example.com,O=Example,C=DE", text)
	}
	value, ok := unescaped(value)
	if !ok {
		return nil, invalid("the value of %.40q has an invalid escape or quotes: write a backslash before each of , "+
			"+ \" \\ < > ;", name)
	}
	return Attribute{oid, value}.encode()
}

func attributeOID(name string) (oid string, ok bool) {
	for _, short := range shortNames {
		if strings.EqualFold(short.name, name) {
			return short.oid, true
		}
	}
	if name == "" {
		return "", false
	}
	return AttributeType(strings.ToLower(name))
}

func splitUnescaped(text string, separator byte) (parts []string) {
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func unescaped(text string) (value string, ok bool) {
	text = strings.TrimLeft(text, " ")
	if strings.HasPrefix(text, "#") || strings.HasPrefix(text, `"`) {
		return "", false
	}
	var b strings.Builder
	end := 0 // length of the value without trailing spaces
	for i := 0; i < len(text); i++ {
		c := text[i]
		if strings.IndexByte(`"<>;`, c) >= 0 {
			return "", false
		}
		if c == '\\' {
			i++
			octets, err := hex.DecodeString(text[min(i, len(text)):min(i+2, len(text))])
			switch {
			case i < len(text) && strings.IndexByte(` ,+"\<>;=#`, text[i]) >= 0:
				b.WriteByte(text[i])
			case err == nil && len(octets) == 1:
				b.Write(octets)
				i++
			default:
				return "", false
			}
			end = b.Len()
			continue
		}
		b.WriteByte(c)
		if c != ' ' {
			end = b.Len()
		}
	}
	return b.String()[:end], true
}
