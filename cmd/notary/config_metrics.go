package main

import (
	"cmp"
	"net"
	"strings"
	"unicode"
)

const (
	minMetricsToken    = 16 // characters
	defaultMetricsPort = "2113"
	envMetricsToken    = "NOTARY_METRICS_TOKEN"
)

// checkMetrics reads who may see the metrics. No problem repeats the token.
func checkMetrics(s *settings, c *config, p *problems) {
	c.metricsToken = s.text(keyMetricsToken, "")
	if s.given(keyMetricsToken) && (len(c.metricsToken) < minMetricsToken || strings.ContainsFunc(c.metricsToken, notTokenRune)) {
		p.add(s.where(keyMetricsToken), "it must have at least %d characters, all of them visible ASCII: "+
			"make one with openssl rand -hex 24", minMetricsToken)
	}
	text := s.text(keyMetricsListen, noPublishing)
	if text == noPublishing || text == "false" { // which is what YAML makes of off
		return
	}
	host, port, ok := splitListen(text)
	if !ok {
		p.add(s.where(keyMetricsListen), "%q is not an address: write host:port, such as 127.0.0.1:%s, or off", text, defaultMetricsPort)
	}
	c.metricsListen = net.JoinHostPort(host, cmp.Or(port, defaultMetricsPort))
}

// notTokenRune reports whether r cannot be in the header of a request.
func notTokenRune(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }
