package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"

	"notary"
)

// RequestKey returns the public key of a stored request, even if [ParseCSR] would reject its subject today.
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

// CSRLike creates a PEM request for another key with the subject and extensions of an accepted request.
func CSRLike(key crypto.Signer, request *CSR) (pemText string, err error) {
	return encodeCSR(key, request.RawSubject, request.Extensions)
}

// CSRFor creates a PEM request for the authority of a certificate, with the certificate's subject, names and name
// constraints. It does not check them.
func CSRFor(key crypto.Signer, certificate *x509.Certificate) (pemText string, err error) {
	var asked []pkix.Extension
	for _, e := range certificate.Extensions {
		if e.Id.Equal(oidSAN) || e.Id.Equal(oidNameConstraints) {
			asked = append(asked, e)
		}
	}
	return encodeCSR(key, certificate.RawSubject, asked)
}

func encodeCSR(key crypto.Signer, subject []byte, asked []pkix.Extension) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: subject,
		ExtraExtensions: asked}, key)
	if err != nil {
		return "", notary.InternalError("create the certificate request", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: labelCSR, Bytes: der})), nil
}
