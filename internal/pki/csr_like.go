package pki

import (
	"crypto"
	"crypto/x509"

	"notary"
)

// RequestLike returns an unsigned request for key with the certificate's subject and names, and an empty PEM. It is
// used for additional certificates of authorities, which must keep their exact name.
func RequestLike(key crypto.PublicKey, certificate *x509.Certificate) (*CSR, error) {
	info, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, notary.InternalError("write a public key", err)
	}
	identity, err := IdentifyKey(key)
	if err != nil {
		return nil, err
	}
	return &CSR{
		CertificateRequest: &x509.CertificateRequest{
			RawSubject: certificate.RawSubject, Subject: certificate.Subject,
			RawSubjectPublicKeyInfo: info, PublicKey: key, PublicKeyAlgorithm: certificate.PublicKeyAlgorithm,
		},
		Names: CertificateNames(certificate), CommonName: certificate.Subject.CommonName, Key: KeyName(key),
		Identity: identity,
	}, nil
}

// IsSelfSigned reports whether a certificate is signed with its own key. A self-issued certificate (RFC 5280, section
// 3.2) may be signed with another key of the same authority.
func IsSelfSigned(c *x509.Certificate) bool {
	return IsSelfIssued(c) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// KeyAlgorithmOf returns the algorithm with which [GenerateKey] creates keys of the same type and size, or "" if there
// is none.
func KeyAlgorithmOf(key crypto.PublicKey) notary.KeyAlgorithm {
	return map[string]notary.KeyAlgorithm{
		"ECDSA P-256": notary.ECDSAP256, "ECDSA P-384": notary.ECDSAP384, "ECDSA P-521": notary.ECDSAP521,
		"Ed25519":  notary.Ed25519,
		"RSA 2048": notary.RSA2048, "RSA 3072": notary.RSA3072, "RSA 4096": notary.RSA4096,
	}[KeyName(key)]
}
