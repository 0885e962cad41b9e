//go:build !linux

package server

import "net"

// queuedBytes returns -1: unknown on this system.
func queuedBytes(net.Conn) int { return -1 }
