package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Require skips the test where the program is not installed; with NOTARY_TEST_REQUIRE set,
// as in CI, it fails instead.
func Require(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("NOTARY_TEST_REQUIRE") != "" {
		t.Fatalf("%s is not installed: make test installs it", program)
	}
	t.Skipf("%s is not installed", program)
}
