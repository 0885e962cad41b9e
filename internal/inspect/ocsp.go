package inspect

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"notary/internal/pki"
)

// OCSP is the content of an OCSP response (RFC 6960, section 4.2).
type OCSP struct {
	Status             string       `json:"status"` // of the response, such as "successful"
	Responder          string       `json:"responder,omitempty"`
	ProducedAt         *time.Time   `json:"produced_at,omitempty"`
	SignatureAlgorithm string       `json:"signature_algorithm,omitempty"`
	Nonce              string       `json:"nonce,omitempty"`       // hexadecimal
	Certificates       int          `json:"certificates"`          // number of included certificates
	Answers            []OCSPStatus `json:"answers,omitempty"`     // the first 100
	VerifiedBy         string       `json:"verified_by,omitempty"` // subject of the signer's certificate
}

// OCSPStatus is the status of one certificate.
type OCSPStatus struct {
	SerialNumber string     `json:"serial_number"` // hexadecimal
	Status       string     `json:"status"`        // good, revoked or unknown
	RevokedAt    *time.Time `json:"revoked_at,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	ThisUpdate   time.Time  `json:"this_update"`
	NextUpdate   *time.Time `json:"next_update,omitempty"`
}

// The structures of RFC 6960, section 4.2.1.
type (
	ocspOuter struct {
		Status asn1.Enumerated
		Bytes  ocspBytes `asn1:"explicit,tag:0,optional"`
	}
	ocspBytes struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	}
	ocspBasic struct {
		Data         ocspData
		Algorithm    pkix.AlgorithmIdentifier
		Signature    asn1.BitString
		Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	ocspData struct {
		Raw        asn1.RawContent
		Version    int `asn1:"explicit,tag:0,default:0,optional"`
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []ocspSingle
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	ocspSingle struct {
		ID         ocspID
		Good       asn1.Flag        `asn1:"tag:0,optional"`
		Revoked    ocspRevoked      `asn1:"tag:1,optional"`
		Unknown    asn1.Flag        `asn1:"tag:2,optional"`
		ThisUpdate time.Time        `asn1:"generalized"`
		NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	ocspID struct {
		Hash              pkix.AlgorithmIdentifier
		NameHash, KeyHash []byte
		Serial            asn1.RawValue
	}
	ocspRevoked struct {
		At     time.Time       `asn1:"generalized"`
		Reason asn1.Enumerated `asn1:"explicit,tag:0,default:0,optional"`
	}
)

type ocspResponse struct {
	basic        ocspBasic
	algorithm    x509.SignatureAlgorithm
	certificates []*x509.Certificate
}

// ocspStatuses maps codes to the names of RFC 6960, section 4.2.1.
var ocspStatuses = map[asn1.Enumerated]string{0: "successful", 1: "malformedRequest", 2: "internalError",
	3: "tryLater", 5: "sigRequired", 6: "unauthorized"}

const maxOCSP = 1 << 20

var oidBasicResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}

func (r *reader) readOCSP(der []byte) Object {
	o := Object{Kind: KindOCSP}
	if len(der) > maxOCSP {
		o.fail("too_large", "", "it has %d octets, more than the limit of %d KiB", len(der), maxOCSP>>10)
		return o
	}
	var outer ocspOuter
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 {
		o.fail("unreadable", "RFC 6960, section 4.2", "it cannot be parsed")
		return o
	}
	status, known := ocspStatuses[outer.Status]
	if !known {
		status = fmt.Sprintf("status %d", outer.Status)
	}
	o.OCSP = &OCSP{Status: status}
	if outer.Status != 0 {
		o.fail("ocsp_status", "RFC 6960, section 4.2.1", "the responder returned an error: %s", status)
		return o
	}
	response := &ocspResponse{}
	rest, err := asn1.Unmarshal(outer.Bytes.Response, &response.basic)
	if err != nil || len(rest) > 0 || !outer.Bytes.Type.Equal(oidBasicResponse) {
		o.fail("unreadable", "RFC 6960, section 4.2.1", "its content cannot be parsed")
		return o
	}
	o.response = response
	o.readAnswers(r.now)
	o.readResponder()
	return o
}

func (o *Object) readAnswers(now time.Time) {
	data := o.response.basic.Data
	produced := data.ProducedAt.UTC()
	o.OCSP.ProducedAt = &produced
	if len(data.Responses) == 0 {
		o.fail("ocsp_empty", "RFC 6960, section 4.2.1", "it contains no certificate status")
	}
	for i, single := range data.Responses {
		if i == maxList {
			o.note("omitted", "", "%d more statuses are not shown", len(data.Responses)-maxList)
			break
		}
		answer := single.facts()
		o.OCSP.Answers = append(o.OCSP.Answers, answer)
		what := "the status of " + answer.SerialNumber
		o.checkUpdates(what, single.ThisUpdate, single.NextUpdate, now)
		switch answer.Status {
		case "revoked":
			o.fail("revoked", "", "certificate %s was revoked at "+
				"%s (%s)", answer.SerialNumber, day(*answer.RevokedAt), answer.Reason)
		case "unknown":
			o.warn("ocsp_unknown", "RFC 6960, section 2.2", "certificate %s is unknown to the "+
				"responder", answer.SerialNumber)
		}
	}
	for _, extension := range data.Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}) {
			nonce := extension.Value // an OCTET STRING (RFC 9654, section 2.1), but not in all implementations
			asn1.Unmarshal(extension.Value, &nonce)
			o.OCSP.Nonce = hexText(nonce)
		} else if extension.Critical {
			o.fail("unknown_critical_extension", "RFC 6960, section 4.4", "it has an unknown critical "+
				"extension (%s)", oidText(extension.Id))
		}
	}
}

func (s ocspSingle) facts() OCSPStatus {
	answer := OCSPStatus{SerialNumber: s.serial(), Status: "unknown", ThisUpdate: s.ThisUpdate.UTC()}
	if !s.NextUpdate.IsZero() {
		next := s.NextUpdate.UTC()
		answer.NextUpdate = &next
	}
	switch {
	case bool(s.Good):
		answer.Status = "good"
	case !s.Revoked.At.IsZero():
		at := s.Revoked.At.UTC()
		answer.Status, answer.RevokedAt, answer.Reason = "revoked", &at, reasonName(int(s.Revoked.Reason))
	}
	return answer
}

func (s ocspSingle) serial() string {
	octets := bytes.TrimLeft(s.ID.Serial.Bytes, "\x00")
	if len(octets) == 0 {
		return "00"
	}
	return hexText(octets)
}

// readResponder reads the signature algorithm, the certificates and the responder ID of the response.
func (o *Object) readResponder() {
	response := o.response
	response.algorithm = signatureAlgorithm(response.basic.Algorithm)
	o.OCSP.SignatureAlgorithm = response.algorithm.String()
	o.checkSignatureAlgorithm(response.algorithm, false)
	o.OCSP.Certificates = len(response.basic.Certificates)
	for _, raw := range response.basic.Certificates[:min(len(response.basic.Certificates), pki.MaxChain)] {
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			o.warn("responder_certificate", "", "a certificate in it cannot be parsed: %s", reason(err))
			continue
		}
		response.certificates = append(response.certificates, c)
	}
	responder := response.basic.Data.Responder
	switch responder.Tag {
	case 1:
		o.OCSP.Responder = nameText(responder.Bytes)
	case 2:
		var hash []byte
		if _, err := asn1.Unmarshal(responder.Bytes, &hash); err == nil {
			o.OCSP.Responder = "key " + hexText(hash)
		}
	}
	o.Name = o.OCSP.Responder
}

// verify verifies the signature with a certificate. It does not check that the signer is an authorized responder (RFC
// 6960, section 4.2.2.2): see [reader.checkDelegate].
func (p *ocspResponse) verify(signer *x509.Certificate) error {
	return signer.CheckSignature(p.algorithm, p.basic.Data.Raw, p.basic.Signature.RightAlign())
}

// isNamedBy returns a function that reports whether a certificate matches the response's responder ID: a name or
// the SHA-1 hash of a key.
func (r *reader) isNamedBy(response *ocspResponse) func(*x509.Certificate) bool {
	responder := response.basic.Data.Responder
	var hash []byte
	if responder.Tag == 2 {
		asn1.Unmarshal(responder.Bytes, &hash)
	}
	return func(c *x509.Certificate) bool {
		if responder.Tag == 1 {
			return r.nameKey(responder.Bytes) == r.nameKey(c.RawSubject)
		}
		key, err := pki.KeyBits(c.RawSubjectPublicKeyInfo)
		sum := sha1.Sum(key)
		return err == nil && equal(hash, sum[:])
	}
}

func isDelegate(c *x509.Certificate) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning)
}

// signatureAlgorithm returns the signature algorithm of an AlgorithmIdentifier. Package x509 does not export its own
// function.
func signatureAlgorithm(id pkix.AlgorithmIdentifier) x509.SignatureAlgorithm {
	for _, known := range signatureAlgorithms {
		if id.Algorithm.Equal(known.oid) {
			return known.algorithm
		}
	}
	return x509.UnknownSignatureAlgorithm
}

// signatureAlgorithms lists the supported signature algorithms, from RFC 3279, RFC 5758, RFC 8017 and RFC 8410.
var signatureAlgorithms = []struct {
	oid       asn1.ObjectIdentifier
	algorithm x509.SignatureAlgorithm
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, x509.MD5WithRSA},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, x509.SHA1WithRSA},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, x509.SHA256WithRSA},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, x509.SHA384WithRSA},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, x509.SHA512WithRSA},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, x509.ECDSAWithSHA1},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, x509.ECDSAWithSHA256},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, x509.ECDSAWithSHA384},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, x509.ECDSAWithSHA512},
	{asn1.ObjectIdentifier{1, 3, 101, 112}, x509.PureEd25519},
}
