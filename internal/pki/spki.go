package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ParsePublicKey parses a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). It refuses non-canonical
// encodings: see [CheckKeyEncoding].
func ParsePublicKey(spki []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		why := misencoded(spki)
		if why == "" {
			why = Reason(err)
		}
		return nil, invalid("the key cannot be used (%s): %s", why, usableKeys)
	}
	return key, CheckKeyEncoding(spki, key)
}

// CheckKeyEncoding refuses a SubjectPublicKeyInfo that is not in the canonical encoding (RFC 3279, 5480 and 8410, in
// DER). Parsers tolerate other encodings, but programs that compare octets treat them as different keys.
func CheckKeyEncoding(spki []byte, key crypto.PublicKey) error {
	canonical, err := encodeKey(key)
	if err != nil || bytes.Equal(spki, canonical) {
		return nil // CheckKey refuses keys that cannot be encoded
	}
	why := misencoded(spki)
	if why == "" {
		why = "it is not in DER"
	}
	return invalid("the public key is not in its canonical encoding (%s) and could be taken for another key: "+
		"encode it in DER as in RFC 5280, section 4.1.2.7", why)
}

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidOAEP    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidPSS     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

type spkiParts struct {
	algorithm    asn1.ObjectIdentifier
	parameters   cryptobyte.String // with their tag; empty if absent
	unused       byte              // number of unused bits at the end of the BIT STRING
	key          cryptobyte.String
	afterName    bool // whether elements follow the parameters
	afterKey     bool // whether elements follow the key
	wellFormed   bool
	hasParameter bool
}

func splitSPKI(der []byte) (p spkiParts) {
	in := cryptobyte.String(der)
	var info, algorithm, bits cryptobyte.String
	var tag casn1.Tag
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !in.Empty() || !info.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&p.algorithm) {
		return p
	}
	if p.hasParameter = !algorithm.Empty(); p.hasParameter && !algorithm.ReadAnyASN1Element(&p.parameters, &tag) {
		return p
	}
	p.afterName = !algorithm.Empty()
	if !info.ReadASN1(&bits, casn1.BIT_STRING) || !bits.ReadUint8(&p.unused) {
		return p
	}
	p.key, p.afterKey, p.wellFormed = bits, !info.Empty(), true
	return p
}

// misencoded describes an error in the encoding of a SubjectPublicKeyInfo, or returns "" if it finds none.
func misencoded(der []byte) string {
	p := splitSPKI(der)
	switch {
	case !p.wellFormed:
		return "it is not a SubjectPublicKeyInfo in DER"
	case p.afterKey:
		return "its SubjectPublicKeyInfo has elements after the key"
	case p.afterName:
		return "its AlgorithmIdentifier has elements after the parameters"
	case p.unused != 0:
		return fmt.Sprintf("its BIT STRING has %d unused bits", p.unused)
	case p.algorithm.Equal(oidRSA):
		return misencodedRSA(p)
	case p.algorithm.Equal(oidPSS), p.algorithm.Equal(oidOAEP):
		return "it is an RSA key for RSASSA-PSS or RSAES-OAEP only, not for rsaEncryption"
	case p.algorithm.Equal(oidEC):
		return misencodedEC(p)
	case p.algorithm.Equal(oidEd25519) && p.hasParameter:
		return "an Ed25519 key must have no algorithm parameters (RFC 8410, section 3)"
	default:
		return ""
	}
}

func misencodedRSA(p spkiParts) string {
	if !bytes.Equal(p.parameters, asn1.NullBytes) {
		return "the algorithm parameters of an RSA key must be NULL (RFC 3279, section 2.3.1)"
	}
	var key, modulus, exponent cryptobyte.String
	if !p.key.ReadASN1(&key, casn1.SEQUENCE) || !key.ReadASN1(&modulus, casn1.INTEGER) ||
		!key.ReadASN1(&exponent, casn1.INTEGER) {
		return "it does not contain an RSAPublicKey in DER"
	}
	if !key.Empty() || !p.key.Empty() {
		return "its RSAPublicKey has elements after the exponent"
	}
	for _, number := range []cryptobyte.String{modulus, exponent} {
		if len(number) > 0 && number[0]&0x80 != 0 {
			return "its modulus or exponent is negative"
		}
		if len(number) > 1 && number[0] == 0 && number[1]&0x80 == 0 {
			return "its modulus or exponent has leading zeros"
		}
	}
	return ""
}

func misencodedEC(p spkiParts) string {
	switch {
	case !p.parameters.PeekASN1Tag(casn1.OBJECT_IDENTIFIER):
		return "its curve is not given by name (RFC 5480, section 2.1.1)"
	case len(p.key) > 0 && (p.key[0] == 2 || p.key[0] == 3):
		return "its point is compressed"
	case len(p.key) > 0 && (p.key[0] == 6 || p.key[0] == 7):
		return "its point is in the hybrid form"
	default:
		return ""
	}
}
