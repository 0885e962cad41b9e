package inspect

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

var beginMark = []byte("-----BEGIN ")

// read detects the format of data and reads the objects in it. It skips a byte order mark, which no DER starts with.
func (r *reader) read(data []byte) error {
	data = bytes.TrimPrefix(pki.DecodeText(data), []byte("\ufeff"))
	if bytes.Contains(data, beginMark) {
		r.readPEM(data)
		return nil
	}
	if der, ok := bareBase64(data); ok {
		data = der
	}
	if !r.readDER(data) {
		return notary.Errorf(notary.Invalid, "%s", unknownInput(data))
	}
	return nil
}

func bareBase64(data []byte) ([]byte, bool) {
	if len(data) == 0 || data[0] != 'M' { // every SEQUENCE starts with M in base64
		return nil, false
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
	return der, err == nil
}

func unknownInput(data []byte) string {
	text := strings.ToLower(string(data[:min(len(data), 200)]))
	switch {
	case len(data) == 0:
		return "the input is empty"
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}), bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		return "this is a JKS keystore: convert it with keytool -importkeystore -deststoretype PKCS12"
	case bytes.HasPrefix(data, []byte{0x30, 0x80}):
		return "this is in BER with indefinite lengths, which is not supported: convert a PKCS #12 with openssl " +
			"pkcs12 -in FILE -noenc -out ALL.pem " +
			"and openssl pkcs12 -export -in ALL.pem -out NEW.p12, and a PKCS #7 with openssl pkcs7 -inform DER " +
			"-in FILE -out NEW.p7b"
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-sha2-"):
		return "this is an OpenSSH public key, not a certificate"
	case strings.Contains(text, "<html"), strings.Contains(text, "<!doctype"):
		return "this is a web page, not a certificate"
	default:
		return "this is neither PEM nor DER of a certificate, request, revocation list, OCSP response, key, PKCS " +
			"#7 or PKCS #12"
	}
}

// readPEM reads every PEM block. Package pem skips malformed ones, so BEGIN lines are counted separately.
func (r *reader) readPEM(data []byte) {
	begun := bytes.Count(data, beginMark)
	read := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		read++
		r.readBlock(block)
	}
	if read < begun {
		o := Object{Kind: KindUnknown}
		o.fail("pem_broken", "RFC 7468, section 3", "%d of %d PEM blocks cannot be read: they are truncated or "+
			"modified", begun-read, begun)
		r.append(o)
	}
}

func (r *reader) readBlock(block *pem.Block) {
	switch label := block.Type; {
	case label == "CERTIFICATE", label == "X509 CERTIFICATE", label == "CERTIFICATE CHAIN":
		r.readCertificates(block.Bytes)
	case label == "TRUSTED CERTIFICATE": // OpenSSL's, followed by trust settings
		r.append(r.readCertificate(firstElement(block.Bytes)))
	case label == "CERTIFICATE REQUEST", label == "NEW CERTIFICATE REQUEST":
		r.append(r.readRequest(block.Bytes))
	case label == "X509 CRL", label == "CRL":
		r.append(r.readCRL(block.Bytes))
	case label == "PKCS7", label == "CMS":
		r.readPKCS7(block.Bytes)
	case label == "OCSP RESPONSE":
		r.append(r.readOCSP(block.Bytes))
	case strings.HasSuffix(label, "PRIVATE KEY"):
		r.append(r.readPrivateBlock(block))
	case label == "PUBLIC KEY":
		r.append(r.readPublicKey(block.Bytes))
	case label == "EC PARAMETERS", label == "DH PARAMETERS":
		// openssl writes these before a key; ignore them.
	default:
		o := Object{Kind: KindUnknown, Name: visible(label)}
		o.note("unknown_label", "", "a PEM block of the type %q was not read", label)
		r.append(o)
	}
}

func (r *reader) readCertificates(der []byte) {
	if pki.IsSignedData(der) {
		r.readPKCS7(der)
		return
	}
	list, err := pki.CertificatesInDER(der)
	if err != nil || len(list) == 1 {
		r.append(r.readCertificate(der))
		return
	}
	for _, certificate := range list {
		r.append(r.readCertificate(certificate.Raw))
	}
}

func firstElement(der []byte) []byte {
	in := cryptobyte.String(der)
	var element cryptobyte.String
	var tag casn1.Tag
	if !in.ReadAnyASN1Element(&element, &tag) {
		return der
	}
	return element
}

