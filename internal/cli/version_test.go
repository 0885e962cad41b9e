package cli

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The release build sets main.version, which the command line shows.
func TestVersionOfTheReleaseBuild(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "notary")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3", "-o", binary, "notary/cmd/notary")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(binary, "--version").Output()
	if want := "notary version v1.2.3\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}
