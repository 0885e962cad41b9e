package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// Attribute is a subject attribute (RFC 5280, section 4.1.2.4): its type as a dotted object identifier and its
// value as text.
type Attribute struct {
	Type, Value string
}

// AttributeType resolves an API name, such as "organization_name", or a dotted object identifier to an attribute type.
// It returns false if name is neither.
func AttributeType(name string) (oid string, ok bool) {
	for oid, rule := range attributes {
		if rule.field == name {
			return oid, true
		}
	}
	_, ok = ParseOID(name)
	return name, ok
}

// AttributeName returns the API name of an attribute type, or the object identifier if it has none.
func AttributeName(oid string) string {
	if rule, ok := attributes[oid]; ok {
		return rule.field
	}
	return oid
}

// AttributeNames returns the sorted API names of all attribute types that have one.
func AttributeNames() []string {
	var names []string
	for _, rule := range attributes {
		names = append(names, rule.field)
	}
	slices.Sort(names)
	return names
}

// ParseOID parses a dotted object identifier whose arcs fit in 31 bits.
func ParseOID(text string) (asn1.ObjectIdentifier, bool) {
	if _, err := x509.ParseOID(text); err != nil {
		return nil, false
	}
	var oid asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(text, ".") {
		n, err := strconv.ParseInt(arc, 10, 32)
		if err != nil {
			return nil, false
		}
		oid = append(oid, int(n))
	}
	return oid, true
}

// CheckAttribute returns an error unless a subject may contain the attribute.
func CheckAttribute(a Attribute) error {
	_, err := a.encode()
	return err
}

func (a Attribute) encode() ([]byte, error) {
	oid, ok := ParseOID(a.Type)
	if !ok {
		return nil, invalid("%.60q is not an attribute type", a.Type)
	}
	rule := attributeRule(a.Type)
	tag := rule.certificateStringType(a.Value)
	if err := rule.check(tag, a.Value); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.Value)) })
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, notary.InternalError("write an attribute", err)
	}
	return der, nil
}

// SubjectAttributes returns the attributes of a subject that [ParseCSR] accepted, in order.
func SubjectAttributes(rawSubject []byte) ([]Attribute, error) {
	rdns, err := splitSubject(rawSubject)
	if err != nil {
		return nil, err
	}
	var list []Attribute
	for _, rdn := range rdns {
		for _, part := range rdn {
			list = append(list, part.Attribute)
		}
	}
	return list, nil
}

// FixSubject replaces all attributes of the fixed types in a subject. Each fixed attribute takes the position of the
// first one that it replaces. If the subject lacks its type, it is prepended, except that a common name is appended.
func FixSubject(rawSubject []byte, fixed []Attribute) ([]byte, error) {
	if len(fixed) == 0 {
		return rawSubject, nil
	}
	rdns, err := splitSubject(rawSubject)
	if err != nil {
		return nil, err
	}
	values := map[string][]byte{}
	for _, a := range fixed {
		if values[a.Type], err = a.encode(); err != nil {
			return nil, err
		}
	}
	left := maps.Clone(values)
	var body [][][]byte // RDNs, each a list of encoded attributes
	for _, rdn := range rdns {
		var kept, put [][]byte
		for _, part := range rdn {
			if _, isFixed := values[part.Type]; !isFixed {
				kept = append(kept, part.der)
			} else if value, ok := left[part.Type]; ok {
				put = append(put, value)
				delete(left, part.Type)
			}
		}
		for _, value := range put {
			body = append(body, [][]byte{value})
		}
		if len(kept) > 0 {
			body = append(body, kept)
		}
	}
	var first [][][]byte
	for _, a := range fixed {
		value, missing := left[a.Type]
		switch {
		case missing && a.Type == oidCommonName:
			body = append(body, [][]byte{value})
		case missing:
			first = append(first, [][]byte{value})
		}
	}
	return joinSubject(append(first, body...))
}

type subjectPart struct {
	Attribute
	der []byte
}

func splitSubject(rawSubject []byte) (rdns [][]subjectPart, err error) {
	in := cryptobyte.String(rawSubject)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, casn1.SEQUENCE) || !in.Empty() {
		return nil, invalid("the subject is not well-formed")
	}
	for !sequence.Empty() {
		var set cryptobyte.String
		if !sequence.ReadASN1(&set, casn1.SET) {
			return nil, invalid("the subject is not well-formed")
		}
		var rdn []subjectPart
		for !set.Empty() {
			var der, pair, value cryptobyte.String
			var oid asn1.ObjectIdentifier
			if !set.ReadASN1Element(&der, casn1.SEQUENCE) {
				return nil, invalid("the subject is not well-formed")
			}
			in := der
			if !in.ReadASN1(&pair, casn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1(&value, nil) {
				return nil, invalid("the subject is not well-formed")
			}
			rdn = append(rdn, subjectPart{Attribute{oid.String(), string(value)}, der})
		}
		rdns = append(rdns, rdn)
	}
	return rdns, nil
}

func joinSubject(rdns [][][]byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, rdn := range rdns {
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
				for _, attribute := range rdn {
					b.AddBytes(attribute)
				}
			})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, notary.InternalError("write the subject", err)
	}
	return der, nil
}
