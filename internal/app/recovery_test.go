package app

import (
	"os"
	"path/filepath"
	"testing"

	"notary/internal/auth"
	"notary/internal/testkit"
)

// Requests that another user could have written are ignored.
func TestRecoveryFilesOfOthersAreIgnored(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	dir := t.TempDir()
	name := filepath.Join(dir, recoveryFile)
	hash, err := auth.NewPasswordHash(t.Context(), "orange lantern gravel window", w.Admin().Principal.Name)
	testkit.Check(t, err)
	request := auth.Recovery{Email: w.Admin().Principal.Name, PasswordHash: hash}
	outcome := func() (result recoveryResult) {
		testkit.Check(t, serveRecovery(t.Context(), dir, w.Auth, quiet))
		if found, err := takeJSON(filepath.Join(dir, recoveryOutcome), &result); !found || err != nil {
			t.Fatalf("no outcome: %v", err)
		}
		return result
	}
	prepares := map[string]func(){
		"a file that others can read": func() { testkit.Check(t, os.Chmod(name, 0o644)) },
		"a link": func() {
			testkit.Check(t, os.Rename(name, name+".elsewhere"))
			testkit.Check(t, os.Symlink(name+".elsewhere", name))
		},
		"a large file": func() { testkit.Check(t, os.WriteFile(name, make([]byte, maxRecoveryFile+1), 0o600)) },
		"no JSON":      func() { testkit.Check(t, os.WriteFile(name, []byte("{"), 0o600)) },
	}
	if os.Geteuid() == 0 { // only root reads other users' private files
		prepares["a file of another user"] = func() { testkit.Check(t, os.Chown(name, 12345, -1)) }
	}
	for what, prepare := range prepares {
		testkit.Check(t, writeJSON(name, request))
		prepare()
		if outcome().Message == "" {
			t.Errorf("%s was processed", what)
		}
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was not removed", what)
		}
	}
	testkit.Check(t, writeJSON(name, request))
	if result := outcome(); result.Message != "" {
		t.Errorf("a good request is refused: %+v", result)
	}
}
