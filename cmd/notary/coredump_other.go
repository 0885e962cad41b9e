//go:build !linux

package main

// preventCoreDumps does nothing where we know of no way.
func preventCoreDumps() error { return nil }
