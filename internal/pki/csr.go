package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// CSR is a certificate signing request (PKCS #10, RFC 2986) accepted by [ParseCSR] or [ParseStoredCSR]. Use the checked
// Names and CommonName instead of the fields of the embedded request.
//
// The embedded request has the subject of the future certificate. Raw and RawTBSCertificateRequest are as submitted.
type CSR struct {
	*x509.CertificateRequest
	PEM        string // as submitted, byte for byte
	Names      notary.Names
	CommonName string // "" if the subject has none; the last one if it has several
	Key        string // as returned by [KeyName]
	Identity   KeyIdentity
	Asked      []AskedExtension
	Findings   []notary.Finding // departures from standards

	asked notary.Names // Names without those implied by the subject
}

// ParseCSR parses and checks a request: a single PEM block, an acceptable key, a valid signature, and a subject and
// names that may appear in a certificate. Harmless departures from standards become findings.
//
// A common name that is a host name or IP address is added to the names, because clients ignore the subject (RFC 9525).
// The subject's email addresses are added, too (RFC 5280, section 4.1.2.6).
//
// Profiles decide on other requested extensions, which are in Asked, and on SHA-1 signatures, underscores, user
// principal names and large numbers of names.
//
// An unacceptable request is an Invalid error, and one above [MaxCSRSize] is TooLarge, both with the field "csr".
func ParseCSR(pemText string) (*CSR, error) {
	csr, err := parseCSR(pemText)
	if err != nil {
		return nil, notary.ReplaceField(err, "csr")
	}
	return csr, nil
}

// ParseStoredCSR parses a request from the database that [ParseCSR] accepted earlier. It skips only the verification of
// the signature, which is most of the cost. Never use it for external input.
//
// Errors are as in [ParseCSR].
func ParseStoredCSR(pemText string) (*CSR, error) {
	csr, err := parseUnverified(pemText)
	if err == nil {
		err = checkModulus(csr.PublicKey)
	}
	if err != nil {
		return nil, notary.ReplaceField(err, "csr")
	}
	return csr, nil
}

// parseCSR parses a request and verifies its signature. It checks an RSA modulus last: that takes a hundred times as
// long as the verification, and only the holder of the private key should be able to cause it.
func parseCSR(pemText string) (*CSR, error) {
	csr, err := parseUnverified(pemText)
	if err != nil {
		return nil, err
	}
	if csr.CheckSignature() != nil {
		return nil, invalid("the request's own signature does not verify: " +
			"it was modified, or it was signed with another key")
	}
	if err := checkModulus(csr.PublicKey); err != nil {
		return nil, err
	}
	return csr, nil
}

func parseUnverified(pemText string) (*CSR, error) {
	der, err := DecodeCSR(pemText)
	if err != nil {
		return nil, err
	}
	parts, err := splitCSR(der)
	if err != nil {
		return nil, err
	}
	// Check the key first: a signature by an unusable key is meaningless.
	if err := parts.checkKey(); err != nil {
		return nil, err
	}
	subject, err := parseSubject(parts.subject)
	if err != nil {
		return nil, err
	}
	names, err := parts.names(subject)
	if err != nil {
		return nil, err
	}
	request, err := parts.parse(subject.der)
	if err != nil {
		return nil, err
	}
	if err := checkSignatureAlgorithm(request.SignatureAlgorithm); err != nil {
		return nil, err
	}
	identity, err := identify(request.PublicKey, parts.key)
	if err != nil {
		return nil, err
	}
	findings := slices.Concat(parts.formFindings(), subject.findings, names.findings)
	if SignedWithSHA1(request.SignatureAlgorithm) {
		findings = append(findings, csrWarning("sha1", "",
			"The CSR is signed with SHA-1: only profiles that allow it (sha1_requests) accept it."))
	}
	return &CSR{CertificateRequest: request, PEM: pemText, Names: names.names, CommonName: subject.commonName,
		Key: KeyName(request.PublicKey), Identity: identity, Asked: names.extensions, asked: names.requested,
		Findings: findings}, nil
}

