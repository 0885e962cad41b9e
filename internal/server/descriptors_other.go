//go:build !unix

package server

// descriptorLimit: this system has no relevant limit.
func descriptorLimit() int { return 1 << 16 }
