package notary_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const stylePhrases = "testdata/style/phrases.txt"

// TestStyle fails on phrases of testdata/style/phrases.txt in comments, messages, help, templates and documents.
func TestStyle(t *testing.T) {
	phrases := readPhrases(t)
	for _, text := range proseOfRepository(t) {
		for _, p := range phrases {
			for _, match := range p.pattern.FindAllString(text.content, -1) {
				t.Errorf("%s:%d: %q: write %s", text.file, text.line, match, p.instead)
			}
		}
	}
}

// maxLine is the maximum length of a line of code, in characters. A line may be longer for a string that is not split.
const maxLine = 120

func TestLinesFit(t *testing.T) {
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".go" {
			return
		}
		for i, line := range strings.Split(readText(t, path), "\n") {
			if utf8.RuneCountInString(line) > maxLine && !strings.ContainsAny(line, "\"`") {
				t.Errorf("%s:%d is longer than %d characters", path, i+1, maxLine)
			}
		}
	})
}

type stylePhrase struct {
	pattern *regexp.Regexp
	instead string
}

func readPhrases(t *testing.T) (phrases []stylePhrase) {
	t.Helper()
	for _, line := range contentLines(t, stylePhrases) {
		pattern, instead, _ := strings.Cut(line, "  ")
		expression, err := regexp.Compile("(?i)" + pattern)
		if instead = strings.TrimSpace(instead); err != nil || instead == "" {
			t.Fatalf("%s: %q is not a regular expression, two spaces and a replacement: %v", stylePhrases, line, err)
		}
		phrases = append(phrases, stylePhrase{expression, instead})
	}
	return phrases
}

func contentLines(t *testing.T, file string) (lines []string) {
	t.Helper()
	for line := range strings.Lines(readText(t, file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func readText(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// prose is a comment, a string or a paragraph, on a single line.
type prose struct {
	file    string
	line    int // where it starts
	content string
}

// proseOfRepository returns the comments of all Go files, the strings of those that are not tests, the templates and
// the documents.
func proseOfRepository(t *testing.T) (texts []prose) {
	t.Helper()
	eachFile(t, func(path string) {
		switch filepath.Ext(path) {
		case ".go":
			texts = append(texts, proseOfGo(t, path)...)
		case ".md", ".html":
			texts = append(texts, paragraphs(path, readText(t, path))...)
		}
	})
	return texts
}

// eachFile calls visit for each file of the repository, except test data and those of tools.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			visit(path)
		case name == "testdata" || name == "node_modules" || len(name) > 1 && name[0] == '.':
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func proseOfGo(t *testing.T, path string) (texts []prose) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.ToSlash(path)
	for _, comment := range file.Comments {
		texts = append(texts, prose{path, files.Position(comment.Pos()).Line, oneLine(comment.Text())})
	}
	if strings.HasSuffix(path, "_test.go") {
		return texts
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			texts = append(texts, prose{path, files.Position(literal.Pos()).Line, oneLine(literal.Value)})
		}
		return true
	})
	return texts
}

func paragraphs(path, text string) (texts []prose) {
	line, path := 1, filepath.ToSlash(path)
	for _, paragraph := range strings.Split(text, "\n\n") {
		texts = append(texts, prose{path, line, oneLine(paragraph)})
		line += strings.Count(paragraph, "\n") + 2
	}
	return texts
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
