package inspect

import (
	"encoding/pem"
	"slices"

	"notary/internal/issuance"
	"notary/internal/pki"
)

// Request is the content of a certificate signing request (RFC 2986, section 4).
type Request struct {
	Subject            string   `json:"subject"`
	Key                string   `json:"key"`
	SignatureAlgorithm string   `json:"signature_algorithm"`
	DNSNames           []string `json:"dns_names,omitempty"`
	IPAddresses        []string `json:"ip_addresses,omitempty"`
	EmailAddresses     []string `json:"email_addresses,omitempty"`
	URIs               []string `json:"uris,omitempty"`
	UPNs               []string `json:"user_principal_names,omitempty"`
	SHA256             string   `json:"sha256"` // of the DER, hexadecimal
}

func (r *reader) readRequest(der []byte) Object {
	o := Object{Kind: KindRequest}
	if !o.fits(der) {
		return o
	}
	request, err := pki.ReadCSR(der)
	if err != nil {
		o.fail("unreadable", "RFC 2986, section 4", "it cannot be parsed: %s", notaryMessage(err))
		return o
	}
	o.public = request.PublicKey
	o.Request = &Request{
		Subject: nameText(request.RawSubject), Key: keyName(request.PublicKey, request.PublicKeyAlgorithm),
		SignatureAlgorithm: request.SignatureAlgorithm.String(),
		DNSNames:           visibleList(request.DNSNames), IPAddresses: visibleList(texts(request.IPAddresses)),
		EmailAddresses: visibleList(request.EmailAddresses), URIs: visibleList(texts(request.URIs)),
		UPNs:   visibleList(pki.UPNs(request.Extensions)),
		SHA256: pki.Fingerprint(der),
	}
	o.Name = shortName(request.Subject, request.RawSubject, slices.Concat(o.Request.DNSNames, o.Request.IPAddresses,
		o.Request.EmailAddresses, o.Request.URIs, o.Request.UPNs))
	r.checkKey(&o, request.PublicKey)
	o.checkKeyEncoding(request.RawSubjectPublicKeyInfo, request.PublicKey)
	if !pki.SignedWithSHA1(request.SignatureAlgorithm) { // SHA-1 is among the findings
		o.checkSignatureAlgorithm(request.SignatureAlgorithm, false)
	}
	if !verifiable(request.PublicKey) {
		o.note("not_verified", "", "its signature was not verified: keys of this type or size are not supported")
		return o
	}
	switch err := r.verify(request.CheckSignature); {
	case err == errNotVerified:
		o.notVerified()
		return o
	case err != nil:
		o.fail("signature", "RFC 2986, section 4.2", "its signature does not verify: it was modified, or it was "+
			"signed with another key")
	}
	if !o.has(notExamined) {
		o.checkSubmittable(der)
	}
	return o
}

// IsRequest reports whether content is the DER of a certificate signing request.
func IsRequest(content []byte) bool {
	_, err := pki.ReadCSR(content)
	return err == nil
}

// Text returns the content of a text file as UTF-8; see [pki.DecodeText].
func Text(content []byte) string { return string(pki.DecodeText(content)) }

// checkSubmittable adds the findings about the request, and warns if Notary would not accept it for a reason not
// reported yet.
func (o *Object) checkSubmittable(der []byte) {
	for _, problem := range o.Problems {
		switch problem.Code {
		case "weak_key", "key_encoding", "signature", "weak_signature":
			return
		}
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	csr, err := pki.ParseStoredCSR(string(text)) // the signature was verified above
	if err != nil {
		o.warn("not_acceptable", "", "Notary would not accept it: %s", notaryMessage(err))
		return
	}
	for _, finding := range append(csr.Findings, issuance.Asked(csr)...) {
		o.add(finding.Level, finding.Lint, finding.Citation, "%s", finding.Description)
	}
}
