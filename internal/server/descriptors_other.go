//go:build !unix

package server

// descriptorLimit returns a large number, because this platform has no relevant limit.
func descriptorLimit() int { return 1 << 16 }
