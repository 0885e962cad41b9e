package publish

import (
	"net"
	"strings"
	"sync/atomic"
)

// Listener takes connections on which a GET of OCSP comes through whose percent-encoding is
// broken. To net/http that is no HTTP (RFC 9112, section 3), and it answers 400 by itself;
// what is wrong with an OCSP request is to be said in an OCSP response.
func Listener(l net.Listener) net.Listener { return ocspListener{l} }

type ocspListener struct{ net.Listener }

func (l ocspListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &ocspConn{Conn: conn}, nil
}

// ocspStart is how the request line begins that may be mended.
const ocspStart = "GET /ocsp/"

// notBase64 stands for the percent sign of a broken encoding: allowed in a path, and in no
// OCSP request.
const notBase64 = '!'

// ocspConn mends request lines. What comes in after something was written is taken for the
// next request. It may be the body that an "Expect: 100-continue" held back, which is only
// changed if it looks like a broken GET of OCSP itself.
type ocspConn struct {
	net.Conn
	answered atomic.Bool // whether something was written since anything came

	at     place
	begun  int    // how many octets of ocspStart have come
	escape []byte // a percent sign and what follows it, until it is known to be whole or broken
	ready  []byte // what was read and not yet asked for
}

// place is where in a request the next octet is.
type place int

const (
	atStart place = iota
	inPath
	behind // the request line of OCSP, or in a request that is none
)

func (c *ocspConn) Write(p []byte) (int, error) {
	c.answered.Store(true)
	return c.Conn.Write(p)
}

// NetConn returns the connection below, by which the server counts it.
func (c *ocspConn) NetConn() net.Conn { return c.Conn }

// CloseWrite lets a client read the answer before the connection is closed.
func (c *ocspConn) CloseWrite() error {
	if below, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return below.CloseWrite()
	}
	return nil
}

func (c *ocspConn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		n, err := c.Conn.Read(p)
		if n > 0 && c.answered.Swap(false) { // net/http reads on while it answers
			c.at, c.begun = atStart, 0
		}
		if c.at == behind {
			return n, err
		}
		for _, b := range p[:n] {
			c.take(b)
		}
		if err != nil && len(c.ready) == 0 {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = append(c.ready[:0], c.ready[n:]...)
	return n, nil
}

// take takes the next octet.
func (c *ocspConn) take(b byte) {
	switch {
	case c.at == behind:
		c.ready = append(c.ready, b)
	case c.at == atStart:
		if b != ocspStart[c.begun] {
			c.at = behind
		} else if c.begun++; c.begun == len(ocspStart) {
			c.at = inPath
		}
		c.ready = append(c.ready, b)
	case len(c.escape) > 0 && isHex(b):
		if c.escape = append(c.escape, b); len(c.escape) == len("%00") {
			c.release()
		}
	case b == '%':
		c.mend()
		c.escape = append(c.escape, b)
	default:
		c.mend()
		if c.ready = append(c.ready, b); b == ' ' || b == '\n' {
			c.at = behind
		}
	}
}

// mend lets a broken escape go on, without its percent sign.
func (c *ocspConn) mend() {
	if len(c.escape) > 0 {
		c.escape[0] = notBase64
		c.release()
	}
}

func (c *ocspConn) release() {
	c.ready = append(c.ready, c.escape...)
	c.escape = c.escape[:0]
}

func isHex(b byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", b) >= 0 }
