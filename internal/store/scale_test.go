//go:build !race

// make test runs this file without the race detector, which would take minutes and find nothing.

package store_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// No query of a method, nor of a list with any filter and order, scans a table of a hundred thousand rows on either
// engine.
func TestPlansWithAHundredThousandRows(t *testing.T) {
	const rows = 100_000
	database := testkit.Database(t)
	s, clock := openAt(t, database)
	var issuers []int64
	for range 10 {
		issuers = append(issuers, newAuthority(t, s).ID)
	}
	testkit.Check(t, s.Fill(t.Context(), labelled(lives(issuers, clock.Now(), rows))))
	record, asked := store.Record(s)
	walk(t, record, clock.Now())
	list(t, record, issuers[0], clock.Now())
	t.Logf("%d statements", len(*asked))
	if len(*asked) < 150 {
		t.Errorf("only %d statements were recorded", len(*asked))
	}
	if testkit.OnPostgres() {
		postgresPlans(t, s, *asked)
	} else {
		sqlitePlans(t, database, *asked)
	}
}

// labelled gives every second request to one of the groups 3 to 5, and every third one a team.
func labelled(lives iter.Seq[store.Life]) iter.Seq[store.Life] {
	return func(yield func(store.Life) bool) {
		n := int64(0)
		for l := range lives {
			if n++; n%2 == 0 {
				l.Request.OwnerGroupID = 3 + n%3
			}
			if n%3 == 0 {
				l.Request.Labels = notary.Labels{"team": fmt.Sprintf("t-%d", n%1000)}
			}
			if !yield(l) {
				return
			}
		}
	}
}

// list requests lists with every filter, alone and in pairs, in every order.
func list(t *testing.T, s *store.Store, issuer int64, now time.Time) {
	t.Helper()
	yes, no := true, false
	filters := []func(*notary.Filter){
		func(f *notary.Filter) {},
		func(f *notary.Filter) { f.Email = "owner-1@example.com" },
		func(f *notary.Filter) { f.Email, f.Owner = "owner-1@example.com", 2 },
		func(f *notary.Filter) { f.Status = notary.Outstanding },
		func(f *notary.Filter) { f.Revoked = &yes },
		func(f *notary.Filter) { f.Revoked = &no },
		func(f *notary.Filter) { f.AuthorityID = issuer },
		func(f *notary.Filter) { f.Serial = "9e3779b97f4a7c150000000000000000" },
		func(f *notary.Filter) { f.Fingerprint = fmt.Sprintf("9e3779b97f4a7c15%048x", 1) },
		func(f *notary.Filter) { f.Key = "RSA 2048" },
		func(f *notary.Filter) { f.Name = "web-15.zone-15.example.com" },
		func(f *notary.Filter) { f.NamePrefix = "web-" },
		func(f *notary.Filter) { f.Domain = "zone-15.example.com" },
		func(f *notary.Filter) { f.Domain = "example.com" },
		func(f *notary.Filter) { f.Labels = []string{"team"} },
		func(f *notary.Filter) { f.Labels = []string{"team:t-15"} },
		func(f *notary.Filter) { f.Search = []string{"zone-15."} },
		func(f *notary.Filter) { f.Search = []string{"team:t-15"} },
		func(f *notary.Filter) { f.Search = []string{"9e37"} },
		func(f *notary.Filter) { f.ExpiresAfter, f.ExpiresBefore = now, now.AddDate(0, 0, 7) },
	}
	for i, one := range filters {
		for _, other := range filters[:i+1] {
			for _, sort := range notary.Sorts {
				q := notary.Query{Sort: sort, Limit: 100}
				one(&q.Filter)
				other(&q.Filter)
				revoked := q.Filter.Revoked
				q.Filter.Revoked = nil // certificates only
				_, err := s.Requests(t.Context(), q)
				testkit.Check(t, err)
				q.Filter.Revoked = revoked
				q.Filter.Status = "" // requests only
				_, err = s.Certificates(t.Context(), q)
				testkit.Check(t, err)
			}
		}
	}
}

func sqlitePlans(t *testing.T, database string, asked []store.Asked) {
	db := testkit.SQL(t, database)
	for _, a := range asked {
		text := a.Text
		rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, make([]any, parameters(text))...)
		testkit.Check(t, err)
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			testkit.Check(t, rows.Scan(&id, &parent, &unused, &detail))
			plan = append(plan, detail)
		}
		testkit.Check(t, rows.Err())
		for _, detail := range plan {
			scan := strings.HasPrefix(detail, "SCAN") && !small.MatchString(detail) && !bounded.MatchString(detail)
			if scan || strings.Contains(detail, "TEMP B-TREE") && !gathers.MatchString(text) {
				t.Errorf("%s\n\tin the plan of %s\n\t%s", detail, text, strings.Join(plan, "\n\t"))
			}
		}
	}
}

func postgresPlans(t *testing.T, s *store.Store, asked []store.Asked) {
	for _, a := range asked {
		plan, err := store.ExplainPostgres(t.Context(), s, a)
		testkit.Check(t, err)
		for _, table := range scanned(t, plan) {
			t.Errorf("a full scan of %s\n\tin the plan of %s\n%s", table, a.Text, plan)
		}
	}
}

func scanned(t *testing.T, plan string) (tables []string) {
	t.Helper()
	var nodes []map[string]any
	testkit.Check(t, json.Unmarshal([]byte(plan), &nodes))
	var look func(any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				look(each)
			}
		case map[string]any:
			name, _ := v["Relation Name"].(string)
			node, _ := v["Node Type"].(string)
			_, narrowed := v["Index Cond"]
			whole := node == "Seq Scan" || strings.HasPrefix(node, "Index") && !narrowed
			few := []string{"access_grant", "account", "account_group", "authority", "issuer_chain", "principal", "profile",
				"profile_version", "rule", "rule_set", "rule_version", "token"} // tens of rows in this database
			if whole && !slices.Contains(few, name) {
				tables = append(tables, name)
			}
			for _, each := range v {
				look(each)
			}
		}
	}
	for _, node := range nodes {
		look(node["Plan"])
	}
	return tables
}
