package app

import (
	"os"
	"runtime/debug"
)

// tuneCollector lets the heap grow to three times what is in use before it is collected, and by less
// beyond 128 MiB: most of what a signature allocates is garbage at once. GOGC and GOMEMLIMIT take
// precedence (package runtime, environment variables).
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(128 << 20)
	}
}
