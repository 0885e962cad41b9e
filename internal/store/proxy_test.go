package store_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"notary/internal/testkit"
)

// proxy sits between the store and PostgreSQL and simulates failures of the server.
type proxy struct {
	url    string // of the database, through the proxy
	server string // host:port
	addr   string // of the proxy

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	loss     loss   // of the next COMMIT
	silent   bool   // accept connections and ignore them
	last     []byte // freeze before this part of an answer; nil for never
	frozen   bool   // by last

	flow sync.RWMutex // locked while frozen
}

// loss is the fate of a COMMIT, whose connection then ends.
type loss int

const (
	never        loss = iota
	beforeCommit      // the server never receives it
	afterCommit       // the store never receives the answer
)

func newProxy(t *testing.T, database string) *proxy {
	t.Helper()
	p := &proxy{addr: "127.0.0.1:0"}
	p.url = otherURL(t, database, func(u *url.URL) { p.server = u.Host })
	p.listen(t)
	p.url = otherURL(t, database, func(u *url.URL) { u.Host = p.addr })
	t.Cleanup(p.cut)
	return p
}

// listen accepts connections, always at the same address.
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
	var lost atomic.Bool // drop the answer to a COMMIT
	go func() {
		defer server.Close()
		read(client, func(sent []byte) bool {
			p.pass()
			if bytes.Contains(sent, commit) {
				switch p.takeLoss() {
				case beforeCommit:
					return false
				case afterCommit:
					lost.Store(true)
				}
			}
			_, err := server.Write(sent)
			return err == nil
		})
	}()
	go func() {
		defer client.Close()
		read(server, func(answer []byte) bool {
			p.pass()
			if lost.Load() { // wait until it is done: the server aborts work for a closed connection
				return !bytes.Contains(answer, commit)
			}
			before, after := p.split(answer)
			_, err := client.Write(before)
			p.pass()
			if err == nil {
				_, err = client.Write(after)
			}
			return err == nil
		})
	}()
}

var commit = []byte("COMMIT\x00")

// takeLoss returns the fate of a COMMIT. The next one is not lost.
func (p *proxy) takeLoss() (what loss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what, p.loss = p.loss, never
	return what
}

// read passes on what it reads until took returns false or the connection ends.
func read(from net.Conn, took func([]byte) bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil || !took(buffer[:n]) {
			return
		}
	}
}

func (p *proxy) lose(what loss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loss = what
}

// freeze stops forwarding without closing connections until the returned function is called.
func (p *proxy) freeze() (thaw func()) {
	p.flow.Lock()
	return sync.OnceFunc(p.flow.Unlock)
}

// freezeBefore freezes in the middle of an answer, before the text.
func (p *proxy) freezeBefore(text string) (thaw func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = []byte(text)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.frozen {
			p.flow.Unlock()
		}
		p.last, p.frozen = nil, false
	}
}

// split returns the part of an answer before the proxy freezes, and the rest.
func (p *proxy) split(answer []byte) (before, after []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := bytes.Index(answer, p.last)
	if p.last == nil || p.frozen || i < 0 {
		return answer, nil
	}
	p.flow.Lock()
	p.frozen = true
	return answer[:i], answer[i:]
}

// pass blocks while the proxy is frozen.
func (p *proxy) pass() {
	p.flow.RLock()
	defer p.flow.RUnlock()
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
	p.disconnect()
}

// silence closes all connections, and leaves new ones unanswered until it is reset.
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
