package query

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"notary"
	"notary/internal/db"
)

// LabelTerms returns the rows that labels have in the table of labels. Each label has two: its key, and its key and
// value in lower case.
func LabelTerms(labels notary.Labels) (terms []string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		terms = append(terms, key, labelTerm(key+":"+labels[key]))
	}
	return terms
}

func labelTerm(label string) string { return strings.ToLower(label) }

// labelled returns the condition that an object has a label, given by its key or by its key and value.
func (l List[T]) labelled(label string) Condition {
	table, id, term := l.Table+"_label", l.Table+"_id", labelTerm(label)
	return Condition{
		Holds:   func(b *db.Binder) { b.And(l.hasLabel(b, term)) },
		IDs:     func(b *db.Binder) string { return l.labelIDs(b, term) },
		Indexed: func(b *db.Binder) { b.And("n.label = " + b.Bind(term)) },
		Column:  "id",
		Table:   table + " n",
		Key:     "n." + id,
	}
}

// labelIn returns the term for a search word that is a label with its value, such as team:payments. For other words it
// returns "".
func labelIn(word string) string {
	if key, value, ok := strings.Cut(word, ":"); ok && notary.IsLabelKey(key) && value != "" {
		return labelTerm(word)
	}
	return ""
}

func (l List[T]) labelIDs(b *db.Binder, term string) string {
	return fmt.Sprintf("SELECT %s_id AS id FROM %[1]s_label WHERE label = %s", l.Table, b.Bind(term))
}

// hasLabel returns the condition that an object has a label. OFFSET makes PostgreSQL look up each object's label
// instead of collecting all objects with the label.
func (l List[T]) hasLabel(b *db.Binder, term string) string {
	return "(" + l.Alias + ".labels IS NOT NULL AND EXISTS (SELECT 1 FROM " + l.Table + "_label b WHERE b.label = " +
		b.Bind(term) + " AND b." + l.Table + "_id = " + l.Alias + ".id LIMIT 1 OFFSET 0))"
}
