package server

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops is the maximum number of forwarded addresses that are examined.
const maxHops = 32

// clientAddress returns the IP address of the client that sent r, without a port. If the peer is a trusted proxy,
// clientAddress follows X-Forwarded-For or Forwarded (RFC 7239) from right to left to the first address that is not a
// trusted proxy.
func clientAddress(r *http.Request, proxies *TrustedProxies) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr // not TCP, as in tests
	}
	start := peer.Addr().Unmap()
	if !proxies.Contains(start) {
		return start.String()
	}
	forwardedFor, forwarded := r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded")
	switch {
	case len(forwarded) == 0:
		return proxies.follow(start, forwardedForHops(forwardedFor)).String()
	case len(forwardedFor) == 0:
		return proxies.follow(start, forwardedHops(forwarded)).String()
	}
	// A proxy usually writes one of the headers and passes the other on unchanged, so one of them may come from the
	// client. They must agree.
	client := proxies.follow(start, forwardedForHops(forwardedFor))
	if other := proxies.follow(start, forwardedHops(forwarded)); other != client {
		return start.String()
	}
	return client.String()
}

// follow returns the last address reached through trusted proxies. Hops are ordered from the nearest to the farthest.
// An invalid hop (the zero address) ends the search at the proxy that wrote it, because everything beyond may come from
// the client.
func (p *TrustedProxies) follow(from netip.Addr, hops []netip.Addr) netip.Addr {
	for _, hop := range hops[:min(len(hops), maxHops)] {
		if !hop.IsValid() {
			break
		}
		if from = hop; !p.Contains(hop) {
			break
		}
	}
	return from
}

func forwardedForHops(headers []string) (hops []netip.Addr) {
	rest := strings.Join(headers, ",")
	for more := rest != ""; more && len(hops) < maxHops; {
		var entry string
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, entry = rest[:i], rest[i+1:]
		} else {
			entry, more = rest, false
		}
		hops = append(hops, parseNode(strings.Trim(entry, " \t")))
	}
	return hops
}

// forwardedHops returns the addresses in Forwarded headers in reverse order. A malformed header counts as one invalid
// hop, because a client may use quoting to hide what a proxy appended.
func forwardedHops(headers []string) (hops []netip.Addr) {
	for i := len(headers) - 1; i >= 0 && len(hops) < maxHops; i-- {
		nodes, ok := parseForwarded(headers[i])
		if !ok {
			return append(hops, netip.Addr{})
		}
		for j := len(nodes) - 1; j >= 0; j-- {
			hops = append(hops, parseNode(nodes[j]))
		}
	}
	return hops
}

// parseNode parses an IP address, with or without brackets and a port. It returns the zero address for anything else,
// such as "unknown".
func parseNode(text string) netip.Addr {
	host := text
	if inside, ok := strings.CutPrefix(text, "["); ok {
		address, port, ok := strings.Cut(inside, "]")
		if !ok || !strings.Contains(address, ":") || port != "" && !isPort(port) {
			return netip.Addr{}
		}
		host = address
	} else if address, port, ok := strings.Cut(text, ":"); ok && !strings.Contains(port, ":") {
		if !isPort(":" + port) {
			return netip.Addr{}
		}
		host = address
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}
	}
	return ip.Unmap()
}

// isPort reports whether text is a colon and a port (RFC 7239, section 6): up to five digits, or an obfuscated port,
// which starts with an underscore.
func isPort(text string) bool {
	port, ok := strings.CutPrefix(text, ":")
	if !ok || port == "" {
		return false
	}
	if port[0] == '_' {
		return len(port) > 1 && strings.Trim(port, obfuscated) == ""
	}
	return len(port) <= 5 && strings.Trim(port, "0123456789") == ""
}

// obfuscated contains the characters of an obfuscated identifier (RFC 7239, section 6.3).
const obfuscated = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

type exchangeKey struct{}

type exchange struct{ requestID, client string }

// RequestID returns the random ID of the request that ctx belongs to, as in the log and the X-Request-Id header, or ""
// outside of a request.
func RequestID(ctx context.Context) string {
	e, _ := ctx.Value(exchangeKey{}).(exchange)
	return e.requestID
}

// ClientAddress returns the IP address of the client that sent r, without a port, as reported by a trusted proxy if
// there is one.
func ClientAddress(r *http.Request) string {
	if e, ok := r.Context().Value(exchangeKey{}).(exchange); ok {
		return e.client
	}
	return clientAddress(r, nil)
}
