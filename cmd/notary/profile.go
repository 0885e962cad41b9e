//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// run calls main and writes a CPU profile to the folder in the environment variable CPU_PROFILES. The benchmark uses it
// to measure the program and to regenerate default.pgo.
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
