//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"notary/internal/testkit"
)

func TestSignals(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "notary.log")
	file := testkit.ConfigFile(t, "{logging: {system: {output: "+log+"}}}")
	p := startProcess(t, binary, "start", "--config", file, "--data", filepath.Join(dir, "data"),
		"--listen", "127.0.0.1:0", "--publish-listen", "127.0.0.1:0")
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE} {
		testkit.Check(t, p.cmd.Process.Signal(s))
	}
	testkit.Check(t, os.Rename(log, log+".1"))
	testkit.Check(t, p.cmd.Process.Signal(syscall.SIGHUP))
	awaitLine(t, log, "configuration reloaded")
	testkit.Check(t, os.WriteFile(file, []byte("{port: many}"), 0o600))
	testkit.Check(t, p.cmd.Process.Signal(syscall.SIGHUP))
	awaitLine(t, log, "configuration not reloaded")
	old, err := os.ReadFile(log + ".1")
	testkit.Check(t, err)
	if !bytes.Contains(old, []byte("started")) || bytes.Contains(old, []byte("reloaded")) {
		t.Errorf("the renamed log:\n%s", old)
	}
	testkit.Check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.once.Do(func() { testkit.Check(t, p.cmd.Wait()) })
	awaitLine(t, log, "stopping")
}

// A server survives the reader of its output: a write to a closed pipe raises SIGPIPE.
func TestServerSurvivesItsLogReader(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	reader, writer, err := os.Pipe()
	testkit.Check(t, err)
	p := &process{}
	p.stderr = writer
	testkit.Check(t, p.start("", binary, "start", "--data", filepath.Join(t.TempDir(), "data"),
		"--listen", "127.0.0.1:0", "--publish-listen", "127.0.0.1:0"))
	t.Cleanup(p.kill)
	testkit.Check(t, writer.Close())
	testkit.Check(t, reader.Close())
	for range 3 { // each logs a line
		out, err := exec.Command("curl", "-sk", p.url+"/status").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "initialized") {
			t.Fatalf("%v: %s", err, out)
		}
	}
	testkit.Check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.once.Do(func() { testkit.Check(t, p.cmd.Wait()) })
}

func awaitLine(t *testing.T, file, text string) {
	t.Helper()
	for t.Context().Err() == nil {
		if content, err := os.ReadFile(file); err == nil && bytes.Contains(content, []byte(text)) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
