package pki

import (
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidIssuerAltName      = asn1.ObjectIdentifier{2, 5, 29, 18}
	oidDistributionPoints = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidFreshestCRL        = asn1.ObjectIdentifier{2, 5, 29, 46}
	oidAuthorityInfo      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidSubjectInfo        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 11}
)

func implicit(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }

func constructed(n uint8) casn1.Tag { return implicit(n).Constructed() }

// generalNameForms maps the tag of each choice of GeneralName (RFC 5280, section 4.2.1.6) to a check of its content.
// Other tags are invalid: [0], for example, is always constructed.
var generalNameForms = map[casn1.Tag]func(content cryptobyte.String) bool{
	constructed(0): isOtherName,
	tagEmail:       isIA5,
	tagDNS:         isIA5,
	constructed(3): areElements,
	constructed(4): isDirectoryName,
	constructed(5): areElements,
	tagURI:         isIA5,
	tagIP:          func(c cryptobyte.String) bool { return len(c) == 4 || len(c) == 16 },
	implicit(8):    isOID,
}

func isIA5(content cryptobyte.String) bool { return isASCII(string(content)) }

func isOtherName(content cryptobyte.String) bool {
	var oid, value cryptobyte.String
	return content.ReadASN1(&oid, casn1.OBJECT_IDENTIFIER) && isOID(oid) &&
		content.ReadASN1(&value, constructed(0)) && content.Empty() && areElements(value)
}

func isDirectoryName(content cryptobyte.String) bool {
	var name cryptobyte.String
	return content.ReadASN1(&name, casn1.SEQUENCE) && content.Empty() && areElements(name)
}

func areElements(content cryptobyte.String) bool {
	for !content.Empty() {
		var element cryptobyte.String
		var tag casn1.Tag
		if !content.ReadAnyASN1(&element, &tag) {
			return false
		}
	}
	return true
}

func isOID(content cryptobyte.String) bool {
	return len(content) > 0 && content[len(content)-1] < 0x80 && content[0] != 0x80 &&
		!hasPaddedArc(content)
}

// hasPaddedArc reports whether an arc after the first begins with 0x80, which is not DER.
func hasPaddedArc(content []byte) bool {
	for i := 1; i < len(content); i++ {
		if content[i] == 0x80 && content[i-1] < 0x80 {
			return true
		}
	}
	return false
}

// CheckGeneralNames returns an error unless every GeneralName in the certificate's extensions is tagged and encoded
// as RFC 5280 requires. Package x509 skips names with unknown tags that other programs accept.
func CheckGeneralNames(c *x509.Certificate) error {
	for _, e := range c.Extensions {
		for _, known := range nameExtensions {
			if known.oid.Equal(e.Id) && !known.check(e.Value) {
				return invalid("its %s (%s) is not encoded as RFC 5280, section %s, requires: have it reissued",
					known.name, e.Id, known.section)
			}
		}
	}
	return nil
}

var nameExtensions = []struct {
	oid           asn1.ObjectIdentifier
	name, section string
	check         func(der cryptobyte.String) bool
}{
	{oidSAN, "subject alternative name", "4.2.1.6", isGeneralNames},
	{oidIssuerAltName, "issuer alternative name", "4.2.1.7", isGeneralNames},
	{oidNameConstraints, "name constraints extension", "4.2.1.10", isNameConstraints},
	{oidDistributionPoints, "CRL distribution points extension", "4.2.1.13", isDistributionPoints},
	{oidFreshestCRL, "freshest CRL extension", "4.2.1.15", isDistributionPoints},
	{oidAuthorityKeyID, "authority key identifier", "4.2.1.1", isAuthorityKeyID},
	{oidAuthorityInfo, "authority information access", "4.2.2.1", isInfoAccess},
	{oidSubjectInfo, "subject information access", "4.2.2.2", isInfoAccess},
}

// isGeneralNames reports whether der is a valid GeneralNames. It accepts an empty sequence, which openssl ca writes for
// email:copy without an address, although RFC 5280 requires at least one name.
func isGeneralNames(der cryptobyte.String) bool {
	var names cryptobyte.String
	return der.ReadASN1(&names, casn1.SEQUENCE) && der.Empty() && areGeneralNames(names)
}

func areGeneralNames(content cryptobyte.String) bool {
	for !content.Empty() {
		if !readGeneralName(&content) {
			return false
		}
	}
	return true
}

func readGeneralName(in *cryptobyte.String) bool {
	var value cryptobyte.String
	var tag casn1.Tag
	if !in.ReadAnyASN1(&value, &tag) {
		return false
	}
	wellFormed, known := generalNameForms[tag]
	return known && wellFormed(value)
}

func isInfoAccess(der cryptobyte.String) bool {
	return eachInSequence(der, func(description cryptobyte.String) bool {
		var method cryptobyte.String
		return description.ReadASN1(&method, casn1.OBJECT_IDENTIFIER) && readGeneralName(&description) && description.Empty()
	})
}

func isDistributionPoints(der cryptobyte.String) bool {
	return eachInSequence(der, func(point cryptobyte.String) bool {
		var name, full, relative, reasons, issuer cryptobyte.String
		var hasName, hasFull, hasIssuer bool
		return point.ReadOptionalASN1(&name, &hasName, constructed(0)) &&
			point.ReadOptionalASN1(&reasons, nil, implicit(1)) &&
			point.ReadOptionalASN1(&issuer, &hasIssuer, constructed(2)) && point.Empty() &&
			(!hasIssuer || areGeneralNames(issuer)) &&
			(!hasName || name.ReadOptionalASN1(&full, &hasFull, constructed(0)) &&
				(hasFull && areGeneralNames(full) || !hasFull && name.ReadASN1(&relative, constructed(1))) && name.Empty())
	})
}

func isAuthorityKeyID(der cryptobyte.String) bool {
	var fields, id, issuer, serial cryptobyte.String
	var hasIssuer bool
	return der.ReadASN1(&fields, casn1.SEQUENCE) && der.Empty() &&
		fields.ReadOptionalASN1(&id, nil, implicit(0)) &&
		fields.ReadOptionalASN1(&issuer, &hasIssuer, constructed(1)) &&
		fields.ReadOptionalASN1(&serial, nil, implicit(2)) && fields.Empty() &&
		(!hasIssuer || areGeneralNames(issuer))
}

// isNameConstraints reports whether der is a valid NameConstraints, in which each IP address has a mask.
func isNameConstraints(der cryptobyte.String) bool {
	var fields, permitted, excluded cryptobyte.String
	return der.ReadASN1(&fields, casn1.SEQUENCE) && der.Empty() &&
		fields.ReadOptionalASN1(&permitted, nil, constructed(0)) &&
		fields.ReadOptionalASN1(&excluded, nil, constructed(1)) && fields.Empty() &&
		areSubtrees(permitted) && areSubtrees(excluded)
}

func areSubtrees(content cryptobyte.String) bool {
	return each(content, func(subtree cryptobyte.String) bool {
		base := subtree
		var mask cryptobyte.String
		if base.PeekASN1Tag(tagIP) {
			return base.ReadASN1(&mask, tagIP) && (len(mask) == 8 || len(mask) == 32)
		}
		return readGeneralName(&base)
	})
}

func eachInSequence(der cryptobyte.String, check func(content cryptobyte.String) bool) bool {
	var list cryptobyte.String
	return der.ReadASN1(&list, casn1.SEQUENCE) && der.Empty() && each(list, check)
}

func each(list cryptobyte.String, check func(content cryptobyte.String) bool) bool {
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadASN1(&one, casn1.SEQUENCE) || !check(one) {
			return false
		}
	}
	return true
}
