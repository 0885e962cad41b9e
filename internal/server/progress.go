package server

import (
	"errors"
	"math"
	"net"
	"os"
	"sync"
	"time"
)

type patientListener struct {
	net.Listener
	timeout time.Duration
}

func (l patientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c, timeout: l.timeout, queued: func() int { return queuedBytes(c) }}, nil
}

// patientConn is a connection whose writes fail only if the peer reads nothing for the timeout, or twice the timeout if
// a write makes no progress from its start. A plain deadline would limit the write as a whole, and TLS cannot continue
// after one has passed.
//
// The kernel wakes a writer only when much of its buffer is free, so Write also checks whether the buffer drains.
type patientConn struct {
	net.Conn
	timeout time.Duration
	queued  func() int // number of bytes in the kernel's send buffer; -1 if unknown

	mu   sync.Mutex
	hard bool // a deadline earlier than the timeout is set, as on close
}

// SetWriteDeadline applies a deadline only if it leaves less than half of the timeout, as in a TLS handshake or on
// close. Otherwise the peer only has to make progress.
func (c *patientConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hard = !t.IsZero() && time.Until(t) < c.timeout/2
	if !c.hard {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline sets the read and write deadlines.
func (c *patientConn) SetDeadline(t time.Time) error {
	return errors.Join(c.Conn.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *patientConn) Write(b []byte) (n int, err error) {
	for before := math.MaxInt; ; { // queried only when a write has to wait, since it costs a system call
		soft, err := c.grantTime()
		if err != nil {
			return n, err
		}
		written, err := c.Conn.Write(b[n:])
		n += written
		if err == nil || !soft || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		after := c.queued()
		if written == 0 && (after < 0 || after >= before) {
			return n, err // the peer read nothing
		}
		before = after
	}
}

func (c *patientConn) grantTime() (soft bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hard {
		return false, nil
	}
	return true, c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
}
