package issuance

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"

	"notary"
	"notary/internal/pki"
)

// NewResponder has the authority issue the certificate of its OCSP responder, for a key that the
// program has generated and by the profile for responders (RFC 6960, section 4.2.2.2). Errors are
// those of [Leaf]; a profile that makes no responder is Unprocessable, too.
func NewResponder(issuer Issuer, profile *notary.Profile, key crypto.Signer, terms Terms) (*Issued, error) {
	if profile.CA || !profile.OCSPNoCheck || !slices.Contains(profile.ExtKeyUsages, notary.OCSPSigning) ||
		!slices.Contains(profile.KeyUsages, notary.DigitalSignature) {
		return nil, refused("profile", "the profile %s makes no OCSP responders: they need the key usage digitalSignature, "+
			"the extended key usage OCSPSigning, and no check of their own status", profile.Name)
	}
	csr, err := responderRequest(issuer.Certificate, key)
	if err != nil {
		return nil, err
	}
	issuer.CRLURL, issuer.CertificateURL, issuer.OCSPURL = "", "", "" // nobody asks for the status of such a certificate
	a, err := newAttempt(&issuer, profile, csr, -1, terms)
	if err != nil {
		return nil, err
	}
	a.ownKey = true
	return a.issue()
}

// responderRequest names the responder after its authority, under whose name it stays, or,
// where an attribute of that name, made elsewhere, could not be certified, by what it is.
func responderRequest(authority *x509.Certificate, key crypto.Signer) (*pki.CSR, error) {
	const title = "OCSP responder"
	named := authority.Subject
	text, err := pki.NewCSR(key, pkix.Name{
		Country: named.Country, Organization: named.Organization, OrganizationalUnit: named.OrganizationalUnit,
		Locality: named.Locality, Province: named.Province, CommonName: shortened(named.CommonName) + title,
	}, notary.Names{})
	if err != nil {
		text, err = pki.NewCSR(key, pkix.Name{CommonName: title}, notary.Names{})
	}
	if err != nil {
		return nil, err
	}
	return pki.ParseCSR(text)
}

// shortened is the common name so far that "OCSP responder" fits behind it (RFC 5280,
// appendix A.1, ub-common-name).
func shortened(commonName string) string {
	const room = 64 - len(" OCSP responder")
	if commonName == "" {
		return ""
	}
	runes := []rune(commonName)
	return string(runes[:min(len(runes), room)]) + " "
}