type csrParts struct {
	der, info                cryptobyte.String // the whole request and its CertificationRequestInfo
	subject, key, attributes cryptobyte.String
	rest                     cryptobyte.String // signature algorithm and signature
	version                  int
	noAttributes             bool
}

// maxVersion is the highest accepted version. RFC 2986 defines only 0, but many programs write 1 or 2, and OpenSSL
// ignores the version.
const maxVersion = 2

func splitCSR(der []byte) (csrParts, error) {
	parts := csrParts{der: der}
	var request, info, algorithm cryptobyte.String
	var signature asn1.BitString
	var hasAttributes bool
	in := cryptobyte.String(der)
	if !in.ReadASN1(&request, casn1.SEQUENCE) || !request.ReadASN1Element(&parts.info, casn1.SEQUENCE) {
		return csrParts{}, notACSR()
	}
	inner := parts.info
	parts.rest = request
	if !inner.ReadASN1(&info, casn1.SEQUENCE) ||
		!info.ReadASN1Integer(&parts.version) ||
		!info.ReadASN1Element(&parts.subject, casn1.SEQUENCE) ||
		!info.ReadASN1Element(&parts.key, casn1.SEQUENCE) ||
		!info.ReadOptionalASN1(&parts.attributes, &hasAttributes, constructed(0)) ||
		!info.Empty() ||
		!request.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!request.ReadASN1BitString(&signature) || !request.Empty() {
		return csrParts{}, notACSR()
	}
	parts.noAttributes = !hasAttributes
	if !in.Empty() {
		return csrParts{}, invalid("there are %d octets after the end of the certificate request", len(in))
	}
	if parts.version < 0 || parts.version > maxVersion {
		return csrParts{}, invalid("the certificate request has the version number %d: it must be 0 "+
			"(RFC 2986)", parts.version)
	}
	return parts, nil
}

func notACSR() error {
	return invalid("the PEM block does not contain a certificate request (RFC 2986)")
}

// parse parses the request with the given subject. Unless the request is in standard form with this subject, it parses
// a copy that is. The raw fields and the version remain as submitted.
func (p csrParts) parse(subject []byte) (*x509.CertificateRequest, error) {
	der := []byte(p.der)
	if p.noAttributes || p.version != 0 || !bytes.Equal(subject, p.subject) {
		var err error
		if der, err = p.standardForm(subject); err != nil {
			return nil, err
		}
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, invalid("the certificate request cannot be parsed: %s", Reason(err))
	}
	request.Raw, request.RawTBSCertificateRequest, request.Version = p.der, p.info, p.version
	return request, nil
}

// ReadCSR parses a DER request as leniently as [ParseCSR], without checking its content. The subject keeps its string
// types.
func ReadCSR(der []byte) (*x509.CertificateRequest, error) {
	if request, err := x509.ParseCertificateRequest(der); err == nil {
		return request, nil
	}
	parts, err := splitCSR(der)
	if err != nil {
		return nil, err
	}
	return parts.parse(parts.subject)
}

// Content returns the SHA-256, in lower-case hex, of the signed part. It identifies the request regardless of its
// signature, because the key can sign the same content any number of times.
func (c *CSR) Content() string { return Fingerprint(c.RawTBSCertificateRequest) }

// CSRContent returns [CSR.Content] of a stored request, even if [ParseCSR] would reject it today.
func CSRContent(pemText string) (string, error) {
	der, err := DecodeCSR(pemText)
	if err != nil {
		return "", err
	}
	parts, err := splitCSR(der)
	if err != nil {
		return "", err
	}
	return Fingerprint(parts.info), nil
}

// standardForm returns the request in the form of RFC 2986, with the original signature.
func (p csrParts) standardForm(subject []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			b.AddBytes(subject)
			b.AddBytes(p.key)
			b.AddASN1(constructed(0), func(b *cryptobyte.Builder) { b.AddBytes(p.attributes) })
		})
		b.AddBytes(p.rest)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, notary.InternalError("encode the certificate request", err)
	}
	return der, nil
}

