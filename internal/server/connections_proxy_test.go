package server

import (
	"testing"
)

// A trusted proxy serves many clients: only the total limit applies.
func TestConnectionsOfATrustedProxy(t *testing.T) {
	t.Parallel()
	table := newTable(ConnectionLimits{Total: 4, Unknown: 1, PerAddress: 1}, "192.0.2.0/30")
	var proxies []*peer
	for _, address := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1"} {
		p, c := table.mustConnect(t, address)
		c.received("", false)
		proxies = append(proxies, p)
	}
	client, _ := table.mustConnect(t, "198.51.100.1:1")
	fourth, _ := table.mustConnect(t, "192.0.2.1:3")
	wantClosed(t, client)
	wantOpen(t, append(proxies, fourth)...)
	if _, c := table.connect("192.0.2.1:4"); c != nil {
		t.Error("there are more connections than the limit")
	}
}

// With the PROXY protocol a connection is counted for its client once known, and closed like any other without a
// session.
func TestConnectionsThroughTheProxyProtocol(t *testing.T) {
	t.Parallel()
	table := newTable(ConnectionLimits{Total: 10, Unknown: 10, PerAddress: 2}, "192.0.2.9/32")
	table.proxyProtocol = true
	var all []*peer
	for i := range 4 {
		p, c := table.mustConnect(t, "192.0.2.9:1")
		if i < 3 {
			c.received("203.0.113.1", false)
		}
		all = append(all, p)
	}
	wantClosed(t, all[0])
	wantOpen(t, all[1:]...)
	if table.sources["203.0.113.1"].open != 2 || table.sources["192.0.2.9"].open != 1 {
		t.Errorf("the client has %d connections, the proxy %d",
			table.sources["203.0.113.1"].open, table.sources["192.0.2.9"].open)
	}
	table.clock = table.clock.Add(2 * unknownWait)
	table.closeIdle()
	wantClosed(t, all...)
}
