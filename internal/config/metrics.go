package config

import (
	"cmp"
	"net"
	"strings"
	"unicode"
)

const (
	minMetricsToken    = 16 // characters
	defaultMetricsPort = "2113"
	EnvMetricsToken    = "NOTARY_METRICS_TOKEN"
)

// checkMetrics reads metrics_token and metrics_listen. Errors never contain the token.
func checkMetrics(s *settings, c *Config, p *problems) {
	c.MetricsToken = s.text(KeyMetricsToken, "")
	weak := len(c.MetricsToken) < minMetricsToken || strings.ContainsFunc(c.MetricsToken, notTokenRune)
	if weak && s.given(KeyMetricsToken) {
		p.add(s.where(KeyMetricsToken), "it must have at least %d characters, all of them visible ASCII: "+
			"generate one with openssl rand -hex 24", minMetricsToken)
	}
	text := s.text(KeyMetricsListen, Off)
	if text == Off || text == "false" { // YAML reads off as false
		return
	}
	host, port, ok := splitListen(text)
	if !ok {
		p.add(s.where(KeyMetricsListen), "%q is not an address: write host:port, such as 127.0.0.1:%s, or off",
			text, defaultMetricsPort)
	}
	c.MetricsListen = net.JoinHostPort(host, cmp.Or(port, defaultMetricsPort))
}

func notTokenRune(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }
