package pki

import (
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"notary"
)

// OrderChain returns the certificate for key, followed by its issuers. It drops unrelated certificates, which a PKCS
// #12 file may contain. If no certificate matches key, it returns the certificates unchanged.
func OrderChain(certificates []*x509.Certificate, key crypto.PublicKey) []*x509.Certificate {
	first := slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return SameKey(c.PublicKey, key) })
	if first < 0 {
		return certificates
	}
	return chainFrom(certificates[first], certificates)
}

// CheckAuthority returns an error unless key and chain can be imported as an authority. Besides [CheckKey] and
// [CheckChain], it checks that the CRL of the issuer can list a subordinate CA's serial number.
func CheckAuthority(chain []*x509.Certificate, key crypto.PublicKey, now time.Time) error {
	if err := CheckKey(key); err != nil {
		return notary.WithField(err, "private_key")
	}
	if len(chain) > 0 && !SameKey(chain[0].PublicKey, key) && !SameKey(chain[len(chain)-1].PublicKey, key) {
		return notary.FieldErrorf("certificate_chain", "the first certificate of the chain is for another key: "+
			"send the chain of this key, its own certificate first")
	}
	if err := CheckChain(chain, key, true, now); err != nil {
		return notary.WithField(err, "certificate_chain")
	}
	if IsSelfSigned(chain[0]) {
		return nil
	}
	if err := CheckSerial(chain[0]); err != nil {
		return notary.FieldErrorf("certificate_chain", "the CA's certificate could not be revoked: %s", err)
	}
	return nil
}

// IssuedBy reports whether the authority issued the certificate. It accepts expired certificates and SHA-1 signatures.
func IssuedBy(certificate, authority *x509.Certificate) bool {
	return SameName(certificate.RawIssuer, authority.RawSubject) && checkIssuedSignature(certificate, authority) == nil
}

func checkIssuedSignature(certificate, authority *x509.Certificate) error {
	return authority.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature)
}

// CheckIssued returns an error unless an existing certificate can be recorded as issued by the authority and can later
// be revoked. The message is a predicate, such as "was not issued by this CA": the caller puts the certificate before
// it.
func CheckIssued(certificate, authority *x509.Certificate) error {
	err := CheckSerial(certificate)
	switch {
	case err != nil && !IsSelfSigned(certificate): // no CRL lists a root
		return invalid("could not be revoked: %s", err)
	case !SameName(certificate.RawIssuer, authority.RawSubject):
		return invalid("was not issued by this CA: it names another issuer, %.200q", certificate.Issuer)
	}
	var insecure x509.InsecureAlgorithmError
	switch err := checkIssuedSignature(certificate, authority); {
	case errors.As(err, &insecure), errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return invalid("has a signature that cannot be verified (%s), so anyone may have issued it: if it is in use, "+
			"revoke it before the import, so that the imported CRL lists it", Reason(err))
	case err != nil:
		return invalid("was not issued by this CA: it was signed with another key")
	}
	if err := CheckGeneralNames(certificate); err != nil {
		return invalid("cannot be recorded: %s", err)
	}
	return nil
}
