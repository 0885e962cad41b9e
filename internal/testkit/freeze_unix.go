//go:build unix

package testkit

import (
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Freeze suspends the server and its children: connections stay open and the system accepts new ones, but nothing
// responds. The returned function resumes the server, as does the end of the test.
func (c *Cluster) Freeze(t testing.TB) (thaw func()) {
	t.Helper()
	server := c.server.Process.Pid
	Check(t, syscall.Kill(server, syscall.SIGSTOP)) // first, so that it starts no more children
	pids := append(children(t, server), server)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
	}
	thaw = sync.OnceFunc(func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
	t.Cleanup(thaw)
	return thaw
}

func children(t testing.TB, parent int) (pids []int) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	Check(t, err)
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(fields[0])
			Check(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}
