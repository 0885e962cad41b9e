package testkit

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// ConfigFile writes a YAML configuration file and returns its path.
func ConfigFile(t testing.TB, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notary.yaml")
	Check(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

// Buffer is a buffer for one goroutine to write, such as a log, and another to read.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
