package pki

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// CSR is a certificate signing request (PKCS #10, RFC 2986) that passed every check of
// [ParseCSR], now or, as to its signature, when it was submitted. Names and CommonName are
// the checked ones: use them, not those of the embedded request.
//
// The embedded request has the subject as the certificate will have it; Raw and
// RawTBSCertificateRequest are as submitted.
type CSR struct {
	*x509.CertificateRequest
	PEM        string // as submitted, byte for byte
	Names      notary.Names
	CommonName string // "" where the subject has none; of several the last
	Key        string // as [KeyName] writes it
	Identity   KeyIdentity
	Asked      []AskedExtension
	Findings   []notary.Finding // where the request departs from a standard

	asked notary.Names // those of Names that the subject does not imply
}

// ParseCSR reads and checks a request: exactly one PEM block, a key that is worth certifying, the
// request's own signature, a subject and names that can go into a certificate. Departures from
// the standards that devices are known for, and that harm nobody, are findings.
//
// A common name that is a host name or an IP address is among the names, asked for or not
// (RFC 9525 has clients look nowhere else), and so are the subject's e-mail addresses
// (RFC 5280, section 4.1.2.6). Everything else that a request may ask for, such as the rights of
// an authority or key usages, is in Asked: profiles decide on that. They also decide on what
// only some sites want: SHA-1 signatures, underscores, user principal names, many names.
//
// Every refusal is an Invalid error of the field "csr".
func ParseCSR(pemText string) (*CSR, error) {
	csr, err := parseCSR(pemText)
	if err != nil {
		return nil, inField(err, "csr")
	}
	return csr, nil
}

// ParseStoredCSR reads a request that [ParseCSR] accepted before and that the database kept
// since. It checks everything that ParseCSR checks, by the rules of today, except that the
// request's own signature verifies: that was proved when the request came in, the text has
// not left our hands, and it is most of the cost. Never use it for what comes from outside.
//
// Every refusal is an Invalid error of the field "csr".
func ParseStoredCSR(pemText string) (*CSR, error) {
	csr, err := parseUnverified(pemText)
	if err == nil {
		err = checkModulus(csr.PublicKey)
	}
	if err != nil {
		return nil, inField(err, "csr")
	}
	return csr, nil
}

// inField blames the field for an error, whichever part of it is at fault.
func inField(err error, field string) error {
	var e *notary.Error
	if !errors.As(err, &e) {
		return err
	}
	blamed := *e
	blamed.Field = field
	return &blamed
}

// parseCSR checks an RSA modulus only after the signature: it takes a hundred times as long, and for a key
// without its private key anybody could cause that work.
func parseCSR(pemText string) (*CSR, error) {
	csr, err := parseUnverified(pemText)
	if err != nil {
		return nil, err
	}
	if csr.CheckSignature() != nil {
		return nil, invalid("the request's own signature does not verify: " +
			"it was changed after it was made, or the key is not its own")
	}
	if err := checkModulus(csr.PublicKey); err != nil {
		return nil, err
	}
	return csr, nil
}

// parseUnverified makes all checks but that of the signature, which proves that the sender holds the key,
// and the expensive ones of the key.
func parseUnverified(pemText string) (*CSR, error) {
	der, err := DecodeCSR(pemText)
	if err != nil {
		return nil, err
	}
	parts, err := splitCSR(der)
	if err != nil {
		return nil, err
	}
	// The key comes first: with one that we cannot use, a signature tells nothing.
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
			"The CSR is signed with SHA-1: only profiles that allow it (sha1_requests) sign it."))
	}
	return &CSR{CertificateRequest: request, PEM: pemText, Names: names.names, CommonName: subject.commonName,
		Key: KeyName(request.PublicKey), Identity: identity, Asked: names.extensions, asked: names.requested,
		Findings: findings}, nil
}

// csrParts are the parts of a CertificationRequestInfo (RFC 2986, section 4.1), still DER.
type csrParts struct {
	der, info                cryptobyte.String // whole
	subject, key, attributes cryptobyte.String
	rest                     cryptobyte.String // the signature and its algorithm
	version                  int
	noAttributes             bool
}

// maxVersion is the highest version number that is accepted. RFC 2986 defines only 0, but many programs
// write 1 or 2, as in certificates, and openssl ignores it.
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
		return csrParts{}, invalid("the certificate request has the version number %d: it must be 0 (RFC 2986)", parts.version)
	}
	return parts, nil
}

func notACSR() error {
	return invalid("the PEM block does not hold a certificate request (RFC 2986)")
}

// parse has package x509 parse the request with the given subject. If package x509 would not accept the
// request, it parses a copy in standard form; the signed bytes stay the submitted ones.
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

// ReadCSR parses the DER of a request as leniently as [ParseCSR] does, without checking its content. The
// subject keeps its string types.
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

// Content returns the SHA-256, in lower-case hex, of the signed part of the request. It identifies the
// request: the same key can produce other signatures at any time.
func (c *CSR) Content() string { return Fingerprint(c.RawTBSCertificateRequest) }

// CSRContent returns the [CSR.Content] of a stored request, even if it would not be accepted today.
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

// standardForm returns the request in the form of RFC 2986, with the old signature.
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

// askedNames has the names that a request asks for and the other content of its attributes.
type askedNames struct {
	names      notary.Names // with those that the subject implies
	requested  notary.Names // without them
	extensions []AskedExtension
	findings   []notary.Finding
}

// names returns the names that the request asks for, with those that its subject implies.
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
		return a, invalid("the request names nobody: " +
			"give it a common name or subject alternative names")
	}
	return a, checkCount(a.names)
}

// addImplied adds the names that a subject implies: common names that are host names or IP
// addresses, and e-mail addresses.
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

// checkSignatureAlgorithm refuses MD5 and unknown algorithms. SHA-1 is left to profiles: the signature only
// proves possession of the key, and no attacker chose what is signed.
func checkSignatureAlgorithm(algorithm x509.SignatureAlgorithm) error {
	switch {
	case goodSignature(algorithm), SignedWithSHA1(algorithm):
		return nil
	case algorithm == x509.MD5WithRSA || algorithm == x509.MD2WithRSA:
		return invalid("the request is signed with %s, which is not accepted: sign it with SHA-256 or better", algorithm)
	default:
		return invalid("the request is signed with an algorithm that is not accepted: " +
			"sign it with SHA-256 or better")
	}
}

// SignedWithSHA1 reports whether a request's signature uses SHA-1, which a profile must allow.
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

// NewCSR creates a request, in PEM, that [ParseCSR] accepts. It asks for the extensions beside the
// names. A subject that ParseCSR would refuse is an Invalid error of the attribute's field in the
// API, such as "common_name".
func NewCSR(key crypto.Signer, subject pkix.Name, names notary.Names, asked ...pkix.Extension) (pemText string, err error) {
	rawSubject, err := asn1.Marshal(subject.ToRDNSequence())
	if err != nil {
		return "", invalid("the subject cannot be written: %s", Reason(err))
	}
	if _, err := parseSubject(rawSubject); err != nil {
		return "", err
	}
	ips, uris, err := Addresses(names)
	if err != nil {
		return "", err
	}
	if len(names.UPN) > 0 {
		san, err := SANExtension(names, false)
		if err != nil {
			return "", err
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
		return "", notary.InternalError("make the certificate request", err)
	}
	pemText = string(pem.EncodeToMemory(&pem.Block{Type: labelCSR, Bytes: der}))
	if _, err := parseCSR(pemText); err != nil {
		return "", err
	}
	return pemText, nil
}
