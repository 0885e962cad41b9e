package main

import (
	"net/netip"
	"strings"

	"notary/internal/server"
)

func checkProxies(s *settings, c *config, p *problems) {
	c.trustedProxies = checkTrustedProxies(s, p)
	checkProxyProtocol(s, c, p)
}

// checkTrustedProxies parses trusted_proxies, a list or a comma-separated string.
func checkTrustedProxies(s *settings, p *problems) (prefixes []netip.Prefix) {
	if !s.given(keyTrustedProxies) {
		return nil
	}
	for entry := range strings.SplitSeq(s.text(keyTrustedProxies, ""), ",") {
		prefix, err := server.ParseTrustedProxy(strings.TrimSpace(entry))
		if err != nil {
			p.add(s.where(keyTrustedProxies), "%v", err)
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

// checkProxyProtocol parses proxy_protocol: true, false, or the key of one listener.
func checkProxyProtocol(s *settings, c *config, p *problems) {
	switch text := strings.ToLower(s.text(keyProxyProtocol, "false")); text {
	case "true", "on", "yes":
		c.proxyProtocol, c.publishProxyProtocol = true, true
	case keyListen:
		c.proxyProtocol = true
	case keyPublishListen:
		c.publishProxyProtocol = true
	case "false", "off", "no":
		return
	default:
		p.add(s.where(keyProxyProtocol), "%q is neither true nor false: for one listener alone, write %s or %s",
			text, keyListen, keyPublishListen)
		return
	}
	if !s.given(keyTrustedProxies) {
		p.add(s.where(keyProxyProtocol), "%s is missing: list the proxies that send the PROXY protocol", keyTrustedProxies)
	}
}

// proxiesText formats networks in the syntax of trusted_proxies.
func proxiesText(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		if texts[i] = prefix.String(); prefix.IsSingleIP() {
			texts[i] = prefix.Addr().String()
		}
	}
	return strings.Join(texts, ", ")
}

func proxyProtocolText(c *config) string {
	switch {
	case c.proxyProtocol && c.publishProxyProtocol:
		return "true"
	case c.proxyProtocol:
		return keyListen
	case c.publishProxyProtocol:
		return keyPublishListen
	default:
		return "false"
	}
}
