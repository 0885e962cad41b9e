package store

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/db"
)

// terms are what the names of a request or certificate are found by.
type terms struct {
	// names go into the table of names: each name in lower case from each of its labels on,
	// and whole after an "=".
	names []string
	// search holds all names as one text for LIKE: each on a line of its own, with a tab
	// before each label.
	search string
}

const (
	maxTerm  = 256  // octets of a name by which it is found: any host name
	maxTerms = 1000 // of an object, after which further names are not found
)

func termsOf(commonName string, names notary.Names) terms {
	var t terms
	var search strings.Builder
	seen := map[string]bool{}
	add := func(name string) {
		if name = searchable(name); name == "" || seen["="+name] || len(t.names) >= maxTerms {
			return
		}
		search.WriteString("\n" + marked(name))
		for _, term := range append(fromLabels(name), "="+name) {
			if !seen[term] {
				seen[term] = true
				t.names = append(t.names, term)
			}
		}
	}
	add(commonName)
	for _, name := range slices.Concat(names.DNS, names.IP, names.Email, names.URI, names.UPN) {
		add(name)
	}
	search.WriteString("\n")
	t.search = search.String()
	return t
}

// searchable is the form in which a name is looked for. It holds no "=", which marks a whole
// name among the terms.
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

// labels are where the labels of a name begin: of a host name, an address, a URI or a name
// for people.
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

// marked puts a tab before each label.
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

// namesIn are the terms of a search text, as they were when it was made.
func namesIn(search string) (names []string) {
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

// pattern makes a text match only itself in a LIKE with the escape \.
var pattern = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// end lies behind every text that begins with s. It is UTF-8, which PostgreSQL insists on.
func end(s string) string { return s + "\U0010FFFF" }

// namesTogether is how many names are written by one statement.
const namesTogether = 50

func (tx *Tx) insertNames(what string, id int64, names []string) error {
	for some := range slices.Chunk(names, namesTogether) {
		b := &db.Binder{}
		values, bound := "", b.Bind(id)
		for _, name := range some {
			values += ", (" + bound + ", " + b.Bind(name) + ")"
		}
		if err := tx.db.Later("INSERT INTO "+what+"_name ("+what+"_id, name) VALUES "+values[2:], b.Args...); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) deleteNames(what string, id int64, names []string) error {
	for _, name := range names {
		if err := tx.db.Later(`DELETE FROM `+what+`_name WHERE `+what+`_id = $1 AND name = $2`, id, name); err != nil {
			return err
		}
	}
	return nil
}
