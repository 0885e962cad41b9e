package pki

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// AskedExtension is a requested extension, except the subject alternative names. A finding reports it unless the
// profile grants it.
type AskedExtension struct {
	ID    asn1.ObjectIdentifier
	Value []byte
}

var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

func (c *CSR) askedExtension(oid asn1.ObjectIdentifier) (value cryptobyte.String, ok bool) {
	i := slices.IndexFunc(c.Asked, func(e AskedExtension) bool { return e.ID.Equal(oid) })
	if i < 0 {
		return nil, false
	}
	return c.Asked[i].Value, true
}

// AsksForCA reports whether the request is for a CA certificate: CA:TRUE in the basic constraints (RFC 5280, section
// 4.2.1.9). A path length without CA:TRUE is ignored.
func (c *CSR) AsksForCA() bool {
	_, isCA := c.askedBasicConstraints()
	return isCA
}

// AskedPathLen returns the path length requested for a CA certificate, or false if none is requested.
func (c *CSR) AskedPathLen() (pathLen int, ok bool) {
	rest, isCA := c.askedBasicConstraints()
	ok = isCA && rest.ReadASN1Integer(&pathLen) && pathLen >= 0
	return pathLen, ok
}

func (c *CSR) askedBasicConstraints() (rest cryptobyte.String, isCA bool) {
	value, ok := c.askedExtension(oidBasicConstraints)
	ok = ok && value.ReadASN1(&rest, casn1.SEQUENCE) && rest.PeekASN1Tag(casn1.BOOLEAN) && rest.ReadASN1Boolean(&isCA)
	return rest, ok && isCA
}

// AskedKeyUsage returns the requested key usage in the bits of x509.KeyUsage, or 0 if it is absent or malformed.
func (c *CSR) AskedKeyUsage() int {
	value, _ := c.askedExtension(oidKeyUsage)
	var bits asn1.BitString
	if !value.ReadASN1BitString(&bits) {
		return 0
	}
	usage := 0
	for i := range 9 {
		usage |= bits.At(i) << i
	}
	return usage
}

// AskedExtKeyUsages returns the requested extended key usages, up to the first malformed one.
func (c *CSR) AskedExtKeyUsages() (list []asn1.ObjectIdentifier) {
	value, _ := c.askedExtension(oidExtKeyUsage)
	var sequence cryptobyte.String
	if !value.ReadASN1(&sequence, casn1.SEQUENCE) {
		return nil
	}
	for !sequence.Empty() {
		var oid asn1.ObjectIdentifier
		if !sequence.ReadASN1ObjectIdentifier(&oid) {
			return list
		}
		list = append(list, oid)
	}
	return list
}
