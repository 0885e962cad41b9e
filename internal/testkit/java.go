package testkit

import (
	"bufio"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed Verify.java
var verifyJava []byte

// Java verifies certificate chains with Java's TLS implementation. It takes a second or two to start, and is safe for
// concurrent use.
type Java struct {
	mu   sync.Mutex
	in   io.Writer
	out  *bufio.Scanner
	errs *strings.Builder
}

// NewJava starts the verifier, which stops at the end of the test. It needs a JDK, because a JRE cannot run a source
// file.
func NewJava(t testing.TB) *Java {
	t.Helper()
	Require(t, "javac")
	source := filepath.Join(t.TempDir(), "Verify.java")
	Check(t, os.WriteFile(source, verifyJava, 0o600))
	j := &Java{errs: &strings.Builder{}}
	java := exec.Command("java", "-XX:TieredStopAtLevel=1", source)
	java.Stderr = j.errs
	in, err := java.StdinPipe()
	Check(t, err)
	out, err := java.StdoutPipe()
	Check(t, err)
	j.in, j.out = in, bufio.NewScanner(out)
	Check(t, java.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if err := java.Wait(); err != nil {
			t.Errorf("java: %v: %s", err, j.errs)
		}
	})
	return j
}

// JavaChain is the input of [Java.Verify]: PEM files, a time and a purpose.
type JavaChain struct {
	Use                       string // "server", "client", or "ocsp" to query the responder about the leaf
	At                        time.Time
	Leaf, Intermediates, Root string
	Lists                     string // CRLs; "" for no revocation check
	Responder                 string // URL of the OCSP responder, if Use is "ocsp"
}

// Verify reports whether Java accepts the chain. It also returns the verifier's input and answer, for error messages.
func (j *Java) Verify(t testing.TB, c JavaChain) (says string, accepted bool) {
	t.Helper()
	last := c.Lists
	if c.Use == "ocsp" {
		last = c.Responder
	}
	if last == "" {
		last = "-"
	}
	line := strings.Join([]string{c.Use, c.At.UTC().Format(time.RFC3339), c.Leaf, c.Intermediates, c.Root, last}, "\t")
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := io.WriteString(j.in, line+"\n")
	Check(t, err)
	if !j.out.Scan() {
		t.Fatalf("java ended: %v", j.out.Err())
	}
	return "java " + line + "\n" + j.out.Text(), j.out.Text() == "accepted"
}
