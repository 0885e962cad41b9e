//go:build unix

package files

import (
	"os"
	"path/filepath"
	"testing"

	"notary/internal/testkit"
)

// A loop of links ends the search; the missing file is reported at startup.
func TestLookupFoldersOfALoop(t *testing.T) {
	t.Parallel()
	loop := filepath.Join(t.TempDir(), "loop")
	testkit.Check(t, os.Symlink(loop, loop))
	if folders := LookupFolders(loop); folders[len(folders)-1] != filepath.Dir(loop) {
		t.Errorf("the loop is looked up in %q", folders)
	}
}
