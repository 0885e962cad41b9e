package pki

import (
	"crypto"
	"crypto/x509"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// PKCS12 is the content of a PKCS #12 file (RFC 7292).
type PKCS12 struct {
	Key          crypto.Signer       // nil for a Java trust store, which has only certificates
	Certificates []*x509.Certificate // the key's certificate first, if any
}

// IsPKCS12 reports whether der looks like a PFX (RFC 7292, section 4).
func IsPKCS12(der []byte) bool {
	in := cryptobyte.String(der)
	var pfx, content cryptobyte.String
	var version int
	return in.ReadASN1(&pfx, casn1.SEQUENCE) && pfx.ReadASN1Integer(&version) && version == 3 &&
		pfx.ReadASN1(&content, casn1.SEQUENCE) && content.PeekASN1Tag(casn1.OBJECT_IDENTIFIER)
}

// OpenPKCS12 reads a PKCS #12 file with one key and its certificates, or a Java trust store.
//
// All errors are Invalid. They wrap [ErrNoPassword] or [ErrWrongPassword] if the password is missing or wrong.
func OpenPKCS12(data []byte, password string) (*PKCS12, error) {
	if len(data) > MaxKeySize {
		return nil, invalid("the PKCS #12 file is larger than %d KiB: is it the right one?", MaxKeySize>>10)
	}
	if isIndefinite(data) {
		return nil, invalid("the file is in BER with indefinite lengths, which is not supported%s", rewritePKCS12)
	}
	if !IsPKCS12(data) {
		return nil, invalid("this is not a PKCS #12 file in DER")
	}
	if iterations(data, 0) > MaxIterations {
		return nil, invalid("the PKCS #12 file cannot be opened: %s", errTooMuchWork)
	}
	opened, err := openPKCS12(data, password)
	switch {
	case err == nil:
		return opened, nil
	case !hasMAC(data):
		return nil, invalid("the PKCS #12 file has no MAC, so neither its integrity nor its password can be checked%s",
			rewritePKCS12)
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return nil, noPassword("the PKCS #12 file")
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, wrongPassword("the PKCS #12 file")
	case strings.Contains(err.Error(), "expected exactly one key bag"):
		return nil, invalid("the PKCS #12 file has several private keys, or none: export a single key with its " +
			"certificates, for example with " +
			"keytool -importkeystore -srcalias ALIAS -destkeystore NEW.p12 -deststoretype PKCS12")
	default:
		return nil, invalid("the PKCS #12 file cannot be read: %s%s", Reason(err), rewritePKCS12)
	}
}

// rewritePKCS12 completes an error with advice for files that other programs may be able to read.
const rewritePKCS12 = ": convert it with openssl pkcs12 -in FILE -noenc -out ALL.pem, then openssl pkcs12 " +
	"-export -in ALL.pem -out NEW.p12, " +
	"and delete ALL.pem"

func hasMAC(der []byte) bool {
	in := cryptobyte.String(der)
	var pfx, mac cryptobyte.String
	return in.ReadASN1(&pfx, casn1.SEQUENCE) && pfx.SkipASN1(casn1.INTEGER) && pfx.SkipASN1(casn1.SEQUENCE) &&
		pfx.ReadASN1(&mac, casn1.SEQUENCE)
}

func openPKCS12(data []byte, password string) (*PKCS12, error) {
	trusted, err := pkcs12.DecodeTrustStore(data, password)
	if err == nil && len(trusted) > 0 {
		return &PKCS12{Certificates: trusted}, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, err
	}
	if err := checkEncryptedParts(data, password); err != nil {
		return nil, err
	}
	key, leaf, issuers, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return nil, err
	}
	signer, err := asSigner(key)
	if err != nil {
		return nil, err
	}
	return &PKCS12{Key: signer, Certificates: append([]*x509.Certificate{leaf}, issuers...)}, nil
}

// maxNesting exceeds the nesting of any valid PKCS #12 file.
const maxNesting = 24

// iterations returns the sum of all iteration counts visible without the password: the integers that follow a salt (RFC
// 7292, section 4 and appendix C; RFC 8018, appendix A.2). It searches everything that parses as DER, because the
// library does not check every tag. It stops when the sum exceeds [MaxIterations].
func iterations(der cryptobyte.String, depth int) (sum int64) {
	var value cryptobyte.String
	var tag, before casn1.Tag
	for !der.Empty() && depth < maxNesting && sum <= MaxIterations {
		var n int64
		switch {
		case before&0x1f == casn1.OCTET_STRING && der.PeekASN1Tag(casn1.INTEGER):
			if !der.ReadASN1Integer(&n) { // does not fit in 64 bits
				n = MaxIterations + 1
				der = nil
			}
			sum += max(n, 0)
			before = casn1.INTEGER
			continue
		case !der.ReadAnyASN1(&value, &tag):
			return sum
		}
		sum += iterations(value, depth+1)
		before = tag
	}
	return sum
}
