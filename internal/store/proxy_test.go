package store_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"

	"notary/internal/testkit"
)

// proxy stands between the store and PostgreSQL, to take the server away at a chosen moment.
type proxy struct {
	url    string // of the database, by way of the proxy
	server string // host:port
	addr   string // of the proxy

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	loss     loss // of the next COMMIT
	silent   bool // whether a new connection is taken and left alone
}

// loss is what becomes of a COMMIT, whose connection then ends.
type loss int

const (
	never        loss = iota
	beforeCommit      // the server never gets it
	afterCommit       // the store never gets the answer
)

// newProxy makes a proxy that listens.
func newProxy(t *testing.T, database string) *proxy {
	t.Helper()
	p := &proxy{addr: "127.0.0.1:0"}
	p.url = otherURL(t, database, func(u *url.URL) { p.server = u.Host })
	p.listen(t)
	p.url = otherURL(t, database, func(u *url.URL) { u.Host = p.addr })
	t.Cleanup(p.cut)
	return p
}

// listen takes connections, from the second time on at the same address.
func (p *proxy) listen(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", p.addr)
	testkit.Check(t, err)
	p.mu.Lock()
	p.listener, p.addr = l, l.Addr().String()
	p.mu.Unlock()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.connect(client)
		}
	}()
}

func (p *proxy) connect(client net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, client)
	if p.silent {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	p.conns = append(p.conns, server)
	lost := make(chan struct{}) // closed when an answer is not to arrive
	go func() {
		pass(client, server, func(sent []byte) bool { return p.lets(sent, lost) })
		server.Close()
	}()
	go func() {
		pass(server, client, func([]byte) bool {
			select {
			case <-lost:
				return false
			default:
				return true
			}
		})
		client.Close()
	}()
}

// lets says whether what the store has sent may go on to the server.
func (p *proxy) lets(sent []byte, lost chan struct{}) bool {
	if !bytes.Contains(sent, []byte("COMMIT\x00")) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	what := p.loss
	p.loss = never
	if what == afterCommit {
		close(lost)
	}
	return what != beforeCommit
}

// pass copies until an end closes or what was read may not pass.
func pass(from, to net.Conn, may func([]byte) bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !may(buffer[:n]) {
			return
		}
		if _, write := to.Write(buffer[:n]); err != nil || write != nil {
			return
		}
	}
}

// lose has the next COMMIT lost.
func (p *proxy) lose(what loss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = what
}

// cut takes the server away: there is no connection any more, and nobody listens.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
	p.disconnect()
}

// silence ends all connections, and answers on no new one until it is taken back.
func (p *proxy) silence(silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = silent
	p.disconnect()
}

func (p *proxy) disconnect() {
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
