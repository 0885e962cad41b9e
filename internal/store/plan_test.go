package store_test

import (
	"regexp"
	"strings"
	"testing"

	"notary/internal/store"
	"notary/internal/testkit"
)

// small matches the steps of a plan that scan a small table, named by its alias: of tens of rows, or up to a thousand
// for CRLs (l). All other tables grow with use.
var small = regexp.MustCompile(`^SCAN (a|account|account_group|t|authority|l|p|profile|rule)( USING .*)?$`)

// A list may sort what it has gathered by an index, at most some thousands, and the objects of a page.
var gathers = regexp.MustCompile(`\) page CROSS JOIN`)

// bounded matches the scans of subqueries with a limit.
var bounded = regexp.MustCompile(`^SCAN (t|u|g|older|page|\d+(-ROW VALUES CLAUSE)?|CONSTANT ROW|\(subquery-\d+\))$`)

var statementKind = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)`)

// No query scans or sorts a large table.
func TestSQLiteQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	texts := append(walked(t), store.SelectRevocations)
	if len(texts) < 50 {
		t.Fatalf("only %d statements were collected", len(texts))
	}
	path := copyOf(t, wholeDatabase(t))
	db := testkit.SQL(t, path)
	_, err := db.Exec(`PRAGMA foreign_keys = 1`) // foreign key checks are queries too
	testkit.Check(t, err)
	for _, text := range texts {
		if !statementKind.MatchString(text) {
			continue // BEGIN and the like
		}
		rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, make([]any, parameters(text))...)
		testkit.Check(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			testkit.Check(t, rows.Scan(&id, &parent, &unused, &detail))
			scan := strings.HasPrefix(detail, "SCAN") && !small.MatchString(detail)
			if scan && !bounded.MatchString(detail) || strings.Contains(detail, "TEMP B-TREE") &&
				!gathers.MatchString(text) {
				t.Errorf("%s\n\tin the plan of %s", detail, text)
			}
		}
		testkit.Check(t, rows.Err())
	}
}

var parameter = regexp.MustCompile(`\$\d+`)

// parameters returns the number of arguments of a statement.
func parameters(text string) int {
	distinct := map[string]bool{}
	for _, p := range parameter.FindAllString(text, -1) {
		distinct[p] = true
	}
	return len(distinct)
}
