package pki

import (
	"encoding/asn1"
	"net/netip"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

var (
	oidSAN = asn1.ObjectIdentifier{2, 5, 29, 17}
	// The extension request attribute (RFC 2985, section 5.4.2) and its Microsoft predecessor.
	oidExtensionRequest          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidMicrosoftExtensionRequest = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 14}
)

// Tags of the general names that can be certified (RFC 5280, section 4.2.1.6).
var (
	tagOther = constructed(0)
	tagEmail = casn1.Tag(1).ContextSpecific()
	tagDNS   = casn1.Tag(2).ContextSpecific()
	tagURI   = casn1.Tag(6).ContextSpecific()
	tagIP    = casn1.Tag(7).ContextSpecific()
)

var generalNames = map[casn1.Tag]string{
	casn1.Tag(3).ContextSpecific().Constructed(): "x400Address",
	casn1.Tag(4).ContextSpecific().Constructed(): "directoryName",
	casn1.Tag(5).ContextSpecific().Constructed(): "ediPartyName",
	casn1.Tag(8).ContextSpecific():               "registeredID",
}

const maxAsked = 50

// requestedExtensions returns the value of the subject alternative name extension, or nil, and the other requested
// extensions from a request's SET of attributes. Package x509 is not used, because it skips unreadable attributes and
// could lose a name.
func requestedExtensions(attributes cryptobyte.String) (san []byte, others []AskedExtension, err error) {
	var all []AskedExtension
	for !attributes.Empty() {
		var attribute, values cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !attributes.ReadASN1(&attribute, casn1.SEQUENCE) ||
			!attribute.ReadASN1ObjectIdentifier(&oid) ||
			!attribute.ReadASN1(&values, casn1.SET) || !attribute.Empty() {
			return nil, nil, invalid("the attributes of the request are not well-formed")
		}
		if !oid.Equal(oidExtensionRequest) && !oid.Equal(oidMicrosoftExtensionRequest) {
			continue
		}
		some, err := readExtensions(values)
		if err != nil {
			return nil, nil, err
		}
		if all = append(all, some...); len(all) > maxAsked {
			return nil, nil, invalid("the request asks for more than %d extensions", maxAsked)
		}
	}
	for _, extension := range all {
		switch {
		case !extension.ID.Equal(oidSAN):
			others = append(others, extension)
		case san != nil:
			return nil, nil, invalid("the request asks for subject alternative names twice")
		default:
			san = extension.Value
		}
	}
	return san, others, nil
}

// readExtensions reads the single value of an extension request: SEQUENCE OF Extension.
func readExtensions(values cryptobyte.String) (list []AskedExtension, err error) {
	var extensions cryptobyte.String
	if !values.ReadASN1(&extensions, casn1.SEQUENCE) || !values.Empty() {
		return nil, invalid("the requested extensions are not well-formed")
	}
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
		list = append(list, AskedExtension{oid, value})
	}
	return list, nil
}

// parseSAN parses a subject alternative name extension. It refuses names of unsupported types. It drops DNS names that
// repeat an IP address, with a finding for each: devices add such names for old clients.
func parseSAN(der []byte) (names notary.Names, findings []notary.Finding, err error) {
	in := cryptobyte.String(der)
	var list cryptobyte.String
	if !in.ReadASN1(&list, casn1.SEQUENCE) || !in.Empty() || list.Empty() {
		return names, nil, invalid("the subject alternative names are not well-formed")
	}
	var addresses []string // given as DNS names
	for count := 1; !list.Empty(); count++ {
		if count > MaxNames {
			return names, nil, invalid("there are more than %d names", MaxNames)
		}
		var value cryptobyte.String
		var tag casn1.Tag
		if !list.ReadAnyASN1(&value, &tag) {
			return names, nil, invalid("the subject alternative names are not well-formed")
		}
		if tag == tagDNS && isAddress(string(value)) {
			if !slices.Contains(addresses, string(value)) {
				addresses = append(addresses, string(value))
			}
			continue
		}
		if err := addGeneralName(&names, tag, value); err != nil {
			return names, nil, err
		}
	}
	for _, address := range addresses {
		if !slices.Contains(names.IP, shortestAddress(address)) {
			_, err := checkDNS(address)
			return names, nil, err
		}
		findings = append(findings, CSRNotice("address_as_dns_name", "RFC 5280: 4.2.1.6",
			"The CSR has the IP address %s as a DNS name, too. The certificate has it only as an IP "+
				"address name.", address))
	}
	return names, findings, nil
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
	case tagOther:
		return addOtherName(names, value)
	default:
		kind, ok := generalNames[tag]
		if !ok {
			kind = "unknown type"
		}
		return invalid("the request has a name of a type that is not supported (%s): "+
			"use DNS names, IP addresses, email addresses, URIs and user principal names", kind)
	}
}
