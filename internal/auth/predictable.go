package auth

import (
	"slices"
	"strings"
	"unicode"
)

const (
	// minUnpredictable is the number of characters required besides predictable words, runs and symbols.
	minUnpredictable = 6
	// minRepeated is the number required if at least half of the password is runs or repetition.
	minRepeated = 10
	// freeDigits is the number of additional digits that count as predictable, like a year or a counter.
	freeDigits = 4
	// predictableEntropy is the maximum entropy, in bits, credited to a predictable password.
	predictableEntropy = 15
)

// predictableWords are words that people use to satisfy password rules.
var predictableWords = longestFirst(strings.Fields(`
	spring summer autumn winter frühling fruehling fruhling sommer herbst
	january february march april june july august september october november december
	januar februar märz maerz marz juni juli oktober dezember
	monday tuesday wednesday thursday friday saturday sunday
	montag dienstag mittwoch donnerstag freitag samstag sonntag
	password passwort kennwort passphrase geheim secret admin administrator root user login test start default
	welcome willkommen hello hallo changeme letmein iloveyou master monkey dragon server company firma
	notary certificate zertifikat authority
	1qaz 2wsx 3edc 4rfv 5tgb zaq1 xsw2 cde3 vfr4 qaz wsx edc 1q2w 3e4r 5t6y 5t6z q1w2 e3r4 t5y6 t5z6`))

// predictableRuns are keyboard rows and other sequences. Four or more consecutive characters of one are predictable.
var predictableRuns = []string{
	"qwertyuiop", "qwertzuiopü", "asdfghjklöä", "zxcvbnm", "yxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz",
}

var substitutions = strings.NewReplacer(
	"0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

func predictable(password, email string) bool {
	lower := strings.ToLower(password)
	words := slices.Concat(predictableWords, emailParts(email))
	return isMostlyPredictable(lower, longestFirst(words)) || isMostlyPredictable(substitutions.Replace(lower),
		longestFirst(words))
}

// isMostlyPredictable reports whether little of a password remains after its predictable words, runs and repetitions
// are removed.
func isMostlyPredictable(password string, words []string) bool {
	password = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, password)
	rest, needed := collapse(withoutRuns(password)), minUnpredictable
	if len(rest) <= len(password)/2 {
		needed = minRepeated
	}
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, " ")
	}
	if rest == password {
		return false
	}
	digits, others := 0, 0
	for _, r := range rest {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			others++
		}
	}
	return others+max(0, digits-freeDigits) < needed
}

// withoutRuns replaces four or more consecutive characters of a run, in either direction, with a space.
func withoutRuns(text string) string {
	const least = 4
	runes := []rune(text)
	var kept strings.Builder
	for i := 0; i < len(runes); {
		n := 1
		for _, run := range predictableRuns {
			n = max(n, follows(runes[i:], []rune(run), 1), follows(runes[i:], []rune(run), -1))
		}
		if n < least {
			kept.WriteRune(runes[i])
			i++
			continue
		}
		kept.WriteByte(' ')
		i += n
	}
	return kept.String()
}

func follows(text, run []rune, step int) int {
	at := slices.Index(run, text[0])
	if at < 0 {
		return 0
	}
	n := 1
	for n < len(text) && at+n*step >= 0 && at+n*step < len(run) && text[n] == run[at+n*step] {
		n++
	}
	return n
}

// collapse reduces adjacent repetitions to one: "abcabcabc" becomes "abc". One or two characters must occur at least
// three times in a row.
func collapse(text string) string {
	runes := []rune(text)
	for size := len(runes) / 2; size > 0; size-- {
		for i := 0; i+2*size <= len(runes); {
			if slices.Equal(runes[i:i+size], runes[i+size:i+2*size]) && (size > 2 || i+3*size <= len(runes) &&
				slices.Equal(runes[i:i+size], runes[i+2*size:i+3*size])) {
				runes = slices.Delete(runes, i, i+size)
				continue
			}
			i++
		}
	}
	return string(runes)
}

func emailParts(email string) []string {
	parts := strings.FieldsFunc(strings.ToLower(email), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < 3 })
}

func longestFirst(words []string) []string {
	words = slices.Clone(words)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}
