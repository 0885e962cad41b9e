package server

import (
	"net"
	"net/url"
)

// IsLoopback reports whether the host of a URL is localhost or a loopback address.
func IsLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
