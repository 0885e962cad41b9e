package ca

import (
	"net"
	"net/url"
	"strings"
)

// PublishWarning returns a warning if new certificates would permanently contain URLs with a loopback or unspecified
// address. Otherwise it returns "".
func (s *Service) PublishWarning() string {
	base := s.issuers.PublishURL()
	if !isLoopback(base) {
		return ""
	}
	return "The CRL, OCSP and CA Issuers URLs in certificates begin with " + base + ", which other " +
		"machines cannot reach. Set publish_url before issuing certificates for other machines: issued certificates " +
		"keep their URLs."
}

func isLoopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil &&
		(ip.IsLoopback() || ip.IsUnspecified())
}
