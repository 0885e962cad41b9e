package issuance

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"

	"notary"
	"notary/internal/pki"
)

// NewResponder issues the certificate of an authority's OCSP responder, for a key that the program generated (RFC
// 6960, section 4.2.2.2). Errors are those of [Leaf]; a profile unsuitable for responders is Unprocessable.
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
	issuer.CRLURL, issuer.CertificateURL, issuer.OCSPURL = "", "", "" // nobody checks the status of such a certificate
	a, err := newAttempt(&issuer, profile, csr, -1, terms)
	if err != nil {
		return nil, err
	}
	a.ownKey = true
	return a.issue()
}

// responderRequest returns a request whose subject extends the authority's name, or only names the responder's role
// if the authority's name has an attribute that cannot be certified.
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
// ub-common-name).
func shortened(commonName string) string {
	const room = 64 - len(" OCSP responder")
	if commonName == "" {
		return ""
	}
	runes := []rune(commonName)
	return string(runes[:min(len(runes), room)]) + " "
}
