package store_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
	"notary/internal/store/query"
	"notary/internal/testkit"
)

func scopeGrants(e *estate) [][]notary.GrantTerms {
	names := func(n notary.NameLists) notary.GrantTerms { return notary.GrantTerms{Names: n} }
	return [][]notary.GrantTerms{
		{{Authorities: []int64{e.issuers[0].ID}}},
		{{Profiles: []string{"server", "none"}}},
		{{Owners: []int64{2, 77}}},
		{{OwnerGroups: []int64{1}}},
		{names(notary.NameLists{DNS: []string{"prod.example.com"}})},
		{names(notary.NameLists{DNS: []string{".example.com", "corp"}})},
		{names(notary.NameLists{DNS: zones, IP: []string{"10.0.0.0/24"},
			URI: []string{"spiffe://example.com/web", "example.org"}})},
		{names(notary.NameLists{DNS: zones, IP: []string{"10.0.0.0/15"}, URI: []string{".example", "spiffe://corp/"}})},
		{names(notary.NameLists{DNS: zones, IP: []string{"0.0.0.0/1", "10.0.1.7"}, URI: []string{"corp"}})},
		{{Authorities: []int64{e.issuers[1].ID}, Owners: []int64{1, 2},
			Names: notary.NameLists{DNS: []string{"example.org"}}},
			{Owners: []int64{3}, Names: notary.NameLists{DNS: []string{"example.com"}}}},
	}
}

// A query within a scope finds everything that the account owns or a grant covers, and nothing outside of the other
// limits, on every plan.
func TestScopes(t *testing.T) {
	for name, limits := range map[string]query.Limits{
		"at a glance": {Glance: 3, Few: 10_000, Step: 10_000, Steps: 10},
		"gathered":    {Few: 10_000, Step: 10_000, Steps: 10},
		"in steps":    {Few: 3, Step: 7, Steps: 5},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, 150, store.SearchLimits(limits))
			for _, terms := range scopeGrants(e) {
				e.checkScope(t, notary.Scope{AccountID: 1, Email: mails[0], Grants: terms})
			}
		})
	}
}

func (e *estate) checkScope(t *testing.T, scope notary.Scope) {
	t.Helper()
	var least, most []int64
	testkit.Check(t, e.store.EachCertificate(t.Context(), notary.Filter{}, func(c *notary.Certificate) error {
		r := policy.Resource{AuthorityID: c.AuthorityID, Profile: c.Profile, OwnerGroupID: c.OwnerGroupID, Names: c.Names}
		if c.OwnerGroupID == 0 {
			r.OwnerID = c.RequesterID
		}
		if !slices.Contains(c.Names.All(), c.CommonName) {
			r.CommonNames = []string{c.CommonName}
		}
		if within(scope, r, true) {
			least = append(least, c.ID)
		}
		if within(scope, r, false) {
			most = append(most, c.ID)
		}
		return nil
	}))
	for _, sort := range notary.Sorts {
		q := notary.Query{Filter: notary.Filter{Scope: &scope}, Sort: sort, Limit: 1 + e.rand.IntN(30)}
		got := pagesOf(t, q, e.store.Certificates, func(c *notary.Certificate) int64 { return c.ID }, func() {})
		slices.Sort(got)
		missing := slices.DeleteFunc(slices.Clone(least), func(id int64) bool { return slices.Contains(got, id) })
		beyond := slices.DeleteFunc(slices.Clone(got), func(id int64) bool { return slices.Contains(most, id) })
		if len(missing)+len(beyond) > 0 || len(got) != len(slices.Compact(slices.Clone(got))) {
			t.Errorf("%+v by %s: %v are missing, %v are not within the other limits", scope, sort, missing, beyond)
		}
	}
	e.checkScopeOfRequests(t, scope)
}

func (e *estate) checkScopeOfRequests(t *testing.T, scope notary.Scope) {
	t.Helper()
	id := func(r *notary.Request) int64 { return r.ID }
	q := notary.Query{Filter: notary.Filter{Scope: &scope}, Sort: notary.ByID, Limit: 20}
	want := pagesOf(t, q, e.store.Requests, id, func() {})
	for _, sort := range notary.Sorts {
		q.Sort = sort
		got := pagesOf(t, q, e.store.Requests, id, func() {})
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%+v by %s (-by id +got):\n%s", scope, sort, diff)
		}
	}
}

// within reports whether an object is in the scope, with the limits of names or without.
func within(scope notary.Scope, r policy.Resource, names bool) bool {
	var grants []*notary.Grant
	for _, terms := range scope.Grants {
		terms.Actions = []string{string(policy.ViewRequests)}
		if !names {
			terms.Names = notary.NameLists{}
		}
		grants = append(grants, &notary.Grant{GrantTerms: terms})
	}
	return r.OwnerID == scope.AccountID || policy.Covers(grants, policy.ViewRequests, r)
}
