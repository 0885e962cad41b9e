package inspect

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary/internal/pki"
)

const (
	maxText       = 400 // characters of one text
	maxList       = 100 // elements of a list
	maxAttributes = 30  // of a name
)

// visible makes s safe to display. It escapes unprintable characters as in Go strings, so that they can neither control
// a terminal nor hide text, and truncates long text.
func visible(s string) string {
	var b strings.Builder
	for i, n := 0, 0; i < len(s); n++ {
		if n == maxText {
			fmt.Fprintf(&b, "… (%d octets)", len(s))
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

func visibleList(list []string) (shown []string) {
	for i, element := range list {
		if i == maxList {
			return append(shown, fmt.Sprintf("… and %d others", len(list)-maxList))
		}
		shown = append(shown, visible(element))
	}
	return shown
}

var attributeNames = map[string]string{
	"1.2.840.113549.1.9.1":       "emailAddress",
	"0.9.2342.19200300.100.1.25": "DC",
	"0.9.2342.19200300.100.1.1":  "UID",
	"2.5.4.4":                    "SN",
	"2.5.4.12":                   "title",
	"2.5.4.42":                   "GN",
}

// nameText formats a DER Name similarly to RFC 4514, the most specific attribute first.
func nameText(raw []byte) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &name); err != nil || len(rest) > 0 {
		return "(unreadable)"
	}
	var parts []string
	for i := len(name) - 1; i >= 0; i-- {
		for _, attribute := range name[i] {
			if len(parts) == maxAttributes {
				return visible(strings.Join(append(parts, "…"), ", "))
			}
			parts = append(parts, attributeText(attribute))
		}
	}
	return visible(strings.Join(parts, ", "))
}

func attributeText(attribute pkix.AttributeTypeAndValue) string {
	value, isText := attribute.Value.(string)
	if short, known := attributeNames[attribute.Type.String()]; known && isText {
		return short + "=" + value
	}
	return pkix.RDNSequence{{attribute}}.String()
}

// shortName returns the common name of a subject, or else its first alternative name, or else its full name.
func shortName(subject pkix.Name, raw []byte, others []string) string {
	switch {
	case subject.CommonName != "":
		return visible(subject.CommonName)
	case len(others) > 0:
		return visible(others[0])
	default:
		return nameText(raw)
	}
}

func hexText(octets []byte) string {
	const most = 64
	if len(octets) > most {
		return hex.EncodeToString(octets[:most]) + "…"
	}
	return hex.EncodeToString(octets)
}

func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// reason returns the text of a standard library error for use within a sentence.
func reason(err error) string { return visible(pki.Reason(err)) }

func oidText(oid fmt.Stringer) string { return visible(oid.String()) }
