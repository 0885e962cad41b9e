package pki

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// AskedExtension is an extension that a request asks for besides its names. Profiles decide what a
// certificate gets; requested extensions that it does not get are reported.
type AskedExtension struct {
	ID    asn1.ObjectIdentifier
	Value []byte
}

var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// askedExtension returns the value of a requested extension.
func (c *CSR) askedExtension(oid asn1.ObjectIdentifier) (value cryptobyte.String, ok bool) {
	i := slices.IndexFunc(c.Asked, func(e AskedExtension) bool { return e.ID.Equal(oid) })
	if i < 0 {
		return nil, false
	}
	return c.Asked[i].Value, true
}

// AsksForCA reports whether the request asks for the certificate of an authority: CA:TRUE in the
// basic constraints (RFC 5280, section 4.2.1.9). A path length alone is not asked for.
func (c *CSR) AsksForCA() bool {
	_, isCA := c.askedBasicConstraints()
	return isCA
}

// AskedPathLen returns the path length constraint that a request for the certificate of an authority
// asks for; ok is false if it asks for none.
func (c *CSR) AskedPathLen() (pathLen int, ok bool) {
	rest, isCA := c.askedBasicConstraints()
	ok = isCA && rest.ReadASN1Integer(&pathLen) && pathLen >= 0
	return pathLen, ok
}

// askedBasicConstraints reports whether the basic constraints have CA:TRUE, and returns what follows it.
func (c *CSR) askedBasicConstraints() (rest cryptobyte.String, isCA bool) {
	value, ok := c.askedExtension(oidBasicConstraints)
	ok = ok && value.ReadASN1(&rest, casn1.SEQUENCE) && rest.PeekASN1Tag(casn1.BOOLEAN) && rest.ReadASN1Boolean(&isCA)
	return rest, ok && isCA
}

// AskedKeyUsage returns the bits of the key usage that the request asks for, the first in bit 0;
// 0 if it asks for none or is malformed.
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

// AskedExtKeyUsages returns the extended key usages that the request asks for.
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
