package server

import (
	"net"

	"golang.org/x/sys/unix"
)

// queuedBytes returns the number of written bytes that the peer has not acknowledged, or -1 if unknown.
func queuedBytes(c net.Conn) int {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return -1
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1
	}
	queued := -1
	_ = raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			queued = n
		}
	})
	return queued
}
