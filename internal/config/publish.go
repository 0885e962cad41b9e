package config

import (
	"cmp"
	"net"
	"net/url"
	"strings"
	"time"

	"notary/internal/server"
)

// The default and bounds of crl_delay.
const (
	defaultCRLDelay = 10 * time.Second
	minCRLDelay     = time.Second
	maxCRLDelay     = 10 * time.Minute
)

func checkPublishing(s *settings, c *Config, p *problems) {
	c.PublishListen = checkPublishListen(s, c.Listen, p)
	c.PublishURL = checkPublishURL(s, p)
	c.CRLDelay = defaultCRLDelay
	if s.given(KeyCRLDelay) {
		delay, err := time.ParseDuration(s.text(KeyCRLDelay, ""))
		if err != nil || delay < minCRLDelay || delay > maxCRLDelay {
			p.add(s.where(KeyCRLDelay), "%q is not a delay: use a duration from 1s to 10m, such as 30s",
				s.text(KeyCRLDelay, ""))
		}
		c.CRLDelay = delay
	}
}

func checkPublishListen(s *settings, listen string, p *problems) string {
	text := s.text(KeyPublishListen, net.JoinHostPort(DefaultHost, DefaultPublishPort))
	if text == Off || text == "false" { // YAML reads off as false
		return ""
	}
	host, port, ok := splitListen(text)
	if !ok {
		p.add(s.where(KeyPublishListen), "%q is not an address: write host:port, such as 127.0.0.1:2112, "+
			"0.0.0.0:2112 for all interfaces, or off", text)
	}
	port = cmp.Or(port, DefaultPublishPort)
	mainHost, mainPort, _ := net.SplitHostPort(listen)
	if ok && port == mainPort && port != "0" && (host == mainHost || anyInterface(host) || anyInterface(mainHost)) {
		where := s.where(KeyPublishListen)
		if !s.given(KeyPublishListen) {
			where = s.where(KeyListen)
		}
		p.add(where, "%s and %s both use port %s: publishing needs a separate one",
			KeyListen, KeyPublishListen, port)
	}
	return net.JoinHostPort(host, port)
}

func anyInterface(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// checkPublishURL returns publish_url without trailing slashes. It rejects HTTPS, because fetching a CRL over TLS would
// require checking the server's certificate first (RFC 5280, section 8).
func checkPublishURL(s *settings, p *problems) string {
	if !s.given(KeyPublishURL) {
		return ""
	}
	text := s.text(KeyPublishURL, "")
	u, err := url.Parse(text)
	bad := func(what string) string {
		p.add(s.where(KeyPublishURL), "%q %s: set the URL to put into certificates, such as http://pki.example.com",
			text, what)
		return ""
	}
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return bad("is not a URL")
	case u.Scheme != "http":
		return bad("does not start with http:// (with https, " +
			"clients would have to check another certificate first)")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#"):
		return bad("has a user, query or fragment")
	case net.ParseIP(u.Hostname()) == nil && !server.ValidHostname(u.Hostname()):
		return bad("has no host name or IP address")
	case u.Port() == "" && strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()):
		return bad("has an invalid port")
	case len(text) > maxPublishURL || !plainPath(u.EscapedPath()):
		return bad("has a path that programs interpret differently")
	}
	return "http://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
}

// maxPublishURL is the maximum length of publish_url, which is part of the URLs in certificates.
const maxPublishURL = 200

// plainPath reports whether a path consists of unreserved characters (RFC 3986) and slashes, without empty or dot
// segments. It ignores slashes at both ends.
func plainPath(path string) bool {
	for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
		if path != "" && path != "/" && (part == "" || part == "." || part == "..") {
			return false
		}
		for _, c := range part {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", c) {
				return false
			}
		}
	}
	return true
}

// PublishedURL returns the base of the URLs in certificates: publish_url or, by default, the external host name with
// the port of addr, the publishing listener's address. It returns "" if neither is set.
func (c *Config) PublishedURL(addr string) string {
	if c.PublishURL != "" || addr == "" {
		return c.PublishURL // without a listener here, another node or a mirror may serve it
	}
	_, port, _ := net.SplitHostPort(addr)
	return "http://" + net.JoinHostPort(c.ExternalHostname, port)
}

// URL returns the URL of the server that listens on addr. The external host name replaces an unspecified address, such
// as 0.0.0.0.
func (c *Config) URL(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "https://" + net.JoinHostPort(c.ExternalHostname, port)
	}
	return "https://" + addr
}
