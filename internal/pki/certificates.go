package pki

import (
	"crypto/x509"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

type limits struct {
	octets, certificates int
}

type certificates struct {
	list      []*x509.Certificate
	unordered bool // whether some are from a PKCS #7 file, where they form a set
}

// Labels of PEM blocks with certificates, in addition to CERTIFICATE.
const (
	labelX509Certificate = "X509 CERTIFICATE"    // written by older programs (RFC 7468, section 5.1)
	labelTrusted         = "TRUSTED CERTIFICATE" // OpenSSL's, with trust settings
	labelPKCS7           = "PKCS7"               // RFC 7468, section 8
	labelCMS             = "CMS"                 // RFC 7468, section 9
	labelCertChain       = "CERTIFICATE CHAIN"   // PKCS #7 from older programs
)

const beginPEM = "-----BEGIN "

// readCertificates reads concatenated certificates and PKCS #7 structures in PEM, in DER or in base64 without PEM
// lines. A PEM block must have a label for either, and may contain the other. Text between PEM blocks is skipped (RFC
// 7468, section 5.2). Any other content is refused.
func readCertificates(text string, limit limits) (certificates, error) {
	if len(text) > limit.octets {
		return certificates{}, notary.Errorf(notary.TooLarge, "the certificates are larger than %d KiB, "+
			"the limit", limit.octets>>10)
	}
	text = plainText(text)
	if !strings.Contains(text, beginPEM) {
		if decoded, ok := bareBase64(text); ok {
			text = plainText(decoded)
		}
	}
	var found certificates
	var err error
	if strings.Contains(text, beginPEM) {
		err = found.addPEM(text, limit)
	} else {
		err = found.addDER([]byte(text), limit)
	}
	if err != nil {
		return certificates{}, err
	}
	return found, nil
}

// plainText returns text as UTF-8 without a byte order mark.
func plainText(text string) string {
	return strings.TrimPrefix(string(DecodeText([]byte(text))), byteOrderMark)
}

func bareBase64(text string) (string, bool) {
	packed := strings.Join(strings.Fields(text), "")
	if packed == "" {
		return "", false
	}
	der, err := base64.StdEncoding.Strict().DecodeString(packed)
	return string(der), err == nil
}

func (f *certificates) addPEM(text string, limit limits) error {
	doc, err := readPEM(text, limit.octets)
	switch {
	case err != nil:
		return err
	case len(doc.blocks) == 0:
		return errNoCertificates
	}
	for i, block := range doc.blocks {
		known, err := f.addBlock(block.label, block.der, limit)
		if !known {
			err = invalid("PEM block %d is of type %.40q instead of CERTIFICATE or PKCS7", i+1, block.label)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *certificates) addBlock(label string, der []byte, limit limits) (known bool, err error) {
	switch label {
	case labelCertificate, labelX509Certificate, labelPKCS7, labelCMS, labelCertChain:
	case labelTrusted:
		der = withoutTrust(der)
	default:
		return false, nil
	}
	if err = f.addDER(der, limit); err == errNoCertificates {
		err = invalid("certificate %d cannot be parsed: its PEM block does not contain DER", len(f.list)+1)
	}
	return true, err
}

// withoutTrust removes the trust settings that OpenSSL appends to a certificate.
func withoutTrust(der []byte) []byte {
	in := cryptobyte.String(der)
	var certificate, trust cryptobyte.String
	if in.ReadASN1Element(&certificate, casn1.SEQUENCE) && in.ReadASN1(&trust, casn1.SEQUENCE) && in.Empty() {
		return certificate
	}
	return der
}

var errNoCertificates error = invalid("this is not a certificate chain in PEM, PKCS #7 or DER: " +
	"it must contain -----BEGIN CERTIFICATE-----, or be base64 of the DER")

// CertificatesInDER reads concatenated certificates and PKCS #7 structures. On error it returns the certificates
// read so far.
func CertificatesInDER(der []byte) ([]*x509.Certificate, error) {
	var found certificates
	err := found.addDER(der, limits{len(der), len(der)})
	return found.list, err
}

// CertificatesInBlock is like [CertificatesInDER] for the content of a PEM block. known reports whether the label is
// used for certificates.
func CertificatesInBlock(label string, der []byte) (list []*x509.Certificate, known bool, err error) {
	var found certificates
	known, err = found.addBlock(label, der, limits{len(der), len(der)})
	return found.list, known, err
}

// LooksLikeCertificate reports whether der begins like a version 3 certificate, even if it cannot be parsed.
func LooksLikeCertificate(der []byte) bool {
	in := cryptobyte.String(der)
	var certificate, signed cryptobyte.String
	return in.ReadASN1(&certificate, casn1.SEQUENCE) && certificate.ReadASN1(&signed, casn1.SEQUENCE) &&
		signed.PeekASN1Tag(constructed(0))
}

func (f *certificates) addDER(der []byte, limit limits) error {
	in := cryptobyte.String(der)
	if !in.PeekASN1Tag(casn1.SEQUENCE) {
		return errNoCertificates
	}
	for !in.Empty() {
		var element cryptobyte.String
		switch {
		case isIndefinite(in):
			return invalid("certificate %d is in BER with indefinite lengths: convert it with openssl pkcs7 "+
				"-inform DER -print_certs, "+
				"or openssl x509 -inform DER", len(f.list)+1)
		case !in.ReadASN1Element(&element, casn1.SEQUENCE):
			return invalid("certificate %d cannot be parsed: it is truncated, or something else "+
				"follows it", len(f.list)+1)
		}
		if err := f.addElement(element, limit); err != nil {
			return err
		}
	}
	return nil
}

// isIndefinite reports whether in begins with a SEQUENCE of indefinite length.
func isIndefinite(in []byte) bool {
	return len(in) > 1 && in[0] == byte(casn1.SEQUENCE) && in[1] == 0x80
}

func (f *certificates) addElement(der []byte, limit limits) error {
	switch {
	case IsSignedData(der):
		bag, err := signedCertificates(der)
		if err != nil {
			return err
		}
		f.unordered = true
		for _, certificate := range bag {
			if err := f.addCertificate(certificate, limit); err != nil {
				return err
			}
		}
		return nil
	case IsPKCS12(der):
		return invalid("this is a PKCS #12 file, not a certificate chain: extract the certificates with openssl " +
			"pkcs12 -nokeys")
	default:
		return f.addCertificate(der, limit)
	}
}

func (f *certificates) addCertificate(der []byte, limit limits) error {
	if len(f.list) == limit.certificates {
		return invalid("there are too many certificates: at most %d are accepted at once", limit.certificates)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return invalid("certificate %d cannot be parsed: %s", len(f.list)+1, Reason(err))
	}
	f.list = append(f.list, certificate)
	return nil
}
