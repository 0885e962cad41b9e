//go:build !linux

package app

func preventCoreDumps() error { return nil }
