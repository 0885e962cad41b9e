package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"notary"
)

// Terms contains the search terms for the names of a request or certificate.
type Terms struct {
	// Names are the rows of the table of names, in lower case. A name has one row for its suffix from each label on,
	// and one with "=" before the whole name.
	Names []string
	// Search holds all names as one text for LIKE: one per line, with a tab before each label.
	Search string
}

const (
	maxTerm  = 256  // octets of a name that are indexed; enough for any host name
	maxTerms = 1000 // terms per object; names beyond these are not found
)

// TermsOf returns the search terms of the names of a request or certificate.
func TermsOf(commonName string, names notary.Names) Terms {
	var t Terms
	var search strings.Builder
	seen := map[string]bool{}
	add := func(name string) {
		if name = searchable(name); name == "" || seen["="+name] || len(t.Names) >= maxTerms {
			return
		}
		search.WriteString("\n" + marked(name))
		for _, term := range append(fromLabels(name), "="+name) {
			if !seen[term] {
				seen[term] = true
				t.Names = append(t.Names, term)
			}
		}
	}
	add(commonName)
	for _, name := range slices.Concat(names.DNS, names.IP, names.Email, names.URI, names.UPN) {
		add(name)
	}
	search.WriteString("\n")
	t.Search = search.String()
	return t
}

// searchable returns the normalised form of a name for searching. It contains no "=", which marks a whole name.
func searchable(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || r == '=' {
			return ' '
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(name))
	for len(name) > maxTerm {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return name
}

func labels(name string) []int {
	starts := []int{0}
	for i := range len(name) - 1 {
		if strings.IndexByte(".@/: ", name[i]) >= 0 {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func fromLabels(name string) []string {
	var all []string
	for _, start := range labels(name) {
		all = append(all, name[start:])
	}
	return all
}

func marked(name string) string {
	var b strings.Builder
	starts := labels(name)
	for i, start := range starts {
		end := len(name)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		b.WriteString("\t" + name[start:end])
	}
	return b.String()
}

// NamesIn derives [Terms].Names from the corresponding [Terms].Search.
func NamesIn(search string) (names []string) {
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.Trim(search, "\n"), "\n") {
		parts := strings.Split(strings.TrimPrefix(line, "\t"), "\t")
		for i := range parts {
			name := strings.Join(parts[i:], "")
			if i == 0 {
				names = append(names, "="+name)
			}
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// pattern escapes text for LIKE with the escape character \.
var pattern = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// End returns text that sorts after every UTF-8 text that begins with s.
func End(s string) string { return s + "\U0010FFFF" }
