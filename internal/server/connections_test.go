package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

type peer struct {
	net.Conn
	address string
	closed  bool
}

func (p *peer) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(p.address))
}

func (p *peer) Close() error { p.closed = true; return nil }

type table struct {
	*connections
	clock time.Time
	pause time.Duration // before each new connection
}

func newTable(limits ConnectionLimits, proxies ...string) *table {
	t := &table{pause: time.Second, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	log := &logBuffer{}
	var prefixes []netip.Prefix
	for _, proxy := range proxies {
		prefixes = append(prefixes, netip.MustParsePrefix(proxy))
	}
	t.connections = newConnections(Config{Connections: limits, Metrics: NewMetrics("", noSummary, log.logger()),
		Proxies: NewTrustedProxies(prefixes)})
	t.now = func() time.Time { return t.clock }
	return t
}

func (t *table) scrape() string {
	w := httptest.NewRecorder()
	t.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// connect admits a connection after the pause; c is nil if refused.
func (t *table) connect(address string) (*peer, *conn) {
	t.clock = t.clock.Add(t.pause)
	p := &peer{address: address}
	return p, t.admit(p)
}

func (t *table) mustConnect(test *testing.T, address string) (*peer, *conn) {
	test.Helper()
	p, c := t.connect(address)
	if c == nil {
		test.Fatalf("a connection of %s is refused", address)
	}
	return p, c
}

func wantClosed(t *testing.T, peers ...*peer) {
	t.Helper()
	for i, p := range peers {
		if !p.closed {
			t.Errorf("connection %d, of %s, is open", i, p.address)
		}
	}
}

func wantOpen(t *testing.T, peers ...*peer) {
	t.Helper()
	for i, p := range peers {
		if p.closed {
			t.Errorf("connection %d, of %s, is closed", i, p.address)
		}
	}
}

var wide = ConnectionLimits{Total: 100, Unknown: 100, PerAddress: 100}

// An address at its limit loses its own oldest idle connection. IPv6 addresses count by their /64.
func TestConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ first, second, third, other string }{
		"IPv4":        {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "192.0.2.2:1"},
		"loopback":    {"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.2:1"},
		"IPv6":        {"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:0:f::]:1", "[2001:db8:0:1::1]:1"},
		"IPv4 mapped": {"192.0.2.1:1", "[::ffff:192.0.2.1]:1", "192.0.2.1:3", "[::ffff:192.0.2.2]:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := wide
			limits.PerAddress = 2
			table := newTable(limits)
			other, _ := table.mustConnect(t, tt.other)
			first, _ := table.mustConnect(t, tt.first)
			second, _ := table.mustConnect(t, tt.second)
			third, _ := table.mustConnect(t, tt.third)
			wantClosed(t, first)
			wantOpen(t, other, second, third)
		})
	}
}

// A busy connection is not closed for a new one. One with a session is closed only after those without.
func TestBusyConnectionsAreKept(t *testing.T) {
	t.Parallel()
	limits := wide
	limits.PerAddress = 3
	table := newTable(limits)
	busy, c := table.mustConnect(t, "192.0.2.1:1")
	c.begin()
	known, session := table.mustConnect(t, "192.0.2.1:2")
	session.received("", true)
	idle, _ := table.mustConnect(t, "192.0.2.1:3")
	next, c := table.mustConnect(t, "192.0.2.1:4")
	wantClosed(t, idle)
	c.begin()
	wantOpen(t, busy, known, next)
	last, c := table.mustConnect(t, "192.0.2.1:5")
	wantClosed(t, known)
	c.begin()
	if _, c := table.connect("192.0.2.1:6"); c != nil {
		t.Error("a connection is admitted though all of its address are busy")
	}
	c.end()
	if _, c := table.connect("192.0.2.1:6"); c == nil {
		t.Error("a connection is refused though there is one to close")
	}
	wantClosed(t, last)
	wantOpen(t, busy, next)
}

