package inspect

import (
	"crypto/x509"
	"encoding/pem"
	"slices"

	"notary/internal/pki"
)

// Request is what a certificate signing request says (RFC 2986, section 4).
type Request struct {
	Subject            string   `json:"subject"`
	Key                string   `json:"key"`
	SignatureAlgorithm string   `json:"signature_algorithm"`
	DNSNames           []string `json:"dns_names,omitempty"`
	IPAddresses        []string `json:"ip_addresses,omitempty"`
	EmailAddresses     []string `json:"email_addresses,omitempty"`
	URIs               []string `json:"uris,omitempty"`
	SHA256             string   `json:"sha256"` // of the DER, hexadecimal
}

func (r *reader) readRequest(der []byte) Object {
	o := Object{Kind: KindRequest}
	if !o.fits(der) {
		return o
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		o.fail("unreadable", "RFC 2986, section 4", "it cannot be parsed: %s", reason(err))
		return o
	}
	o.public = request.PublicKey
	o.Request = &Request{
		Subject: nameText(request.RawSubject), Key: keyName(request.PublicKey, request.PublicKeyAlgorithm),
		SignatureAlgorithm: request.SignatureAlgorithm.String(),
		DNSNames:           visibleList(request.DNSNames), IPAddresses: visibleList(texts(request.IPAddresses)),
		EmailAddresses: visibleList(request.EmailAddresses), URIs: visibleList(texts(request.URIs)),
		SHA256: pki.Fingerprint(der),
	}
	o.Name = shortName(request.Subject, request.RawSubject, slices.Concat(o.Request.DNSNames, o.Request.IPAddresses,
		o.Request.EmailAddresses, o.Request.URIs))
	r.checkKey(&o, request.PublicKey)
	o.checkKeyEncoding(request.RawSubjectPublicKeyInfo, request.PublicKey)
	o.checkSignatureAlgorithm(request.SignatureAlgorithm, false)
	if !verifiable(request.PublicKey) {
		o.note("not_verified", "", "its signature is not checked: keys of this kind or size are not")
		return o
	}
	switch err := r.verify(request.CheckSignature); {
	case err == errNotVerified:
		o.notVerified()
		return o
	case err != nil:
		o.fail("signature", "RFC 2986, section 4.2", "its own signature does not verify: it was changed after it was made, or the key is not its own")
	}
	if !o.has(notExamined) {
		o.checkSubmittable(der)
	}
	return o
}

// checkSubmittable says whether the service here would take the request, unless the reason
// why not has been told.
func (o *Object) checkSubmittable(der []byte) {
	for _, problem := range o.Problems {
		switch problem.Code {
		case "weak_key", "key_encoding", "signature", "weak_signature":
			return
		}
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	if _, err := pki.ParseStoredCSR(string(text)); err != nil { // the signature has been verified
		o.warn("not_acceptable", "", "Notary would not take it: %s", notaryMessage(err))
	}
}
