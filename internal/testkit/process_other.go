//go:build !unix

package testkit

import (
	"os/exec"
	"testing"
	"time"
)

// runAs does nothing on this system.
func runAs(*exec.Cmd, uint32, uint32) {}

// CPUTime skips the test, because processor time cannot be measured on this system.
func CPUTime(t testing.TB) time.Duration {
	t.Skip("the processor time of a process is not known here")
	return 0
}
