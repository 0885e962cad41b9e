package testkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServerIsNotRoot(t *testing.T) {
	c := StartCluster(t, "fsync = off")
	lock, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	Check(t, err)
	pid, _, _ := strings.Cut(string(lock), "\n")
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	Check(t, err)
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "Uid:"); ok {
			for _, id := range strings.Fields(ids) {
				if id == "0" {
					t.Errorf("the server runs as root: %s", line)
				}
			}
			return
		}
	}
	t.Errorf("no user in the status of process %s", pid)
}
