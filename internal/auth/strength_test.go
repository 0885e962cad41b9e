package auth_test

import (
	"strings"
	"testing"

	"notary/internal/auth"
)

func TestStrength(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]string{
		"":                            "a few guesses: found immediately",
		"password1234":                "a few guesses: found immediately",
		"me@example.com":              "a few guesses: found immediately",
		"p@$$w0rd123456789":           "a few guesses: found immediately",
		"qwertyuiop":                  "about 2 thousand guesses: found within an hour from a stolen database",
		"jelly22fish":                 "about a billion guesses: found within a month from a stolen database",
		"plain violet harbour engine": "more than a thousand trillion guesses: not found within a century, even from a stolen database",
	} {
		guesses, words := auth.Strength(password, "me@example.com")
		if words != want {
			t.Errorf("%q: 10^%.1f, %s; want %s", password, guesses, words, want)
		}
	}
	weak, _ := auth.Strength("summer winter", "")
	strong, _ := auth.Strength("summer winter violet harbour", "")
	if weak >= strong {
		t.Errorf("10^%.1f guesses for two words, 10^%.1f for four", weak, strong)
	}
}

// Any input is evaluated, however long, and with any symbols that could stand for letters.
func TestStrengthOfAnyInput(t *testing.T) {
	t.Parallel()
	for _, password := range []string{strings.Repeat("4@8({[<369&#!1|0$5+7%2", 3), strings.Repeat("a1", 1<<19),
		"\xff\xfe\x00", strings.Repeat("é", 1000)} {
		if guesses, words := auth.Strength(password, strings.Repeat("x", 1000)+"@"); guesses < 0 || words == "" {
			t.Errorf("%.10q: 10^%.1f, %q", password, guesses, words)
		}
	}
}
