//go:build !unix

package server

// descriptorLimit returns the maximum number of open connections and files. This system has no relevant limit.
func descriptorLimit() int { return 1 << 16 }
