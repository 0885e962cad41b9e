//go:build !linux

package app

// preventCoreDumps does nothing where we know of no way.
func preventCoreDumps() error { return nil }
