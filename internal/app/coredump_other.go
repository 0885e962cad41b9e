//go:build !linux

package app

// preventCoreDumps does nothing on other systems.
func preventCoreDumps() error { return nil }
