package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// CSR is a certificate signing request (PKCS #10, RFC 2986) that passed every check of
// [ParseCSR], now or, as to its signature, when it was submitted. Names and CommonName are
// the checked ones: use them, not those of the embedded request.
type CSR struct {
	*x509.CertificateRequest
	PEM        string // as submitted, byte for byte
	Names      notary.Names
	CommonName string // "" where the subject has none
	Key        string // as [KeyName] writes it
	Identity   KeyIdentity
}

// ParseCSR reads and checks a request: exactly one PEM block with nothing around it, a key
// that is worth certifying, the request's own signature, a subject and names that can go
// into a certificate as they are.
//
// A common name that is a host name or an IP address is among the names, asked for or not
// (RFC 9525 has clients look nowhere else), and so are the subject's e-mail addresses
// (RFC 5280, section 4.1.2.6). Everything else that a request may ask for — the rights of an
// authority, key usages, validity — is ignored: profiles decide on that.
//
// Every refusal is an Invalid error of the field "csr".
func ParseCSR(pemText string) (*CSR, error) {
	csr, err := parseCSR(pemText)
	if err != nil {
		return nil, ofCSR(err)
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
	if err != nil {
		return nil, ofCSR(err)
	}
	return csr, nil
}

// ofCSR puts the blame on the request as a whole, whichever part of it is at fault.
func ofCSR(err error) error {
	var e *notary.Error
	if !errors.As(err, &e) {
		return err
	}
	blamed := *e
	blamed.Field = "csr"
	return &blamed
}

func parseCSR(pemText string) (*CSR, error) {
	csr, err := parseUnverified(pemText)
	if err != nil {
		return nil, err
	}
	if csr.CheckSignature() != nil {
		return nil, invalid("the request's own signature does not verify: " +
			"it was changed after it was made, or the key is not its own")
	}
	return csr, nil
}

// parseUnverified makes all the checks but that of the signature, which proves that who made
// the request holds its key.
func parseUnverified(pemText string) (*CSR, error) {
	der, err := readCSR(pemText)
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
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, invalid("the certificate request cannot be parsed: %s", reason(err))
	}
	if err := checkSignatureAlgorithm(request.SignatureAlgorithm); err != nil {
		return nil, err
	}
	identity, err := identify(request.PublicKey, parts.key)
	if err != nil {
		return nil, err
	}
	return &CSR{CertificateRequest: request, PEM: pemText, Names: names,
		CommonName: subject.commonName, Key: KeyName(request.PublicKey), Identity: identity}, nil
}

// readCSR takes the one request out of its PEM. Text around it is refused: the request is
// kept and served again byte for byte.
func readCSR(pemText string) ([]byte, error) {
	doc, err := readPEM(pemText, MaxCSRSize)
	switch {
	case err != nil:
		return nil, err
	case len(doc.blocks) == 0:
		return nil, invalid("this is not a certificate request in PEM: " +
			"it must start with -----BEGIN CERTIFICATE REQUEST-----")
	case len(doc.blocks) > 1:
		return nil, invalid("there are %d PEM blocks: send exactly one certificate request",
			len(doc.blocks))
	case doc.blocks[0].label != labelCSR && doc.blocks[0].label != labelNewCSR:
		return nil, invalid("the PEM block is of type %.40q instead of CERTIFICATE REQUEST",
			doc.blocks[0].label)
	case doc.prose:
		return nil, invalid("there is text around the PEM block: send only the certificate request")
	}
	return doc.blocks[0].der, nil
}

// csrParts are the parts of a CertificationRequestInfo (RFC 2986, section 4.1), still DER.
type csrParts struct {
	subject, key, attributes cryptobyte.String
}

func splitCSR(der []byte) (csrParts, error) {
	var parts csrParts
	var request, info, algorithm cryptobyte.String
	var signature asn1.BitString
	var version int
	in := cryptobyte.String(der)
	if !in.ReadASN1(&request, casn1.SEQUENCE) ||
		!request.ReadASN1(&info, casn1.SEQUENCE) ||
		!info.ReadASN1Integer(&version) ||
		!info.ReadASN1Element(&parts.subject, casn1.SEQUENCE) ||
		!info.ReadASN1Element(&parts.key, casn1.SEQUENCE) ||
		!info.ReadOptionalASN1(&parts.attributes, nil, casn1.Tag(0).ContextSpecific().Constructed()) ||
		!info.Empty() ||
		!request.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!request.ReadASN1BitString(&signature) || !request.Empty() {
		return csrParts{}, invalid("the PEM block does not hold a certificate request (RFC 2986)")
	}
	if !in.Empty() {
		return csrParts{}, invalid("there are %d octets after the end of the certificate request", len(in))
	}
	if version != 0 {
		return csrParts{}, invalid("the certificate request is not of version 1 (RFC 2986)")
	}
	return parts, nil
}

func (p csrParts) checkKey() error {
	key, err := ParsePublicKey(p.key)
	if err != nil {
		return err
	}
	return CheckKey(key)
}

// names are the names that the request asks for, with those that its subject implies.
func (p csrParts) names(subject subject) (notary.Names, error) {
	var names notary.Names
	san, err := requestedSAN(p.attributes)
	if err != nil {
		return names, err
	}
	if san != nil {
		if names, err = parseSAN(san); err != nil {
			return names, err
		}
	}
	if dns, ip, ok := asHost(subject.commonName); ok && ip != "" {
		err = addIP(&names, ip)
	} else if ok {
		err = addDNS(&names, dns)
	} else if strings.Contains(subject.commonName, "*") {
		_, err = checkDNS(subject.commonName)
	}
	if err != nil {
		return names, err
	}
	for _, email := range subject.emails {
		if err := addEmail(&names, email); err != nil {
			return names, err
		}
	}
	if subject.commonName == "" && names.Len() == 0 {
		return names, invalid("the request names nobody: " +
			"give it a common name or subject alternative names")
	}
	return names, checkCount(names)
}

// checkSignatureAlgorithm refuses SHA-1 and MD5, which prove nothing any more.
func checkSignatureAlgorithm(algorithm x509.SignatureAlgorithm) error {
	if goodSignature(algorithm) {
		return nil
	}
	return invalid("the request is signed with an algorithm that is not accepted: " +
		"sign it with SHA-256 or better")
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

// NewCSR makes a request, in PEM, that [ParseCSR] accepts. It asks for the extensions beside
// the names; we ourselves heed none in the requests of others. A subject that ParseCSR would
// refuse is an Invalid error of the attribute's field in the API, such as "common_name".
func NewCSR(key crypto.Signer, subject pkix.Name, names notary.Names, asked ...pkix.Extension) (pemText string, err error) {
	rawSubject, err := asn1.Marshal(subject.ToRDNSequence())
	if err != nil {
		return "", invalid("the subject cannot be written: %s", reason(err))
	}
	if _, err := parseSubject(rawSubject); err != nil {
		return "", err
	}
	ips, uris, err := Addresses(names)
	if err != nil {
		return "", err
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
