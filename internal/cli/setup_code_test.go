package cli

import (
	"os"
	"path/filepath"
	"testing"

	"notary/internal/app"
	"notary/internal/config"
	"notary/internal/testkit"
)

// The command takes the code from the environment, or from the data folder of a server on this machine.
func TestFirstAccountFindsTheSetupCode(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	testkit.Check(t, os.WriteFile(app.SetupCodeFile(data), []byte("A-B\n"), 0o600))
	for name, test := range map[string]struct{ variable, data, server, want string }{
		"in the data folder":          {"", data, "https://127.0.0.1:2111", "A-B"},
		"of a server elsewhere":       {"", data, "https://notary.example.com:2111", ""},
		"in the environment":          {"C-D", data, "https://notary.example.com:2111", "C-D"},
		"switched off in the server":  {"off", data, "https://127.0.0.1:2111", "A-B"},
		"in a folder that is missing": {"", filepath.Join(data, "missing"), "https://127.0.0.1:2111", ""},
	} {
		p := &program{env: func(name string) string { return map[string]string{config.EnvSetupCode: test.variable}[name] }}
		if got := p.setupCode(test.server, test.data); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
