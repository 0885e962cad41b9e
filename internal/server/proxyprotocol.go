package server

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// proxyHeaderTimeout is the time limit for a PROXY header, which has at most 107 octets in version 1 and 4 KiB in
// version 2.
const proxyHeaderTimeout = 5 * time.Second

// proxyProtocol returns a listener for connections that start with a PROXY protocol header, version 1 or 2, before TLS.
// The header is required on connections from a trusted proxy and carries the client's address. From other peers it is
// rejected as malformed HTTP or TLS.
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

// validateProxyHeader accepts TCP over IP, and LOCAL, which proxies send for health checks.
func validateProxyHeader(h *proxyproto.Header) error {
	if _, isTCP := h.SourceAddr.(*net.TCPAddr); !isTCP && !h.Command.IsLocal() {
		return errors.New("the PROXY header does not describe a TCP connection")
	}
	return nil
}
