package cli

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"notary/internal/testkit"
)

// TestHowTo runs the commands of every page in docs/howto, after testdata/howto/start.sh and the script named after
// the page.
func TestHowTo(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"curl", "nginx", "openssl"} {
		testkit.Require(t, program)
	}
	binary := buildProgram(t)
	pages, err := filepath.Glob("../../docs/howto/*.md")
	testkit.Check(t, err)
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if name == "README" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runPage(t, binary, page, name)
		})
	}
}

func runPage(t *testing.T, binary, page, name string) {
	t.Helper()
	blocks := testkit.Commands(t, page, "")
	if len(blocks) == 0 {
		t.Fatal("the page has no commands")
	}
	script := strings.Join(append([]string{preparation(t, "start"), preparation(t, name)}, blocks...), "")
	dir := t.TempDir()
	shell := documentShell{dir, []string{"NOTARY_DATA=data", "NOTARY_SETUP_CODE=off",
		"NOTARY_PASSWORD=" + testkit.Password, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config")}, filepath.Dir(binary)}
	stop := shell.serve(t, binary)
	defer stop()
	shell.run(t, strings.ReplaceAll(script, "8443", anyPort(t)))
}

func preparation(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "howto", name+".sh"))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	testkit.Check(t, err)
	return string(text)
}

func anyPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Check(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
