package notary_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test pattern of the Makefile matches a test in every package that it names: go test passes without any.
func TestMakefileSelectsTests(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	selections := regexp.MustCompile(`-run (\w+) (\./.+)`).FindAllStringSubmatch(string(makefile), -1)
	if len(selections) == 0 {
		t.Fatal("the Makefile selects no tests")
	}
	for _, selection := range selections {
		test := regexp.MustCompile(`func Test\w*` + selection[1])
		for _, folder := range strings.Fields(selection[2]) {
			if !hasTest(t, folder, test) {
				t.Errorf("%q: no test in %s", selection[0], folder)
			}
		}
	}
}

func hasTest(t *testing.T, folder string, test *regexp.Regexp) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if test.Match(content) {
			return true
		}
	}
	return false
}
