package cli

import (
	"os/exec"
	"path/filepath"
	"testing"

	"notary/internal/testkit"
)

// The release build sets main.version, which the command line shows.
func TestVersionOfTheReleaseBuild(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "notary")
	testkit.Check(t, build(binary, "-ldflags", "-X main.version=v1.2.3"))
	out, err := exec.Command(binary, "--version").Output()
	if want := "notary version v1.2.3\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}
