//go:build !linux

package server

import "net"

// queuedBytes returns -1: it is not known on this system.
func queuedBytes(net.Conn) int { return -1 }
