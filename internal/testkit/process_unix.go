//go:build unix

package testkit

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// CPUTime returns the processor time that this process has used.
func CPUTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	Check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// runAs configures cmd to run in its own process group and, if this process runs as root, as the given user.
func runAs(cmd *exec.Cmd, uid, gid uint32) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
}
