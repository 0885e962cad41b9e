package server

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// proxyHeaderTimeout bounds the reading of a PROXY header. Its size is limited as well: a line of
// 107 octets in version 1, 4 KiB in version 2.
const proxyHeaderTimeout = 5 * time.Second

// proxyProtocol returns a listener for connections that begin with a header of the PROXY
// protocol, version 1 or 2, before anything else, TLS included. Every connection from a trusted
// proxy must have one, and comes from the address that it names. From any other peer the header
// is not read, so that it is refused as malformed HTTP or TLS.
func proxyProtocol(l net.Listener, proxies *TrustedProxies) net.Listener {
	return &proxyproto.Listener{
		Listener:          l,
		ReadHeaderTimeout: proxyHeaderTimeout,
		ValidateHeader:    validateProxyHeader,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			peer, err := netip.ParseAddrPort(o.Upstream.String())
			if err != nil || !proxies.Contains(peer.Addr()) {
				return proxyproto.SKIP, nil
			}
			return proxyproto.REQUIRE, nil
		},
	}
}

// validateProxyHeader accepts TCP over IP, and LOCAL, with which a proxy speaks for itself, as in
// health checks.
func validateProxyHeader(h *proxyproto.Header) error {
	if _, isTCP := h.SourceAddr.(*net.TCPAddr); !isTCP && !h.Command.IsLocal() {
		return errors.New("the PROXY header names no TCP connection")
	}
	return nil
}
