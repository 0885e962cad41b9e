package rest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"notary/internal/testkit"
)

// npmTools is where scripts/test-tools installs npm packages.
const npmTools = "../../.tools/node_modules/"

// Redocly and Spectral must report no errors or warnings.
func TestOpenAPIPassesLinters(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "node")
	h := open(t)
	document := call(t, h.anonymous, "GET", "/api/v1/openapi.json", nil).wantStatus(t, 200)
	dir := t.TempDir()
	testkit.Check(t, os.WriteFile(filepath.Join(dir, "openapi.json"), document.Body, 0o600))
	testkit.Check(t, os.WriteFile(filepath.Join(dir, "spectral.yaml"), []byte("extends: [\"spectral:oas\"]\n"), 0o600))
	for name, arguments := range map[string][]string{
		"redocly": {"@redocly/cli/bin/cli.js", "lint", "--extends=recommended-strict", "openapi.json"},
		"spectral": {"@stoplight/spectral-cli/dist/index.js", "lint", "--ruleset=spectral.yaml", "--fail-severity=warn",
			"openapi.json"},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.RequireFile(t, npmTools+arguments[0])
			script, err := filepath.Abs(npmTools + arguments[0])
			testkit.Check(t, err)
			command := exec.CommandContext(t.Context(), "node", append([]string{script}, arguments[1:]...)...)
			command.Dir = dir
			command.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NO_COLOR=1")
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}
