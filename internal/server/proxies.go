package server

import (
	"net/netip"
	"strings"
	"sync/atomic"

	"notary"
)

// TrustedProxies is the set of reverse proxies and load balancers trusted to report client addresses. It is safe for
// concurrent use.
type TrustedProxies struct {
	prefixes atomic.Pointer[[]netip.Prefix]
}

// NewTrustedProxies returns a set of the given networks.
func NewTrustedProxies(prefixes []netip.Prefix) *TrustedProxies {
	p := &TrustedProxies{}
	p.Set(prefixes)
	return p
}

// Set replaces the networks. Requests in flight keep their client address.
func (p *TrustedProxies) Set(prefixes []netip.Prefix) { p.prefixes.Store(&prefixes) }

// Contains reports whether ip is a trusted proxy.
func (p *TrustedProxies) Contains(ip netip.Addr) bool {
	if p == nil {
		return false
	}
	prefixes := p.prefixes.Load()
	if prefixes == nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	for _, prefix := range *prefixes {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// ParseTrustedProxy parses an IP address or a network in CIDR notation. Networks that contain every address are
// refused: any client could claim any address.
func ParseTrustedProxy(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return netip.Prefix{}, notary.Errorf(notary.Invalid,
				"%q is not an IP address or network: write 192.0.2.10 or 10.0.0.0/8, not a host name", text)
		}
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return netip.Prefix{}, notary.Errorf(notary.Invalid,
			"%q is not a network: write it as 10.0.0.0/8 or 2001:db8::/32", text)
	case prefix.Bits() == 0:
		return netip.Prefix{}, notary.Errorf(notary.Invalid,
			"%s contains every address, so any client could claim any address: list the networks of the proxies", text)
	case prefix != prefix.Masked():
		return netip.Prefix{}, notary.Errorf(notary.Invalid, "%s has bits beyond its prefix: "+
			"write %s", text, prefix.Masked())
	}
	return prefix, nil
}
