package issuers

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"notary"
	"notary/internal/issuance"
)

// urls builds the CRL and AIA URLs of authorities, which package publish serves. Without a base, all URLs are "".
type urls struct{ base string }

func (u urls) join(format string, args ...any) string {
	if u.base == "" {
		return ""
	}
	return u.base + fmt.Sprintf(format, args...)
}

// crl returns the URL of the full CRL (shard 0) or of a partitioned CRL.
func (u urls) crl(authorityID int64, shard int) string {
	if shard == 0 {
		return u.join("/crl/%d.crl", authorityID)
	}
	return u.join("/crl/%d-%d.crl", authorityID, shard)
}

func (u urls) certificate(authorityID int64) string { return u.join("/ca/%d.cer", authorityID) }

func (u urls) ocsp(authorityID int64) string { return u.join("/ocsp/%d", authorityID) }

// setURLs sets the URLs to put into the authority's certificates. The CRL URL is initially the URL of the full CRL.
func (u urls) setURLs(a *Issuer) {
	a.CRLURL, a.CertificateURL, a.OCSPURL = u.crl(a.ID, 0), u.certificate(a.ID), u.ocsp(a.ID)
	if a.Publication.NoCRL {
		a.CRLURL = ""
	}
	if a.Publication.NoIssuer {
		a.CertificateURL = ""
	}
	if a.Publication.NoOCSP {
		a.OCSPURL = ""
	}
}

// PublishURL returns the base of the CRL and AIA URLs in certificates, or "" if certificates contain no such URLs.
func (s *Issuers) PublishURL() string { return s.urls.base }

// CRLURL returns the URL of an authority's full CRL (shard 0) or partitioned CRL, or "" if there is no base URL.
func (s *Issuers) CRLURL(authorityID int64, shard int) string { return s.urls.crl(authorityID, shard) }

// For returns an issuer for an authority with the given certificate and key.
func (s *Issuers) For(a *notary.Authority, own *x509.Certificate, key crypto.Signer) *Issuer {
	issuer := &Issuer{Authority: a, Issuer: issuance.Issuer{Certificate: own, Signer: key}}
	s.urls.setURLs(issuer)
	return issuer
}
