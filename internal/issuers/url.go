package issuers

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"notary"
	"notary/internal/issuance"
)

// urls builds the CRL and AIA URLs of authorities. They are empty without a base URL. Package publish serves them.
type urls struct{ base string }

func (u urls) join(format string, args ...any) string {
	if u.base == "" {
		return ""
	}
	return u.base + fmt.Sprintf(format, args...)
}

// crl returns the URL of the full CRL (shard 0) or of a partitioned one.
func (u urls) crl(authorityID int64, shard int) string {
	if shard == 0 {
		return u.join("/crl/%d.crl", authorityID)
	}
	return u.join("/crl/%d-%d.crl", authorityID, shard)
}

func (u urls) certificate(authorityID int64) string { return u.join("/ca/%d.cer", authorityID) }

func (u urls) ocsp(authorityID int64) string { return u.join("/ocsp/%d", authorityID) }

// setURLs sets the URLs for the authority's certificates, with that of the full CRL until a shard is chosen.
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

// PublishURL returns the base of the URLs in certificates; "" if they contain none.
func (s *Issuers) PublishURL() string { return s.urls.base }

// CRLURL returns the URL of an authority's full CRL (shard 0) or of a partitioned one; "" without a base URL.
func (s *Issuers) CRLURL(authorityID int64, shard int) string { return s.urls.crl(authorityID, shard) }

// For returns an issuer for an authority with the given certificate and key.
func (s *Issuers) For(a *notary.Authority, own *x509.Certificate, key crypto.Signer) *Issuer {
	issuer := &Issuer{Authority: a, Issuer: issuance.Issuer{Certificate: own, Signer: key}}
	s.urls.setURLs(issuer)
	return issuer
}
