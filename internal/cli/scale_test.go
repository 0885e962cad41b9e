//go:build !race

// make test runs this file without the race detector, which would take minutes and find nothing.

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"notary/internal/testkit"
)

// The whole list of 100,000 requests is streamed within the budget of memory for any list, 128 MiB. It takes 93 to 105,
// depending on how far the garbage collector falls behind.
func TestListOfAHundredThousandIsStreamed(t *testing.T) {
	const rows, limit = 100_000, 128 << 20
	binary := buildProgram(t)
	data := filepath.Join(t.TempDir(), "notary-data")
	server := startProcess(t, binary, "start", "--data", data, "--listen", "127.0.0.1:0", "--publish-listen",
		"127.0.0.1:0")
	l := prepare(t, connect(t, server.url))
	sample := l.sample(t)
	server.kill()
	fill(t, filepath.Join(data, "notary.db"), sample, rows-1)

	server = startProcess(t, binary, "start", "--data", data, "--listen", "127.0.0.1:0", "--publish-listen",
		"127.0.0.1:0")
	l.client = connect(t, server.url).WithToken(l.client.Token())
	idle := server.memory(t)
	n := 0
	for req, err := range l.client.CertificateRequests(t.Context()) {
		testkit.Check(t, err)
		if req.CertificateChain == "" {
			t.Fatalf("request %d came without its chain", req.ID)
		}
		n++
	}
	if n != rows {
		t.Errorf("%d requests were listed, want %d", n, rows)
	}
	peak := server.memory(t)
	t.Logf("most memory at once: %d MiB at the start, %d MiB after the list", idle>>20, peak>>20)
	if peak > limit {
		t.Errorf("the server took %d bytes at its peak, the limit is %d", peak, limit)
	}
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func (p *process) memory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	testkit.Check(t, err)
	found := peakMemory.FindSubmatch(status)
	if found == nil {
		t.Fatalf("no peak in %s", status)
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	testkit.Check(t, err)
	return kib << 10
}
