package main

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
)

// gate is a proxy for PostgreSQL that can stop forwarding, to simulate a hung server: connections stay open and the
// operating system accepts new ones, but nothing is answered.
type gate struct {
	listener net.Listener
	server   string       // host:port
	flow     sync.RWMutex // locked while frozen
}

func openGate(database string) (*gate, string, error) {
	u, err := url.Parse(database)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || u.Query().Has("host") {
		return nil, "", errors.New("the database URL must have a single host: write it as postgres://user:password@host:port/name")
	}
	g := &gate{server: u.Host}
	if u.Port() == "" {
		g.server = net.JoinHostPort(u.Hostname(), "5432")
	}
	if g.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", err
	}
	u.Host = g.listener.Addr().String()
	go g.serve()
	return g, u.String(), nil
}

func (g *gate) serve() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.connect(client)
	}
}

func (g *gate) connect(client net.Conn) {
	g.pass()
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		client.Close()
		return
	}
	go g.forward(server, client)
	go g.forward(client, server)
}

// forward copies one direction. When it ends, it closes the destination, which also ends the other direction.
func (g *gate) forward(to, from net.Conn) {
	defer to.Close()
	_, _ = io.Copy(gated{to, g}, from)
}

// gated is a connection whose writes wait while the gate is frozen.
type gated struct {
	to   net.Conn
	gate *gate
}

func (w gated) Write(p []byte) (int, error) {
	w.gate.pass()
	return w.to.Write(p)
}

func (g *gate) pass() {
	g.flow.RLock()
	defer g.flow.RUnlock()
}

// freeze stops forwarding until the returned function is called.
func (g *gate) freeze() (thaw func()) {
	g.flow.Lock()
	return sync.OnceFunc(g.flow.Unlock)
}

// close closes the listener. A connection ends when its client closes it.
func (g *gate) close() error { return g.listener.Close() }
