// Package pki reads, checks and writes X.509: PEM, signing requests (PKCS #10), keys, names
// and certificate chains, as pure functions.
//
// Everything that comes from outside enters through [ParseCSR], [ParseChain] and
// [ParseNames]; what they accept is whole, checked and in the form that is compared. Errors
// are [*notary.Error] of kind Invalid with one sentence for the person who sent the input.
// A request out of our own database is read with [ParseStoredCSR].
package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"strings"

	"notary"
)

// Limits on what is read.
const (
	MaxNames     = 1000      // subject alternative names in a request, its common name included; profiles allow fewer
	MaxChain     = 10        // certificates in a chain
	MaxCSRSize   = 1 << 20   // octets of PEM in a request: the largest body of an API call
	MaxChainSize = 256 << 10 // octets of PEM in a chain

	MaxBundle     = 1000    // certificates in a bundle
	MaxBundleSize = 8 << 20 // octets of PEM in a bundle
)

// Fingerprint is the SHA-256 of der in lower-case hex.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// SerialString writes a serial number in lower-case hex, two digits an octet: "00" for zero,
// and a leading minus for the negative ones that RFC 5280 forbids.
func SerialString(n *big.Int) string {
	digits := hex.EncodeToString(n.Bytes())
	switch n.Sign() {
	case 0:
		return "00"
	case -1:
		return "-" + digits
	default:
		return digits
	}
}

// CheckSerial returns an error unless a CRL can list the certificate: see [notary.CheckSerial].
func CheckSerial(c *x509.Certificate) error { return notary.CheckSerial(SerialString(c.SerialNumber)) }

// invalid makes the error of an input that can never be accepted as it is.
func invalid(format string, args ...any) *notary.Error {
	return notary.Errorf(notary.Invalid, format, args...)
}

// reason returns a standard library error in words that can stand inside a sentence of ours.
func reason(err error) string {
	const limit = 200
	text := err.Error()
	if strings.HasPrefix(text, "asn1: s") { // syntax and structure errors, in terms of package asn1
		return "it is damaged or not encoded in DER: export it again"
	}
	for _, prefix := range []string{"x509: ", "asn1: ", "crypto/ecdsa: ", "crypto/rsa: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	switch text {
	case "malformed certificate", "malformed tbs certificate", "malformed crl", "malformed tbs crl":
		return "it is damaged or of another kind: export it again"
	case "malformed spki":
		return "its public key (subjectPublicKeyInfo) is malformed"
	case "trailing data":
		return "there is something after its end"
	}
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
