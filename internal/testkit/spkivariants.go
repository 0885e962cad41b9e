package testkit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidRSAEncryption = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSASSAPSS     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidRSAESOAEP     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidECPublicKey   = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidPrimeField    = asn1.ObjectIdentifier{1, 2, 840, 10045, 1, 1}
)

// reencoded returns non-canonical encodings of a public key, keyed by what is wrong with them.
func reencoded(t testing.TB, spki []byte, key crypto.PublicKey) map[string][]byte {
	t.Helper()
	algorithm, bitsOf := splitSPKI(t, spki)
	null := slices.Clone(asn1.NullBytes)
	with := func(parts ...[]byte) []byte { return sequence(t, parts...) }
	all := map[string][]byte{
		"element after the key":        with(with(algorithm), bitString(t, 0, bitsOf), null),
		"element after the parameters": with(with(algorithm, null), bitString(t, 0, bitsOf)),
		"long form of a short length":  longForm(spki),
		"content after the key":        with(with(algorithm), bitString(t, 0, slices.Concat(bitsOf, null))),
		"octets after the key":         slices.Concat(spki, null),
	}
	for unused := range bits.LeadingZeros8(bitsOf[0]) {
		all[fmt.Sprintf("%d unused bits", unused+1)] = with(with(algorithm),
			bitString(t, byte(unused+1), shifted(bitsOf, unused+1)))
	}
	more := map[string][]byte{}
	switch key := key.(type) {
	case *rsa.PublicKey:
		more = reencodedRSA(t, key, bitsOf)
	case *ecdsa.PublicKey:
		more = reencodedEC(t, key, algorithm, bitsOf)
	case ed25519.PublicKey:
		more["NULL parameters"] = with(with(algorithm, null), bitString(t, 0, bitsOf))
	}
	for name, der := range more {
		all[name] = der
	}
	return all
}

// splitSPKI returns the content of the AlgorithmIdentifier and the key in the BIT STRING.
func splitSPKI(t testing.TB, spki []byte) (algorithm, key []byte) {
	t.Helper()
	in := cryptobyte.String(spki)
	var info, id cryptobyte.String
	var value asn1.BitString
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !info.ReadASN1(&id, casn1.SEQUENCE) || !info.ReadASN1BitString(&value) {
		t.Fatal("this is not a SubjectPublicKeyInfo")
	}
	return id, value.Bytes
}

func longForm(spki []byte) []byte {
	if spki[1] < 0x80 {
		return slices.Concat([]byte{spki[0], 0x81}, spki[1:])
	}
	return slices.Concat([]byte{spki[0], spki[1] + 1, 0}, spki[2:])
}

func shifted(octets []byte, by int) []byte {
	out := make([]byte, len(octets))
	for i := range octets {
		out[i] = octets[i] << by
		if i+1 < len(octets) {
			out[i] |= octets[i+1] >> (8 - by)
		}
	}
	return out
}

func oid(t testing.TB, id asn1.ObjectIdentifier) []byte {
	t.Helper()
	der, err := asn1.Marshal(id)
	Check(t, err)
	return der
}

func reencodedRSA(t testing.TB, key *rsa.PublicKey, bitsOf []byte) map[string][]byte {
	t.Helper()
	null := slices.Clone(asn1.NullBytes)
	positive := append([]byte{0}, key.N.Bytes()...)
	exponent := element(t, casn1.INTEGER, []byte{1, 0, 1})
	wrap := func(algorithm, bits []byte) []byte {
		return sequence(t, sequence(t, algorithm), bitString(t, 0, bits))
	}
	usual := slices.Concat(oid(t, oidRSAEncryption), null)
	with := func(modulus []byte, more ...[]byte) []byte {
		parts := append([][]byte{element(t, casn1.INTEGER, modulus), exponent}, more...)
		return wrap(usual, sequence(t, parts...))
	}
	return map[string][]byte{
		"no parameters":              wrap(oid(t, oidRSAEncryption), bitsOf),
		"parameters that are a list": wrap(slices.Concat(oid(t, oidRSAEncryption), sequence(t)), bitsOf),
		"NULL with content":          wrap(slices.Concat(oid(t, oidRSAEncryption), []byte{5, 1, 0}), bitsOf),
		"id-RSASSA-PSS":              wrap(oid(t, oidRSASSAPSS), bitsOf),
		"id-RSAES-OAEP":              wrap(slices.Concat(oid(t, oidRSAESOAEP), sequence(t)), bitsOf),
		"leading zeros":              with(append([]byte{0}, positive...)),
		"negative modulus":           with(key.N.Bytes()),
		"element after the exponent": with(positive, null),
		"exponent with leading zero": wrap(usual,
			sequence(t, element(t, casn1.INTEGER, positive), element(t, casn1.INTEGER, []byte{0, 1, 0, 1}))),
	}
}

func reencodedEC(t testing.TB, key *ecdsa.PublicKey, algorithm, point []byte) map[string][]byte {
	t.Helper()
	half := (len(point) - 1) / 2
	parity := point[len(point)-1] & 1
	wrap := func(algorithm, bits []byte) []byte {
		return sequence(t, sequence(t, algorithm), bitString(t, 0, bits))
	}
	hybrid := bytes.Clone(point)
	hybrid[0] = 6 + parity
	return map[string][]byte{
		"compressed point":  wrap(algorithm, append([]byte{2 + parity}, point[1:1+half]...)),
		"hybrid point":      wrap(algorithm, hybrid),
		"explicit curve":    wrap(slices.Concat(oid(t, oidECPublicKey), explicitCurve(t, key.Curve)), point),
		"no curve":          wrap(oid(t, oidECPublicKey), point),
		"implicit curve":    wrap(slices.Concat(oid(t, oidECPublicKey), asn1.NullBytes), point),
		"zeros before them": wrap(algorithm, slices.Concat([]byte{4, 0}, point[1:1+half], []byte{0}, point[1+half:])),
	}
}

// explicitCurve returns ECParameters (RFC 3279, section 2.3.5) for the curve. Coefficient a is a placeholder, because
// elliptic.CurveParams lacks it.
func explicitCurve(t testing.TB, curve elliptic.Curve) []byte {
	t.Helper()
	p := curve.Params()
	size := (p.BitSize + 7) / 8
	number := func(octets []byte) []byte { return element(t, casn1.INTEGER, append([]byte{0}, octets...)) }
	field := sequence(t, oid(t, oidPrimeField), number(p.P.Bytes()))
	coefficients := sequence(t, element(t, casn1.OCTET_STRING, p.B.FillBytes(make([]byte, size))),
		element(t, casn1.OCTET_STRING, p.B.FillBytes(make([]byte, size))))
	base := slices.Concat([]byte{4}, p.Gx.FillBytes(make([]byte, size)), p.Gy.FillBytes(make([]byte, size)))
	return sequence(t, element(t, casn1.INTEGER, []byte{1}), field, coefficients,
		element(t, casn1.OCTET_STRING, base), number(p.N.Bytes()))
}
