package page

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence returns text with an initial capital and, unless it ends in a full stop or question mark, a full stop.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	text = Capital(text)
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// Capital returns text with its first letter in upper case.
func Capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// Because returns the text of an error as a sentence, or "" for nil.
func Because(err error) string {
	if err == nil {
		return ""
	}
	return Sentence(err.Error())
}

const maxName = 80 // characters of a name in a table

// Shorten truncates a name for a table.
func Shorten(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		return string(runes[:maxName]) + "…"
	}
	return name
}

// Plural returns a number and a noun, in the plural unless the number is 1.
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if before, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(before, "a") { // not "day"
		noun = before + "ies"
	} else {
		noun += "s"
	}
	return Count(n) + " " + noun
}

// Count returns a number with thousands separators.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func whole(n any) int64 {
	if n, ok := n.(int); ok {
		return int64(n)
	}
	return n.(int64)
}

func hexPairs(digits string) string {
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}
