package main

import (
	"net/netip"
	"strings"

	"notary/internal/server"
)

// checkProxies parses trusted_proxies, a list or a text with commas.
func checkProxies(s *settings, p *problems) (prefixes []netip.Prefix) {
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

// proxiesText returns networks as trusted_proxies has them.
func proxiesText(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		if texts[i] = prefix.String(); prefix.IsSingleIP() {
			texts[i] = prefix.Addr().String()
		}
	}
	return strings.Join(texts, ", ")
}
