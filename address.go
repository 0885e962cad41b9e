package notary

import "net/netip"

// ClientNetwork returns the network of a client for rate limits: its IPv4 address, or its IPv6 /64, which usually
// belongs to one host. Other text is returned unchanged.
func ClientNetwork(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
