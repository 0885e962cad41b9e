package config

import (
	"net/netip"
	"strings"

	"notary/internal/server"
)

func checkProxies(s *settings, c *Config, p *problems) {
	c.TrustedProxies = checkTrustedProxies(s, p)
	checkProxyProtocol(s, c, p)
}

func checkTrustedProxies(s *settings, p *problems) (prefixes []netip.Prefix) {
	if !s.given(KeyTrustedProxies) {
		return nil
	}
	for entry := range strings.SplitSeq(s.text(KeyTrustedProxies, ""), ",") {
		prefix, err := server.ParseTrustedProxy(strings.TrimSpace(entry))
		if err != nil {
			p.add(s.where(KeyTrustedProxies), "%v", err)
			continue
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

// checkProxyProtocol parses proxy_protocol: a boolean for both listeners, or the key of a single listener.
func checkProxyProtocol(s *settings, c *Config, p *problems) {
	switch text := strings.ToLower(s.text(KeyProxyProtocol, "false")); text {
	case "true", "on", "yes":
		c.ProxyProtocol, c.PublishProxyProtocol = true, true
	case KeyListen:
		c.ProxyProtocol = true
	case KeyPublishListen:
		c.PublishProxyProtocol = true
	case "false", "off", "no":
		return
	default:
		p.add(s.where(KeyProxyProtocol), "%q is not valid: use true, false, or %s or %s for a single listener",
			text, KeyListen, KeyPublishListen)
		return
	}
	if !s.given(KeyTrustedProxies) {
		p.add(s.where(KeyProxyProtocol), "%s is missing: list the proxies that send the PROXY "+
			"protocol", KeyTrustedProxies)
	}
}

func proxiesText(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		if texts[i] = prefix.String(); prefix.IsSingleIP() {
			texts[i] = prefix.Addr().String()
		}
	}
	return strings.Join(texts, ", ")
}

func proxyProtocolText(c *Config) string {
	switch {
	case c.ProxyProtocol && c.PublishProxyProtocol:
		return "true"
	case c.ProxyProtocol:
		return KeyListen
	case c.PublishProxyProtocol:
		return KeyPublishListen
	default:
		return "false"
	}
}
