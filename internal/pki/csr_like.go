package pki

import (
	"crypto"
	"crypto/x509"

	"notary"
)

// RequestLike is what a request for that key would say that asks for what a certificate has:
// its subject and its names. It was never signed and has no PEM. Authorities need it for
// further certificates, under the very name by which they are known as issuers.
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

// IsSelfSigned reports whether a certificate is signed with the key that it is for. One that is
// only self-issued (RFC 5280, section 3.2) names itself as its issuer, too, but another key of
// the same name has signed it.
func IsSelfSigned(c *x509.Certificate) bool {
	return IsSelfIssued(c) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// KeyAlgorithmOf is the algorithm by which [GenerateKey] makes a key of the same kind; "" where
// it makes none.
func KeyAlgorithmOf(key crypto.PublicKey) notary.KeyAlgorithm {
	return map[string]notary.KeyAlgorithm{
		"ECDSA P-256": notary.ECDSAP256, "ECDSA P-384": notary.ECDSAP384, "ECDSA P-521": notary.ECDSAP521, "Ed25519": notary.Ed25519,
		"RSA 2048": notary.RSA2048, "RSA 3072": notary.RSA3072, "RSA 4096": notary.RSA4096,
	}[KeyName(key)]
}
