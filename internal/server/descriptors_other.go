//go:build !unix

package server

// descriptorLimit returns how many connections and files the process may have open. The system
// has no limit of its own that matters.
func descriptorLimit() int { return 1 << 16 }
