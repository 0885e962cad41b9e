package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"

	"notary"
)

// Requests that the program makes for keys of authorities, and keeps.

// RequestKey is the key that a stored request is for. Unlike [ParseStoredCSR] it also reads
// the request of an imported authority, whose subject may be one that is no longer certified.
func RequestKey(pemText string) (crypto.PublicKey, error) {
	der, err := DecodeCSR(pemText)
	if err != nil {
		return nil, err
	}
	request, err := ReadCSR(der)
	if err != nil {
		return nil, err
	}
	return request.PublicKey, nil
}

// CSRLike makes a request, in PEM, for another key with the subject and the extensions of one
// that was accepted.
func CSRLike(key crypto.Signer, request *CSR) (pemText string, err error) {
	return likeThat(key, request.RawSubject, request.Extensions)
}

// CSRFor makes the request, in PEM, of an authority that has its certificate already: for the
// same subject, names and name constraints. Whether it would be accepted today does not matter.
func CSRFor(key crypto.Signer, certificate *x509.Certificate) (pemText string, err error) {
	var asked []pkix.Extension
	for _, e := range certificate.Extensions {
		if e.Id.Equal(oidSAN) || e.Id.Equal(oidNameConstraints) {
			asked = append(asked, e)
		}
	}
	return likeThat(key, certificate.RawSubject, asked)
}

func likeThat(key crypto.Signer, subject []byte, asked []pkix.Extension) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: subject, ExtraExtensions: asked}, key)
	if err != nil {
		return "", notary.InternalError("make the certificate request", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: labelCSR, Bytes: der})), nil
}
