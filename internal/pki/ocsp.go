package pki

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for CertIDs, which do not need collision resistance
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

const (
	MaxOCSPSize  = 64 << 10 // octets of DER
	MaxOCSPCerts = 100      // certificates in one request
	MaxOCSPNonce = 128      // octets (RFC 9654, section 2.1)
)

// OCSPRequest is a request for the status of certificates (RFC 6960, section 4.1).
type OCSPRequest struct {
	Certs []OCSPCertID // at least one
	Nonce []byte       // to be echoed (RFC 9654); nil if absent
}

// OCSPCertID identifies a certificate by its issuer and serial number (RFC 6960, section 4.1.1).
type OCSPCertID struct {
	Hash     crypto.Hash // of NameHash and KeyHash: SHA-1, SHA-256, SHA-384 or SHA-512; 0 if unsupported
	NameHash []byte      // hash of the issuer's name in DER
	KeyHash  []byte      // hash of the issuer's public key, without the algorithm
	Serial   string      // as returned by [SerialString]
	Raw      []byte      // the CertID in DER, to be echoed
}

var (
	oidOCSPNonce     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidOCSPResponses = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 4}
)

var ocspHashes = map[string]crypto.Hash{
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// ParseOCSPRequest parses a DER OCSP request. It refuses unknown critical extensions (RFC 6960, section 4.4). It
// ignores the requestor's name and signature, because anyone may query.
//
// All errors are Invalid and correspond to the response status malformedRequest.
func ParseOCSPRequest(der []byte) (*OCSPRequest, error) {
	if len(der) > MaxOCSPSize {
		return nil, invalid("the OCSP request is larger than %d octets", MaxOCSPSize)
	}
	var request, tbs, list, extensions cryptobyte.String
	var signed, extended bool
	in := cryptobyte.String(der)
	if !in.ReadASN1(&request, casn1.SEQUENCE) || !in.Empty() ||
		!request.ReadASN1(&tbs, casn1.SEQUENCE) ||
		!readSignature(&request, &signed) || !request.Empty() ||
		!readOCSPVersion(&tbs) ||
		!tbs.SkipOptionalASN1(explicit(1)) || // the requestor's name
		!tbs.ReadASN1(&list, casn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1(&extensions, &extended, explicit(2)) || !tbs.Empty() {
		return nil, invalid("this is not an OCSP request (RFC 6960, section 4.1.1)")
	}
	parsed := &OCSPRequest{}
	if extended {
		nonce, err := parseOCSPExtensions(extensions)
		if err != nil {
			return nil, err
		}
		parsed.Nonce = nonce
	}
	for !list.Empty() {
		if len(parsed.Certs) == MaxOCSPCerts {
			return nil, invalid("the OCSP request asks for more than %d certificates", MaxOCSPCerts)
		}
		id, err := parseOCSPSingle(&list)
		if err != nil {
			return nil, err
		}
		parsed.Certs = append(parsed.Certs, id)
	}
	if len(parsed.Certs) == 0 {
		return nil, invalid("the OCSP request asks for no certificate")
	}
	return parsed, nil
}

func explicit(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }

// readOCSPVersion reports whether the request has version 1, explicitly or by default.
func readOCSPVersion(tbs *cryptobyte.String) bool {
	var field cryptobyte.String
	var present bool
	var version int
	if !tbs.ReadOptionalASN1(&field, &present, explicit(0)) {
		return false
	}
	return !present || field.ReadASN1Integer(&version) && field.Empty() && version == 0
}

func readSignature(request *cryptobyte.String, present *bool) bool {
	var field cryptobyte.String
	if !request.ReadOptionalASN1(&field, present, explicit(0)) {
		return false
	}
	return !*present || field.SkipASN1(casn1.SEQUENCE) && field.Empty()
}

func parseOCSPSingle(list *cryptobyte.String) (OCSPCertID, error) {
	var single, raw, extensions cryptobyte.String
	var extended bool
	if !list.ReadASN1(&single, casn1.SEQUENCE) ||
		!single.ReadASN1Element(&raw, casn1.SEQUENCE) ||
		!single.ReadOptionalASN1(&extensions, &extended, explicit(0)) || !single.Empty() {
		return OCSPCertID{}, invalid("the OCSP request has a malformed CertID (RFC 6960, section 4.1.1)")
	}
	if extended {
		if _, err := parseOCSPExtensions(extensions); err != nil {
			return OCSPCertID{}, err
		}
	}
	return parseOCSPCertID(raw)
}

func parseOCSPCertID(raw cryptobyte.String) (OCSPCertID, error) {
	id := OCSPCertID{Raw: raw}
	var fields, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	serial := new(big.Int)
	if !raw.ReadASN1(&fields, casn1.SEQUENCE) ||
		!fields.ReadASN1(&algorithm, casn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) ||
		!fields.ReadASN1Bytes(&id.NameHash, casn1.OCTET_STRING) ||
		!fields.ReadASN1Bytes(&id.KeyHash, casn1.OCTET_STRING) ||
		!fields.ReadASN1Integer(serial) || !fields.Empty() {
		return OCSPCertID{}, invalid("the OCSP request has a malformed CertID (RFC 6960, section 4.1.1)")
	}
	id.Serial = SerialString(serial)
	if id.Hash = ocspHashes[oid.String()]; id.Hash == 0 {
		return id, nil // parameters of an unsupported algorithm do not matter
	}
	if !algorithm.Empty() { // absent or NULL: both are common (RFC 5754, section 2)
		var null cryptobyte.String
		if !algorithm.ReadASN1(&null, casn1.NULL) || !null.Empty() || !algorithm.Empty() {
			return OCSPCertID{}, invalid("the hash algorithm of the OCSP request has parameters")
		}
	}
	if len(id.NameHash) != id.Hash.Size() || len(id.KeyHash) != id.Hash.Size() {
		return OCSPCertID{}, invalid("a hash in the OCSP request has the wrong length for its algorithm")
	}
	return id, nil
}

func parseOCSPExtensions(in cryptobyte.String) (nonce []byte, err error) {
	var list cryptobyte.String
	if !in.ReadASN1(&list, casn1.SEQUENCE) || !in.Empty() || list.Empty() {
		return nil, malformedExtensions()
	}
	seen := map[string]bool{}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !list.ReadASN1(&extension, casn1.SEQUENCE) ||
			!extension.ReadASN1ObjectIdentifier(&oid) ||
			!readCritical(&extension, &critical) ||
			!extension.ReadASN1(&value, casn1.OCTET_STRING) || !extension.Empty() || seen[oid.String()] {
			return nil, malformedExtensions()
		}
		seen[oid.String()] = true
		switch {
		case oid.Equal(oidOCSPNonce):
			if !value.ReadASN1Bytes(&nonce, casn1.OCTET_STRING) || !value.Empty() ||
				len(nonce) == 0 || len(nonce) > MaxOCSPNonce {
				return nil, invalid("the nonce of the OCSP request must have 1 to %d octets (RFC 9654, "+
					"section 2.1)", MaxOCSPNonce)
			}
		case oid.Equal(oidOCSPResponses): // we return basic responses, which all clients must accept
		case critical:
			return nil, invalid("the OCSP request has a critical extension that is not supported (%s)", oid)
		}
	}
	return nonce, nil
}

func readCritical(extension *cryptobyte.String, critical *bool) bool {
	return !extension.PeekASN1Tag(casn1.BOOLEAN) || extension.ReadASN1Boolean(critical)
}

func malformedExtensions() *notary.Error {
	return invalid("the extensions of the OCSP request are malformed (RFC 5280, section 4.1)")
}

// IssuedBy reports whether the identifier matches the issuer's name and key.
func (id OCSPCertID) IssuedBy(issuer *x509.Certificate) bool {
	if id.Hash == 0 {
		return false
	}
	key, err := KeyBits(issuer.RawSubjectPublicKeyInfo)
	return err == nil && bytes.Equal(digest(id.Hash, issuer.RawSubject), id.NameHash) &&
		bytes.Equal(digest(id.Hash, key), id.KeyHash)
}

func digest(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// KeyBits returns the public key in a SubjectPublicKeyInfo, without the algorithm. Key identifiers are hashes of these
// bits.
func KeyBits(publicKeyInfo []byte) ([]byte, error) {
	var info cryptobyte.String
	var key asn1.BitString
	in := cryptobyte.String(publicKeyInfo)
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !info.SkipASN1(casn1.SEQUENCE) || !info.ReadASN1BitString(&key) {
		return nil, notary.Errorf(notary.Internal, "the public key is not well-formed")
	}
	return key.RightAlign(), nil
}
