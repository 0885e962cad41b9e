package ca

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// urls are what certificates name of their authority's publications, below the base that is
// published; all empty without one. Package publish serves them.
type urls struct{ base string }

func (u urls) join(format string, args ...any) string {
	if u.base == "" {
		return ""
	}
	return u.base + fmt.Sprintf(format, args...)
}

// crl is where the authority's list of all is (shard 0), or of a shard.
func (u urls) crl(authorityID int64, shard int) string {
	if shard == 0 {
		return u.join("/crl/%d.crl", authorityID)
	}
	return u.join("/crl/%d-%d.crl", authorityID, shard)
}

func (u urls) certificate(authorityID int64) string { return u.join("/ca/%d.cer", authorityID) }

func (u urls) ocsp(authorityID int64) string { return u.join("/ocsp/%d", authorityID) }

// name puts what the authority's certificates are to name into its issuer: the list of all,
// which is for the certificates of authorities, until another one is chosen.
func (u urls) name(a *openedAuthority) {
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

// PublishWarning returns a warning if certificates would name a loopback URL, which no other machine can
// reach, and "" otherwise. Certificates keep the URL for life.
func (s *Service) PublishWarning() string {
	if !isLoopback(s.urls.base) {
		return ""
	}
	return "Certificates name " + s.urls.base + " as the place of their CRL, OCSP responder and issuing certificate, which other " +
		"machines cannot reach. Set publish_url before issuing certificates for other machines: a certificate keeps the URL for life."
}

// isLoopback reports whether a URL points to the local machine.
func isLoopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
