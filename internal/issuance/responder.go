package issuance

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"

	"notary"
	"notary/internal/pki"
)

// NewResponder issues the certificate of an authority's OCSP responder, for a key that Notary generated (RFC 6960,
// section 4.2.2.2). Errors are as in [Leaf]. A profile that is unsuitable for responders is Unprocessable.
func NewResponder(issuer Issuer, profile *notary.Profile, key crypto.Signer, terms Terms) (*Issued, error) {
	if profile.CA || !profile.OCSPNoCheck || !slices.Contains(profile.ExtKeyUsages, notary.OCSPSigning) ||
		!slices.Contains(profile.KeyUsages, notary.DigitalSignature) {
		return nil, refused("profile", "the profile %s is not for OCSP responders, which need the key usage "+
			"digitalSignature, "+
			"the extended key usage OCSPSigning, and id-pkix-ocsp-nocheck", profile.Name)
	}
	csr, err := responderRequest(issuer.Certificate, key)
	if err != nil {
		return nil, err
	}
	issuer.CRLURL, issuer.CertificateURL, issuer.OCSPURL = "", "", "" // id-pkix-ocsp-nocheck exempts it from status checks
	a, err := newAttempt(&issuer, profile, csr, -1, terms)
	if err != nil {
		return nil, err
	}
	a.ownKey = true
	return a.issue()
}

// responderRequest returns a request whose subject is the authority's name with "OCSP responder" appended to the common
// name. If that cannot be certified, the subject has only the common name "OCSP responder".
func responderRequest(authority *x509.Certificate, key crypto.Signer) (*pki.CSR, error) {
	const title = "OCSP responder"
	named := authority.Subject
	csr, err := pki.NewCSR(key, pkix.Name{
		Country: named.Country, Organization: named.Organization, OrganizationalUnit: named.OrganizationalUnit,
		Locality: named.Locality, Province: named.Province, CommonName: shortened(named.CommonName) + title,
	}, notary.Names{})
	if err != nil {
		return pki.NewCSR(key, pkix.Name{CommonName: title}, notary.Names{})
	}
	return csr, nil
}

// shortened truncates the common name so that "OCSP responder" can be appended (RFC 5280, appendix A.1,
// ub-common-name), and adds a space.
func shortened(commonName string) string {
	const room = 64 - len(" OCSP responder")
	if commonName == "" {
		return ""
	}
	runes := []rune(commonName)
	return string(runes[:min(len(runes), room)]) + " "
}
