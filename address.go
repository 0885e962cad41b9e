package notary

import "net/netip"

// ClientNetwork returns the network that identifies a client for rate limits: its IPv4 address, or the /64 of its
// IPv6 address, which usually belongs to one host. Text that is not an IP address is returned unchanged.
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
