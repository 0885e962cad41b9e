// Package pki parses, checks and encodes X.509 structures in PEM and DER: signing requests (PKCS #10), keys, names,
// certificate chains and CRLs. It accesses neither files nor the network.
//
// External input enters through functions such as [ParseCSR], [ParseChain] and [ParseNames], which return checked
// values in canonical form. Errors about the input are [*notary.Error], mostly of kind Invalid, with one sentence for
// the sender. Requests from our own database are parsed with [ParseStoredCSR].
package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"math/big"

	"notary"
)

const (
	MaxNames     = 1000      // subject alternative names in a request, including the common name; profiles may allow fewer
	MaxChain     = 10        // certificates in a chain
	MaxCSRSize   = 1 << 20   // octets of PEM in a request: the largest body of an API call
	MaxChainSize = 256 << 10 // octets of PEM in a chain

	MaxBundle     = 1000    // certificates in a bundle
	MaxBundleSize = 8 << 20 // octets of PEM in a bundle
)

// Fingerprint returns the SHA-256 of der in lower-case hex.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// SerialString returns a serial number in lower-case hex, two digits per octet. Negative numbers, which RFC 5280
// forbids, have a minus sign.
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

func invalid(format string, args ...any) *notary.Error {
	return notary.Errorf(notary.Invalid, format, args...)
}