func (p csrParts) checkKey() error {
	key, err := ParsePublicKey(p.key)
	if err != nil {
		return err
	}
	return checkUsable(key)
}

type askedNames struct {
	names      notary.Names // including those implied by the subject
	requested  notary.Names // excluding the implied ones
	extensions []AskedExtension
	findings   []notary.Finding
}

func (p csrParts) names(subject subject) (a askedNames, err error) {
	var san []byte
	if san, a.extensions, err = requestedExtensions(p.attributes); err != nil {
		return a, err
	}
	if san != nil {
		if a.requested, a.findings, err = parseSAN(san); err != nil {
			return a, err
		}
	}
	a.names = cloneNames(a.requested)
	if err := addImplied(&a.names, subject); err != nil {
		return a, err
	}
	if subject.commonName == "" && a.names.Len() == 0 {
		return a, invalid("the request has no names: " +
			"add a common name or subject alternative names")
	}
	return a, checkCount(a.names)
}

func addImplied(names *notary.Names, subject subject) (err error) {
	for _, commonName := range subject.commonNames {
		if dns, ip, ok := asHost(commonName); ok && ip != "" {
			err = addIP(names, ip)
		} else if ok {
			err = addDNS(names, dns)
		} else if strings.Contains(commonName, "*") {
			_, err = checkDNS(commonName)
		}
		if err != nil {
			return err
		}
	}
	for _, email := range subject.emails {
		if err := addEmail(names, email); err != nil {
			return err
		}
	}
	return nil
}

// checkSignatureAlgorithm refuses MD2, MD5 and unsupported algorithms. Profiles decide on SHA-1, which is enough to
// prove possession of the key.
func checkSignatureAlgorithm(algorithm x509.SignatureAlgorithm) error {
	switch {
	case goodSignature(algorithm), SignedWithSHA1(algorithm):
		return nil
	case algorithm == x509.MD5WithRSA || algorithm == x509.MD2WithRSA:
		return invalid("the request is signed with %s, which is not accepted: sign it with SHA-256 "+
			"or better", algorithm)
	default:
		return invalid("the request is signed with an algorithm that is not accepted: " +
			"sign it with SHA-256 or better")
	}
}

// SignedWithSHA1 reports whether a signature algorithm uses SHA-1. A profile must allow such requests.
func SignedWithSHA1(algorithm x509.SignatureAlgorithm) bool {
	return algorithm == x509.SHA1WithRSA || algorithm == x509.ECDSAWithSHA1
}

func goodSignature(algorithm x509.SignatureAlgorithm) bool {
	switch algorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
		return true
	default:
		return false
	}
}

// NewCSR creates a request with the given names and additional extensions, and checks it as [ParseCSR] does. For an
// unacceptable subject the error's field is the attribute's API name, such as "common_name".
func NewCSR(key crypto.Signer, subject pkix.Name, names notary.Names, asked ...pkix.Extension) (*CSR, error) {
	rawSubject, err := asn1.Marshal(subject.ToRDNSequence())
	if err != nil {
		return nil, invalid("the subject cannot be written: %s", Reason(err))
	}
	if _, err := parseSubject(rawSubject); err != nil {
		return nil, err
	}
	ips, uris, err := Addresses(names)
	if err != nil {
		return nil, err
	}
	if len(names.UPN) > 0 {
		san, err := SANExtension(names, false)
		if err != nil {
			return nil, err
		}
		asked = append(slices.Clone(asked), san)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		RawSubject:      rawSubject,
		DNSNames:        names.DNS,
		IPAddresses:     ips,
		EmailAddresses:  names.Email,
		URIs:            uris,
		ExtraExtensions: asked,
	}, key)
	if err != nil {
		return nil, notary.InternalError("create the certificate request", err)
	}
	return parseCSR(string(pem.EncodeToMemory(&pem.Block{Type: labelCSR, Bytes: der})))
}
