package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Require skips the test if the program is not installed. With NOTARY_TEST_REQUIRE set, as in CI, it fails the
// test instead.
func Require(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		missing(t, program)
	}
}

// RequireFile is like [Require] for a file, and returns its content.
func RequireFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		missing(t, path)
	}
	return content
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("NOTARY_TEST_REQUIRE") != "" {
		t.Fatalf("%s is not installed: make test installs it", what)
	}
	t.Skipf("%s is not installed", what)
}
