package issuance

import (
	"crypto/rand"
	"io"
	"math/big"

	"notary"
)

// newSerial returns a positive serial number with 128 random bits and at most 17 octets; the limit is 20 (RFC 5280,
// section 4.1.2.2).
func newSerial(random io.Reader) (*big.Int, error) {
	if random == nil {
		random = rand.Reader
	}
	var octets [16]byte
	for {
		if _, err := io.ReadFull(random, octets[:]); err != nil {
			return nil, notary.InternalError("generate a serial number", err)
		}
		if serial := new(big.Int).SetBytes(octets[:]); serial.Sign() > 0 {
			return serial, nil
		}
	}
}
