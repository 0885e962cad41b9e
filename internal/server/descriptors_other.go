//go:build !unix

package server

// descriptorLimit returns a large number: this system has no relevant limit.
func descriptorLimit() int { return 1 << 16 }
