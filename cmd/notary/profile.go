//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// run is main with a CPU profile in the folder that CPU_PROFILES names, as the benchmark does to measure and to renew
// default.pgo.
func run(main func() int) int {
	path := filepath.Join(os.Getenv("CPU_PROFILES"), fmt.Sprintf("notary-%d.pprof", os.Getpid()))
	file, err := os.Create(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	defer pprof.StopCPUProfile()
	return main()
}
