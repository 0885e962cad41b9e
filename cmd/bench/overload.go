package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
)

// The load of clients without a session, which competes with a logged-in load.
const (
	idleConnections = 10_000
	idleAddresses   = 1_000
	stalledPosts    = 1_024
	largeForms      = 256
	formSize        = 2 << 20
	openersAtOnce   = 64
)

// overload is a group of clients without a session. open opens the i-th connection to a node and sends its data.
type overload struct {
	name  string
	count int
	open  func(ctx context.Context, n *node, i int) (net.Conn, error)
}

func overloads() []overload {
	stalled := []byte("POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
		"1000\r\n\r\n{")
	form := fmt.Appendf(nil, "POST /requests/new HTTP/1.1\r\nHost: a\r\nContent-Type: "+
		"application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\n\r\ncsr=", formSize+len("csr="))
	form = append(form, bytes.Repeat([]byte("a"), formSize)...)
	return []overload{
		{"10,000 idle connections", idleConnections, func(ctx context.Context, n *node, i int) (net.Conn, error) {
			if i%2 == 0 {
				return dialFrom(ctx, n.address, i)
			}
			return dialTLSFrom(ctx, n, i)
		}},
		{"10,000 idle connections to the publishing port", idleConnections,
			func(ctx context.Context, n *node, i int) (net.Conn, error) { return dialFrom(ctx, n.published, i) }},
		{"1,024 stalled POSTs", stalledPosts, sending(stalled)},
		{"256 forms of 2 MiB", largeForms, sending(form)},
	}
}

func sending(request []byte) func(context.Context, *node, int) (net.Conn, error) {
	return func(ctx context.Context, n *node, i int) (net.Conn, error) {
		conn, err := dialTLSFrom(ctx, n, i)
		if err == nil {
			_, _ = conn.Write(request) // the server may close the connection first
		}
		return conn, err
	}
}

// dialFrom connects from one of a thousand loopback addresses.
func dialFrom(ctx context.Context, address string, i int) (net.Conn, error) {
	i %= idleAddresses
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(i/250), byte(1+i%250))}
	return (&net.Dialer{Timeout: dialLimit, LocalAddr: from}).DialContext(ctx, "tcp", address)
}

func dialTLSFrom(ctx context.Context, n *node, i int) (net.Conn, error) {
	below, err := dialFrom(ctx, n.address, i)
	if err != nil {
		return nil, err
	}
	config := n.tls.Clone()
	config.ServerName, _, _ = net.SplitHostPort(n.address)
	conn := tls.Client(below, config)
	limited, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	_ = conn.HandshakeContext(limited) // the server may have closed the connection to make room
	return conn, nil
}

// measureOverload measures a logged-in load that competes with each of the overloads, and the server's memory.
func (b *bench) measureOverload(ctx context.Context) error {
	for _, o := range overloads() {
		name := "get one beside " + o.name
		if !b.wanted(name) {
			continue
		}
		if err := b.site.restart(ctx); err != nil {
			return err
		}
		alone, err := b.drive(ctx, b.site, getOne(b.site))
		if err != nil {
			return err
		}
		b.say("opening %s", o.name)
		closeAll := b.openAll(ctx, o)
		f, err := b.drive(ctx, b.site, getOne(b.site))
		closeAll()
		if err != nil {
			return err
		}
		b.report.add(name, b.site.rows, f, []comparison{rateOf(alone, "without them", budgetOverload)})
		if _, peak, ok := b.site.nodes[0].memory(); ok {
			b.report.addValue("memory, "+o.name, mebibytes(peak), budgetOverloadMemory)
		}
	}
	return nil
}

// openAll opens all connections and returns a function that closes them. It skips connections that are refused.
func (b *bench) openAll(ctx context.Context, o overload) (closeAll func()) {
	var mu sync.Mutex
	var open []net.Conn
	var running sync.WaitGroup
	for first := range openersAtOnce {
		running.Go(func() {
			for i := first; i < o.count && ctx.Err() == nil; i += openersAtOnce {
				conn, err := o.open(ctx, b.site.nodes[0], i)
				if err != nil {
					continue
				}
				mu.Lock()
				open = append(open, conn)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	b.say("%d of %d connections were opened", len(open), o.count)
	return func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}
}
