package pki

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// SignedData holds parts of a PKCS #7 or CMS SignedData (RFC 5652, section 5.1), each the content of a SET.
type SignedData struct {
	Certificates, CRLs, Signers []byte
}

// contentTypes is the common prefix of the PKCS #7 content types, without tag and length.
const (
	contentTypes  = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
	oidSignedData = contentTypes + "\x02"
)

// IsSignedData reports whether der looks like a PKCS #7 structure, of any content type.
func IsSignedData(der []byte) bool {
	in := cryptobyte.String(der)
	var info, oid cryptobyte.String
	return in.ReadASN1(&info, casn1.SEQUENCE) && info.ReadASN1(&oid, casn1.OBJECT_IDENTIFIER) &&
		len(oid) == len(oidSignedData) && string(oid[:len(contentTypes)]) == contentTypes
}

// SplitSignedData parses a ContentInfo (RFC 5652, sections 3 and 5.1). other reports whether its content type is not
// SignedData; ok reports whether it is a well-formed SignedData.
func SplitSignedData(der []byte) (parts SignedData, other, ok bool) {
	in := cryptobyte.String(der)
	var info, oid, content, signed, certificates, crls, signers cryptobyte.String
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !in.Empty() || !info.ReadASN1(&oid, casn1.OBJECT_IDENTIFIER) {
		return parts, false, false
	}
	if string(oid) != oidSignedData {
		return parts, true, false
	}
	ok = info.ReadASN1(&content, constructed(0)) && info.Empty() && content.ReadASN1(&signed, casn1.SEQUENCE) &&
		content.Empty() &&
		signed.SkipASN1(casn1.INTEGER) && signed.SkipASN1(casn1.SET) && signed.SkipASN1(casn1.SEQUENCE) &&
		signed.ReadOptionalASN1(&certificates, nil, constructed(0)) &&
		signed.ReadOptionalASN1(&crls, nil, constructed(1)) &&
		signed.ReadASN1(&signers, casn1.SET) && signed.Empty()
	return SignedData{certificates, crls, signers}, false, ok
}

// signedCertificates returns the certificates in a PKCS #7 file and ignores its signatures.
func signedCertificates(der []byte) (list [][]byte, err error) {
	parts, other, ok := SplitSignedData(der)
	switch {
	case other:
		return nil, invalid("the PKCS #7 is not of the type SignedData, which carries certificates: " +
			"create one with openssl crl2pkcs7 -nocrl -certfile FILE")
	case !ok:
		return nil, invalid("the PKCS #7 cannot be parsed: export it again in DER, or send the certificates as PEM")
	case len(parts.Certificates) == 0:
		return nil, invalid("there is no certificate in the PKCS #7")
	}
	for in := cryptobyte.String(parts.Certificates); !in.Empty(); {
		var certificate cryptobyte.String
		if !in.ReadASN1Element(&certificate, casn1.SEQUENCE) {
			return nil, invalid("the PKCS #7 contains something other than X.509 certificates")
		}
		list = append(list, certificate)
	}
	return list, nil
}
