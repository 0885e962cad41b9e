package testkit

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// WantModes checks the permissions of files in a folder. On Windows it checks only that the files exist.
func WantModes(t testing.TB, folder string, modes map[string]fs.FileMode) {
	t.Helper()
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

// Buffer is a buffer that is safe for concurrent use, such as for reading a log while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
