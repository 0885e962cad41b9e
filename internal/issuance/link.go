package issuance

import (
	"bytes"
	"crypto/x509"
	"time"

	"notary"
	"notary/internal/pki"
)

// Link issues a self-issued certificate in which one root certifies another root of the same name (RFC 4210, section
// 4.4: OldWithNew and NewWithOld). It has the other root's path length and name constraints, and expires when the
// first of the two does. Being self-issued, it does not count towards path lengths (RFC 5280, section 4.2.1.9).
//
// Errors are as in [Intermediate]. Two roots with different names are Unprocessable.
func Link(issuer Issuer, other *x509.Certificate, terms Terms) (*Issued, error) {
	if !bytes.Equal(issuer.Certificate.RawSubject, other.RawSubject) {
		return nil, notary.Errorf(notary.Unprocessable, "only CAs with the same subject can be linked")
	}
	for _, authority := range []*x509.Certificate{issuer.Certificate, other} {
		if err := checkAuthority(authority, terms.Now); err != nil {
			return nil, err
		}
	}
	request, err := pki.RequestLike(other.PublicKey, other)
	if err != nil {
		return nil, err
	}
	if terms.Constraints, err = pki.CertificateConstraints(other); err != nil {
		return nil, err
	}
	terms.Like, terms.NotAfter = other, time.Time{}
	template, err := newTemplate(request, terms)
	if err != nil {
		return nil, err
	}
	if err := makeAuthority(template, pathLen(other), terms.Constraints); err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	both := []*x509.Certificate{issuer.Certificate, other}
	if err := setValidity(template, both, terms, other.NotAfter.Add(time.Second)); err != nil {
		return nil, err
	}
	return issuer.issueRoot(template, request)
}
