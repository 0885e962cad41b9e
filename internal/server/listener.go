package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"notary"
)

// limitedListener accepts connections within the limits of [connections]. It continues after the process runs out of
// file descriptors or memory.
type limitedListener struct {
	net.Listener
	open *connections
	log  *slog.Logger
	wait func(time.Duration) // before retrying; ends early when the listener is closed

	close  sync.Once
	closed chan struct{}
}

func newLimitedListener(l net.Listener, open *connections, log *slog.Logger) *limitedListener {
	limited := &limitedListener{Listener: l, open: open, log: log, closed: make(chan struct{})}
	limited.wait = func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-limited.closed:
		}
	}
	return limited
}

const (
	minAcceptWait = 5 * time.Millisecond
	maxAcceptWait = time.Second
)

func (l *limitedListener) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		accepted, err := l.Listener.Accept()
		switch {
		case err == nil:
			pause = 0
			if c := l.open.admit(accepted); c != nil {
				return c, nil
			}
			_ = accepted.Close() // refused
		case errors.Is(err, syscall.ECONNABORTED): // the client is already gone
		case isExhausted(err):
			if pause == 0 {
				l.log.Warn("cannot accept connections: closing idle ones", "address", l.Addr().String(), "error", err)
			}
			l.open.makeRoom()
			pause = min(max(2*pause, minAcceptWait), maxAcceptWait)
			l.wait(pause)
		default:
			return nil, err
		}
	}
}

func (l *limitedListener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// isExhausted reports whether the process or the system has run out of a resource that may be freed later.
func isExhausted(err error) bool {
	return notary.Exhausted(err) != nil || errors.Is(err, syscall.ENOBUFS)
}

func (t *connections) closeIdleConnections(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.closeIdle()
		case <-ctx.Done():
			return
		}
	}
}

// limitAddress returns the network of a connection's peer and whether the peer is a trusted proxy. Connections from
// trusted proxies are not limited by address.
func (t *connections) limitAddress(c net.Conn) (network string, trusted bool) {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String(), false
	}
	return notary.ClientNetwork(peer.Addr().String()), t.proxies.Contains(peer.Addr())
}

type connKey struct{}

// withConn is the ConnContext of an [http.Server]. It lets requests find their connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	for {
		switch below := c.(type) {
		case *conn:
			return context.WithValue(ctx, connKey{}, below)
		case interface{ NetConn() net.Conn }: // TLS
			c = below.NetConn()
		case interface{ Raw() net.Conn }: // PROXY protocol
			c = below.Raw()
		default:
			return ctx
		}
	}
}

func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}