// If the total limit is reached and all connections are new, the address with the most loses one, not the oldest.
func TestBusiestAddressMakesRoom(t *testing.T) {
	t.Parallel()
	limits := wide
	limits.Unknown = 6
	table := newTable(limits)
	table.pause = time.Millisecond
	single, _ := table.mustConnect(t, "192.0.2.1:1")
	_, session := table.mustConnect(t, "192.0.2.2:1")
	session.received("", true)
	var flood []*peer
	for _, address := range []string{"192.0.2.3:1", "192.0.2.3:2", "192.0.2.3:3", "192.0.2.4:1", "192.0.2.4:2"} {
		p, _ := table.mustConnect(t, address)
		flood = append(flood, p)
	}
	next, _ := table.mustConnect(t, "192.0.2.5:1")
	wantClosed(t, flood[0])
	wantOpen(t, append(flood[1:], single, next)...)
	wantIn(t, table.scrape(), `notary_http_connections_closed_total{reason="limit"} 1`, "notary_http_connections 7")
}

// Otherwise the oldest connection is closed.
func TestOldestConnectionMakesRoom(t *testing.T) {
	t.Parallel()
	limits := wide
	limits.Unknown = 6
	table := newTable(limits)
	var idle, fresh []*peer
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"} {
		p, _ := table.mustConnect(t, address)
		idle = append(idle, p)
	}
	table.clock, table.pause = table.clock.Add(newFor), time.Millisecond
	for range 6 {
		p, _ := table.mustConnect(t, "192.0.2.5:1")
		fresh = append(fresh, p)
	}
	wantClosed(t, idle...)
	wantOpen(t, fresh...)
}

// During a flood from elsewhere, a network that had a session can open many connections.
func TestFamiliarNetworksAreClosedLast(t *testing.T) {
	t.Parallel()
	table := newTable(ConnectionLimits{PerAddress: 100, Unknown: 100, Total: 200})
	table.pause = time.Millisecond // all connections are new
	_, c := table.mustConnect(t, "192.0.2.1:1")
	c.received("192.0.2.1", true)
	_ = c.Close()
	flood := func() {
		for i := range 50 {
			table.mustConnect(t, fmt.Sprintf("198.51.100.%d:1", i))
		}
	}
	flood()
	flood()
	var own []*peer
	for range 30 {
		p, _ := table.mustConnect(t, "192.0.2.1:1")
		own = append(own, p)
	}
	flood()
	wantOpen(t, own...)

	table.clock = table.clock.Add(familiarFor)
	table.closeIdle()
	if table.source("192.0.2.1").familiar {
		t.Error("the network is familiar for ever")
	}
}

// Clients with a session may use the capacity left by the limit for unknown clients, and finally displace them.
func TestConnectionsInTotal(t *testing.T) {
	t.Parallel()
	table := newTable(ConnectionLimits{Total: 3, Unknown: 2, PerAddress: 3})
	var sessions []*peer
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:1"} {
		p, c := table.mustConnect(t, address)
		c.received("", true)
		sessions = append(sessions, p)
	}
	unknown, _ := table.mustConnect(t, "192.0.2.3:1")
	third, c := table.mustConnect(t, "192.0.2.4:1")
	wantClosed(t, unknown)
	c.received("", true)
	wantOpen(t, append(sessions, third)...)
	_, c = table.mustConnect(t, "192.0.2.5:1")
	wantClosed(t, sessions[0])
	c.received("", true)
	c.received("", false) // its session ended
	_, c = table.mustConnect(t, "192.0.2.6:1")
	wantOpen(t, sessions[1], third)
	for c := range table.open {
		c.begin()
	}
	if _, refused := table.connect("192.0.2.7:1"); refused != nil {
		t.Error("there are more connections than the limit")
	}
	wantIn(t, table.scrape(), `notary_http_connections_closed_total{reason="refused"} 1`)
	c.Close()
	table.mustConnect(t, "192.0.2.7:1")
}