// readDER reads concatenated DER elements. It returns false if the first element is of an unknown kind and does not
// look truncated.
func (r *reader) readDER(data []byte) bool {
	rest := cryptobyte.String(data)
	for n := 0; !rest.Empty() && len(r.objects) < MaxObjects; n++ {
		var element cryptobyte.String
		if !rest.ReadASN1Element(&element, casn1.SEQUENCE) || !r.readElement(element) {
			if n > 0 {
				o := Object{Kind: KindUnknown}
				o.fail("trailing_data", "", "it is followed by %d unknown octets", len(rest))
				r.append(o)
			}
			return n > 0 || r.readTruncated(data)
		}
	}
	if !rest.Empty() {
		r.omitted++ // at least one more
	}
	return len(r.objects) > 0
}

// HoldsCertificates reports whether data starts with the DER of a certificate or PKCS #7 file.
func HoldsCertificates(data []byte) bool {
	in := cryptobyte.String(data)
	var first cryptobyte.String
	if !in.ReadASN1Element(&first, casn1.SEQUENCE) {
		return false
	}
	shape := shapeOf(first)
	return shape == KindCertificate || shape == KindPKCS7
}

func (r *reader) readElement(der []byte) bool {
	switch shapeOf(der) {
	case KindCertificate:
		r.append(r.readCertificate(der))
	case KindRequest:
		r.append(r.readRequest(der))
	case KindCRL:
		r.append(r.readCRL(der))
	case KindOCSP:
		r.append(r.readOCSP(der))
	case KindPKCS7:
		r.readPKCS7(der)
	case KindPKCS12:
		r.addPKCS12(der)
	case KindPrivateKey:
		r.append(r.readPrivateKey(der))
	case KindPublicKey:
		r.append(r.readPublicKey(der))
	default:
		return false
	}
	return true
}

func (r *reader) readTruncated(data []byte) bool {
	if len(data) < 16 || data[0] != 0x30 || data[1] < 0x81 || data[1] > 0x84 {
		return false
	}
	header := 2 + int(data[1]&0x7f)
	content := 0
	for _, octet := range data[2:header] {
		content = content<<8 | int(octet)
	}
	length, inner := header+content, data[header]
	if length <= len(data) || length > MaxSize || inner != 0x30 && inner != 0x02 && inner != 0x06 {
		return false
	}
	o := Object{Kind: KindUnknown}
	o.fail("cut_off", "", "it is truncated: %d of %d octets are present", len(data), length)
	r.append(o)
	return true
}

func shapeOf(der []byte) Kind {
	in := cryptobyte.String(der)
	var body, first cryptobyte.String
	var tag casn1.Tag
	if !in.ReadASN1(&body, casn1.SEQUENCE) || !in.Empty() || !body.ReadAnyASN1(&first, &tag) {
		return KindUnknown
	}
	explicit := casn1.Tag(0).Constructed().ContextSpecific()
	switch {
	case tag == casn1.SEQUENCE && body.PeekASN1Tag(casn1.SEQUENCE):
		return signedShape(first)
	case tag == casn1.SEQUENCE && body.PeekASN1Tag(casn1.BIT_STRING):
		return KindPublicKey
	case pki.IsEncryptedKey(der):
		return KindPrivateKey
	case tag == casn1.ENUM && (body.Empty() || body.PeekASN1Tag(explicit)):
		return KindOCSP
	case tag == casn1.OBJECT_IDENTIFIER && body.PeekASN1Tag(explicit):
		return KindPKCS7
	case tag == casn1.INTEGER && pki.IsPKCS12(der):
		return KindPKCS12
	case tag == casn1.INTEGER && (body.PeekASN1Tag(casn1.SEQUENCE) || body.PeekASN1Tag(casn1.INTEGER) ||
		body.PeekASN1Tag(casn1.OCTET_STRING)):
		return KindPrivateKey
	default:
		return KindUnknown
	}
}

// signedShape returns the kind of a SEQUENCE { to be signed, algorithm, signature } from the part to be signed: a
// certificate (RFC 5280, section 4.1), a CRL (section 5.1) or a request (RFC 2986, section 4).
func signedShape(tbs cryptobyte.String) Kind {
	if tbs.PeekASN1Tag(casn1.Tag(0).Constructed().ContextSpecific()) {
		return KindCertificate
	}
	var number, second, third cryptobyte.String
	hasNumber := tbs.PeekASN1Tag(casn1.INTEGER) && tbs.ReadASN1(&number, casn1.INTEGER)
	if !tbs.ReadASN1(&second, casn1.SEQUENCE) || !tbs.ReadASN1(&third, casn1.SEQUENCE) {
		return KindUnknown
	}
	switch {
	case tbs.PeekASN1Tag(casn1.UTCTime), tbs.PeekASN1Tag(casn1.GeneralizedTime):
		return KindCRL
	case hasNumber && tbs.PeekASN1Tag(casn1.SEQUENCE): // version 1
		return KindCertificate
	case hasNumber:
		return KindRequest
	default:
		return KindUnknown
	}
}
