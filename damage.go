package notary

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Damage describes a database record that cannot be read in full. The unreadable part is omitted.
type Damage struct {
	Kind    string // kind of record, such as "revocation"
	ID      int64
	Problem string
}

func (d Damage) String() string { return fmt.Sprintf("%s %d: %s", d.Kind, d.ID, d.Problem) }

// maxSerialOctets is the maximum length of a serial number (RFC 5280, section 4.1.2.2). DER adds an octet if the high
// bit is set.
const maxSerialOctets = 20

// CheckSerial returns an error unless a CRL can list the serial number, which has the form of [Certificate.Serial]. It
// must be positive and have at most 160 bits (RFC 5280, section 4.1.2.2).
func CheckSerial(serial string) error {
	octets, err := hex.DecodeString(serial)
	digits := strings.TrimLeft(serial, "0")
	switch {
	case strings.HasPrefix(serial, "-"):
		return Errorf(Invalid, "the serial number %.60s is not positive: a CRL cannot list it", serial)
	case err != nil:
		return Errorf(Invalid, "the serial number %.60q is not hexadecimal", serial)
	case digits == "":
		return Errorf(Invalid, "the serial number 0 is not positive: a CRL cannot list it")
	case len(digits) > 2*maxSerialOctets:
		return Errorf(Invalid, "the serial number %.60s has %d octets: a CRL can list at most %d (160 bits)",
			serial, len(octets), maxSerialOctets)
	}
	return nil
}
