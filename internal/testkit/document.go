package testkit

import (
	"os"
	"strings"
	"testing"
)

// Commands returns the shell commands of a section of a Markdown file: the text of each of its blocks
// that is marked as sh.
func Commands(t testing.TB, file, heading string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	Check(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", file, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for {
		_, rest, found := strings.Cut(section, "```sh\n")
		if !found {
			return blocks
		}
		block, after, closed := strings.Cut(rest, "```")
		if !closed {
			t.Fatalf("%s, %s: a block is not closed", file, heading)
		}
		blocks, section = append(blocks, block), after
	}
}
