package testkit

import (
	"os"
	"strings"
	"testing"
)

// Commands returns the sh code blocks in the level-2 section of a Markdown file with the given heading, or in the whole
// file if heading is "".
func Commands(t testing.TB, file, heading string) (blocks []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	Check(t, err)
	text := string(content)
	if heading != "" {
		_, section, found := strings.Cut(text, "\n## "+heading+"\n")
		if !found {
			t.Fatalf("%s has no section %q", file, heading)
		}
		text, _, _ = strings.Cut(section, "\n## ")
	}
	for {
		_, rest, found := strings.Cut(text, "```sh\n")
		if !found {
			return blocks
		}
		block, after, closed := strings.Cut(rest, "```")
		if !closed {
			t.Fatalf("%s: a block is not closed", file)
		}
		blocks, text = append(blocks, block), after
	}
}
