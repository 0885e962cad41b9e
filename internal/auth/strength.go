package auth

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ccojocar/zxcvbn-go"
)

// Strength estimates the number of guesses needed by an attacker who first tries known passwords, names, dates and
// keyboard patterns. It returns the decimal logarithm and a description.
func Strength(password, email string) (guesses float64, words string) {
	guesses = entropy(password, email) * math.Log10(2)
	return guesses, number(guesses) + " guesses: " + effort(guesses-math.Log10(guessesPerSecond))
}

// guessesPerSecond is the assumed rate of guessing against a stolen database on a few dozen processors: see
// [argonMemory].
const guessesPerSecond = 1000

func entropy(password, email string) float64 {
	name, domain, _ := strings.Cut(email, "@")
	judged := []rune(strings.ToValidUTF8(password, "?"))
	judged = judged[:min(len(judged), maxJudged)]
	if substitutes(judged) > maxSubstitutes {
		judged = judged[:min(len(judged), maxBeginning)]
	}
	known := append([]string{email, name, domain}, keyboardWalks...)
	bits := zxcvbn.PasswordStrength(string(judged), known).Entropy
	if predictable(string(judged), email) {
		return min(bits, predictableEntropy)
	}
	return bits
}

// A symbol may stand for a letter ("p@$$w0rd"), and some for several. The cost is exponential in the number of distinct
// symbols: if there are more than maxSubstitutes, only the first maxBeginning characters are evaluated.
const (
	maxSubstitutes = 8
	maxBeginning   = 24 // characters
)

func substitutes(password []rune) (n int) {
	for _, sign := range "4@8({[<369&#!1|0$5+7%2" {
		if slices.Contains(password, sign) {
			n++
		}
	}
	return n
}

func number(exponent float64) string {
	names := []string{"", "thousand", "million", "billion", "trillion"}
	group := int(exponent / 3)
	switch {
	case group == 0:
		return "a few"
	case group >= len(names):
		return "more than a thousand trillion"
	}
	text := fmt.Sprintf("%.0f", math.Pow(10, exponent-float64(3*group)))
	if text == "1" {
		text = "a"
	}
	return "about " + text + " " + names[group]
}

func effort(exponent float64) string {
	const hour, year = 3600, 365 * 24 * 3600
	within := ""
	switch seconds := math.Pow(10, exponent); {
	case seconds < 1:
		return "found immediately"
	case seconds < hour:
		within = "an hour"
	case seconds < 24*hour:
		within = "a day"
	case seconds < year/12:
		within = "a month"
	case seconds < year:
		within = "a year"
	case seconds < 100*year:
		within = "a century"
	default:
		return "not found within a century, even from a stolen database"
	}
	return "found within " + within + " from a stolen database"
}
