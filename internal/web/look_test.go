package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"notary/internal/testkit"
)

// imagesVariable names the environment variable with a folder for screenshots.
const imagesVariable = "NOTARY_TEST_IMAGES"

const axePath = "../../.tools/node_modules/axe-core/axe.min.js"

// look checks that the current page is accessible in both color schemes and fits the window at
// every width. It saves screenshots if imagesVariable is set.
func (b *browser) look(t *testing.T, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(t, scheme)
		for _, width := range []int64{360, 390, 1280, 2560} {
			b.size(t, width, max(700, width*9/16))
			if wide := get(t, b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > width {
				t.Errorf("%s is %d pixels wide in a window of %d", name, wide, width)
			}
			if folder := os.Getenv(imagesVariable); folder != "" && width != 360 {
				image := get(t, b, chromedp.FullScreenshot(100))
				testkit.Check(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), image,
					0o600))
			}
		}
		b.size(t, 1280, 900)
		b.wantAccessible(t, name+" in "+scheme)
	}
	b.wantButtonsApart(t, name)
	b.scheme(t, "light")
}

type violation struct {
	ID, Help, Impact string
	Nodes            []struct{ HTML, FailureSummary string }
}

// wantAccessible runs axe-core: the rules of WCAG 2.2, levels A and AA, and best practices.
func (b *browser) wantAccessible(t *testing.T, where string) {
	t.Helper()
	axe := string(testkit.RequireFile(t, axePath))

	found := get(t, b, chromedp.Evaluate[struct {
		Violations []violation
		Held       int
	}](axe+`; axe.run().then(found => ({violations: found.violations, held: found.passes.length}))`,
		chromedp.EvalAwaitPromise))
	if found.Held == 0 {
		t.Errorf("%s: axe-core found no rule to apply", where)
	}
	for _, v := range found.Violations {
		var at strings.Builder
		for _, node := range v.Nodes {
			fmt.Fprintf(&at, "\n\t%.300s\n\t%.500s", node.HTML, node.FailureSummary)
		}
		t.Errorf("%s: %s (%s, %s):%s", where, v.Help, v.ID, v.Impact, at.String())
	}
}

// wantButtonsApart checks that no two buttons have the same accessible name, so that each makes
// sense out of context.
func (b *browser) wantButtonsApart(t *testing.T, where string) {
	t.Helper()
	names := get(t, b, chromedp.Evaluate[[]string](`[...document.querySelectorAll("button")].map((button) => button.ariaLabel ?? button.textContent)`))
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			t.Errorf("%s: several buttons have the name %q", where, names[i])
		}
	}
}
