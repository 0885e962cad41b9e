package web

// Patterns are those of all routes.
func Patterns() (all []string) {
	for _, r := range new(site).routes() {
		all = append(all, r.pattern)
	}
	return all
}

// Sentence is what becomes of an error's words.
var Sentence = sentence
