package page_test

import (
	"testing"

	"notary/internal/web/page"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "not one": "Not one.", "“a” is one": "“a” is one.",
		"über all?": "Über all?"} {
		if got := page.Sentence(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
