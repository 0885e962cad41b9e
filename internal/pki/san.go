package pki

import (
	"encoding/asn1"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

var (
	oidSAN = asn1.ObjectIdentifier{2, 5, 29, 17}
	// The attribute of requested extensions: that of RFC 2985, section 5.4.2, and the one
	// that older programs of Microsoft write instead.
	oidExtensionRequest          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidMicrosoftExtensionRequest = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 14}
)

// The general names of RFC 5280, section 4.2.1.6, that can be certified.
var (
	tagEmail = casn1.Tag(1).ContextSpecific()
	tagDNS   = casn1.Tag(2).ContextSpecific()
	tagURI   = casn1.Tag(6).ContextSpecific()
	tagIP    = casn1.Tag(7).ContextSpecific()
)

// generalNames are the names of the other types, for messages.
var generalNames = map[casn1.Tag]string{
	casn1.Tag(0).ContextSpecific().Constructed(): "otherName",
	casn1.Tag(3).ContextSpecific().Constructed(): "x400Address",
	casn1.Tag(4).ContextSpecific().Constructed(): "directoryName",
	casn1.Tag(5).ContextSpecific().Constructed(): "ediPartyName",
	casn1.Tag(8).ContextSpecific():               "registeredID",
}

// requestedSAN finds the value of the subject alternative name extension among the
// attributes of a request (the content of their SET); nil where it asks for none. Package
// x509 passes over attributes that it cannot read; a name must not get lost that way.
func requestedSAN(attributes cryptobyte.String) ([]byte, error) {
	var san []byte
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !attributes.ReadASN1(&attribute, casn1.SEQUENCE) ||
			!attribute.ReadASN1ObjectIdentifier(&oid) ||
			!attribute.ReadASN1(&values, casn1.SET) || !attribute.Empty() {
			return nil, invalid("the attributes of the request are not well-formed")
		}
		if !oid.Equal(oidExtensionRequest) && !oid.Equal(oidMicrosoftExtensionRequest) {
			continue
		}
		found, err := findSAN(values)
		if err != nil {
			return nil, err
		}
		if san != nil && found != nil {
			return nil, invalid("the request asks for subject alternative names twice")
		}
		if found != nil {
			san = found
		}
	}
	return san, nil
}

// findSAN reads the one value of an extension request: SEQUENCE OF Extension.
func findSAN(values cryptobyte.String) ([]byte, error) {
	var extensions cryptobyte.String
	if !values.ReadASN1(&extensions, casn1.SEQUENCE) || !values.Empty() {
		return nil, invalid("the requested extensions are not well-formed")
	}
	var san []byte
	for !extensions.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !extensions.ReadASN1(&extension, casn1.SEQUENCE) ||
			!extension.ReadASN1ObjectIdentifier(&oid) ||
			extension.PeekASN1Tag(casn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, casn1.OCTET_STRING) || !extension.Empty() {
			return nil, invalid("the requested extensions are not well-formed")
		}
		if !oid.Equal(oidSAN) {
			continue
		}
		if san != nil {
			return nil, invalid("the request asks for subject alternative names twice")
		}
		san = value
	}
	return san, nil
}

// parseSAN reads the value of a subject alternative name extension. Names of a type that we
// do not certify are refused rather than left out.
func parseSAN(der []byte) (notary.Names, error) {
	in := cryptobyte.String(der)
	var list cryptobyte.String
	if !in.ReadASN1(&list, casn1.SEQUENCE) || !in.Empty() || list.Empty() {
		return notary.Names{}, invalid("the subject alternative names are not well-formed")
	}
	var names notary.Names
	for count := 1; !list.Empty(); count++ {
		if count > MaxNames {
			return notary.Names{}, invalid("there are more than %d names", MaxNames)
		}
		var value cryptobyte.String
		var tag casn1.Tag
		if !list.ReadAnyASN1(&value, &tag) {
			return notary.Names{}, invalid("the subject alternative names are not well-formed")
		}
		if err := addGeneralName(&names, tag, value); err != nil {
			return notary.Names{}, err
		}
	}
	return names, nil
}

func addGeneralName(names *notary.Names, tag casn1.Tag, value []byte) error {
	switch tag {
	case tagDNS:
		return addDNS(names, string(value))
	case tagEmail:
		return addEmail(names, string(value))
	case tagURI:
		return addURI(names, string(value))
	case tagIP:
		addr, ok := netip.AddrFromSlice(value)
		if !ok {
			return invalid("an IP address name has %d octets instead of 4 or 16", len(value))
		}
		return addIP(names, addr.String())
	default:
		kind, ok := generalNames[tag]
		if !ok {
			kind = "unknown type"
		}
		return invalid("the request has a name of a type that is not supported (%s): "+
			"use DNS names, IP addresses, e-mail addresses and URIs", kind)
	}
}
