package main

import (
	"os"
	"runtime/debug"
)

const (
	// garbagePercent is how much garbage there may be beside what is in use. The server holds
	// little and makes much: with Go's 100 it would collect hundreds of times a second.
	garbagePercent = 200
	// softLimit is from how many bytes on it collects more often than that.
	softLimit = 512 << 20
)

// tuneMemory trades some memory for less collecting. GOGC and GOMEMLIMIT, where they are set,
// stay in force.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
}