// Connections of clients without a session are closed when they wait too long for any reason; others stay.
func TestIdleConnectionsWithoutSessionAreClosed(t *testing.T) {
	t.Parallel()
	table := newTable(wide, "192.0.2.9/32")
	never, _ := table.mustConnect(t, "192.0.2.1:1")
	before, c := table.mustConnect(t, "192.0.2.1:2")
	c.received("", false)
	c.begin()
	c.end()
	busy, c := table.mustConnect(t, "192.0.2.1:3")
	c.begin()
	known, c := table.mustConnect(t, "192.0.2.1:4")
	c.received("", true)
	proxy, _ := table.mustConnect(t, "192.0.2.9:1")
	table.clock = table.clock.Add(unknownWait)
	fresh, c := table.mustConnect(t, "192.0.2.1:5")
	c.received("", false)
	table.closeIdle()
	wantClosed(t, never, before)
	wantOpen(t, busy, known, proxy, fresh)
}

// Closed connections leave no state, whichever side closed them and however often.
func TestClosedConnectionsAreForgotten(t *testing.T) {
	t.Parallel()
	table := newTable(wide)
	var all []*conn
	for i := range 10 {
		_, c := table.mustConnect(t, "192.0.2.1:1")
		c.received("", i%2 == 0)
		c.begin()
		all = append(all, c)
	}
	for i, c := range all {
		if i < 5 {
			c.Close()
		}
		c.end()
		c.received("", i%3 == 0) // like a second HTTP/2 stream
		c.Close()
		c.Close()
	}
	if len(table.open)+len(table.sources)+len(table.waiting)+table.unknown != 0 {
		t.Errorf("there are left %d connections, %d sources, %d in the heap, %d unknown",
			len(table.open), len(table.sources), len(table.waiting), table.unknown)
	}
	wantIn(t, table.scrape(), "notary_http_connections 0")
}

// Idle connections beyond the limit displace no client with a session. Bare connections and incomplete headers are
// treated alike.
func TestIdleConnectionsLockOutNobody(t *testing.T) {
	t.Parallel()
	for name, tls := range map[string]bool{"TLS": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int64
			r := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }), func(c *Config) {
				c.Connections = ConnectionLimits{Total: 8, Unknown: 6, PerAddress: 4}
				c.Clients.Known = func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
				if !tls {
					c.Certificate = nil
				}
			})
			if r.url = "http://" + r.addr; tls {
				r.url = "https://" + r.addr
			}
			client := r.client(t, false)
			get := func() {
				t.Helper()
				request, _ := http.NewRequestWithContext(t.Context(), "GET", r.url, nil)
				request.Header.Set("Authorization", "Bearer token")
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			get()
			for i := range 40 {
				idle, err := net.Dial("tcp", r.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer idle.Close()
				if i%2 == 0 {
					io.WriteString(idle, "GET / HTTP/1.1\r\nHost: a\r\nX-")
				}
				get()
			}
			if served.Load() != 41 {
				t.Errorf("%d requests were served", served.Load())
			}
		})
	}
}

// HTTP/2 has its own limits: streams, and buffers for frames and bodies.
func TestHTTP2Limits(t *testing.T) {
	t.Parallel()
	r := start(t, http.NotFoundHandler(), nil)
	conn, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: r.roots, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, bufio.NewReader(conn))
	framer.WriteSettings()
	frame, err := framer.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok {
		t.Fatalf("the first frame is %v", frame)
	}
	for id, want := range map[http2.SettingID]uint32{http2.SettingMaxConcurrentStreams: maxStreams,
		http2.SettingInitialWindowSize: maxStreamBuffer, http2.SettingMaxFrameSize: 16 << 10} {
		if got, _ := settings.Value(id); got != want {
			t.Errorf("%v is %d, want %d", id, got, want)
		}
	}
}
