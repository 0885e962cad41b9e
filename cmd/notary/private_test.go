package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"notary"
	"notary/internal/testkit"
)

// A data folder that others can write, or a key file that they can read, is refused by name, with what to do.
func TestOpenDataIsRefused(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{"": 0o777, "seal.key": 0o644, "notary.db": 0o666, "self-signed.key": 0o620} {
		c := localConfig(t)
		path := filepath.Join(c.data, name)
		if name != "" {
			testkit.Check(t, os.WriteFile(path, nil, 0o600))
		}
		testkit.Check(t, os.Chmod(path, mode))
		err := serve(t.Context(), newLiveConfig(c, nil, quiet), quiet, io.Discard)
		testkit.WantKind(t, err, notary.Forbidden)
		testkit.WantText(t, err, path, "chmod go")
	}
}
