package notary_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fencedCode   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	inlineCode   = regexp.MustCompile("`[^`\n]*`")
	markdownLink = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestDocumentLinks fails on relative links of documents to a missing file or heading.
func TestDocumentLinks(t *testing.T) {
	links := 0
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".md" {
			return
		}
		text := inlineCode.ReplaceAllString(fencedCode.ReplaceAllString(readText(t, path), ""), "")
		for _, match := range markdownLink.FindAllStringSubmatch(text, -1) {
			if problem := linkProblem(t, path, match[1]); problem != "" {
				t.Errorf("%s: the link %s: %s", path, match[1], problem)
			}
			links++
		}
	})
	if links < 100 {
		t.Errorf("only %d links were found", links)
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	for link, ok := range map[string]bool{
		"https://example.com/none":     true,
		"docs/api.md":                  true,
		"docs/api.md#lists":            true,
		"docs":                         true,
		"#build-and-test":              true,
		"docs/none.md":                 false,
		"docs/api.md#no-such-heading":  false,
		"#no-such-heading":             false,
		"docs/images#no-such-document": false,
	} {
		if problem := linkProblem(t, "CONTRIBUTING.md", link); (problem == "") != ok {
			t.Errorf("%s: %q", link, problem)
		}
	}
}

// linkProblem returns what is wrong with a link in a document, or "".
func linkProblem(t *testing.T, document, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		return err.Error()
	}
	if u.Scheme != "" {
		return ""
	}
	target := document
	if u.Path != "" {
		target = filepath.Join(filepath.Dir(document), filepath.FromSlash(u.Path))
	}
	if _, err := os.Stat(target); err != nil {
		return "the file does not exist"
	}
	if u.Fragment == "" {
		return ""
	}
	if filepath.Ext(target) != ".md" || !anchors(readText(t, target))[u.Fragment] {
		return "the heading does not exist"
	}
	return ""
}

// anchors returns the anchors that GitHub generates for the headings of a document.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fencedCode.ReplaceAllString(text, ""), -1) {
		name := markdownLink.ReplaceAllString(match[1], "]")
		name = notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(name)), "")
		name = strings.ReplaceAll(name, " ", "-")
		unique := name
		for n := 1; all[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		all[unique] = true
	}
	return all
}
