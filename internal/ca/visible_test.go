package ca_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/testkit"
)

// viewWorld has requests of several accounts for several names, signed by two authorities by two profiles.
type viewWorld struct {
	*testkit.World
	root, other int64
	me, ann     notary.Caller // me has the grants
	bob         notary.Caller // a member of group
	group       int64
	requests    []int64
}

func newViewWorld(t *testing.T) *viewWorld {
	t.Helper()
	w := &viewWorld{World: testkit.New(t)}
	w.root, w.other = w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	w.me, w.ann, w.bob = newRequestor(t, w.World), newRequestor(t, w.World), newRequestor(t, w.World)
	var err error
	w.group, err = w.Auth.CreateGroup(t.Context(), w.Admin(), "team")
	testkit.Check(t, err)
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), w.group, []int64{w.bob.Principal.ID}, nil))
	for i, owner := range []notary.Caller{w.me, w.ann, w.bob, w.Admin()} {
		for j, names := range [][]string{{"a.team.example.com"}, {"b.team.example.com", "b.example.com"},
			{"c.example.org", "10.1.2.3"},
			{"10.1.2.4"}, {"d.team.example.com", "10.1.7.7"}} {
			id := submitAs(t, w.World, owner, names...)
			w.requests = append(w.requests, id)
			w.sign(t, id, i+j)
		}
	}
	return w
}

func (w *viewWorld) sign(t *testing.T, id int64, life int) {
	t.Helper()
	sign := func(authority int64, profile string) {
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: authority, Profile: profile}))
	}
	switch life % 5 {
	case 0: // outstanding
	case 1:
		sign(w.root, notary.DefaultProfile)
	case 2:
		sign(w.other, "server")
	case 3: // renewed by another authority
		sign(w.other, notary.DefaultProfile)
		sign(w.root, notary.DefaultProfile)
	case 4:
		sign(w.root, "server")
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	}
}

func (w *viewWorld) grantsToView() map[string][]notary.GrantTerms {
	team := notary.NameLists{DNS: []string{"team.example.com"}}
	return map[string][]notary.GrantTerms{
		"none":                 nil,
		"of another action":    {{Actions: []string{"request.sign"}}},
		"unlimited":            {{}},
		"an authority":         {{Authorities: []int64{w.root}}},
		"a profile":            {{Profiles: []string{"server"}}},
		"an owner":             {{Owners: []int64{w.ann.Principal.ID}}},
		"a group of owners":    {{OwnerGroups: []int64{w.group}}},
		"a domain":             {{Names: team}},
		"what is below":        {{Names: notary.NameLists{DNS: []string{".example.com"}}}},
		"a range of addresses": {{Names: notary.NameLists{IP: []string{"10.1.0.0/17"}}}},
		"an odd range":         {{Names: notary.NameLists{IP: []string{"0.0.0.0/3"}, DNS: []string{"example.org"}}}},
		"a domain and a range": {{Names: notary.NameLists{DNS: team.DNS, IP: []string{"10.1.7.0/24"}}}},
		"an authority and more": {{Authorities: []int64{w.root}, Names: team,
			Owners: []int64{w.ann.Principal.ID, w.bob.Principal.ID}}},
		"two grants": {{Names: team}, {Authorities: []int64{w.other}, Profiles: []string{"server"}}},
	}
}

// covered returns the objects that are visible by the meaning of ownership and grants alone.
func (w *viewWorld) covered(t *testing.T, all []notary.GrantTerms) (requests, certificates []int64) {
	t.Helper()
	var grants []*notary.Grant
	for _, terms := range all {
		if terms.Actions == nil {
			terms.Actions = []string{string(policy.ViewRequests)}
		}
		grants = append(grants, &notary.Grant{PrincipalID: w.me.Principal.ID, GrantTerms: terms})
	}
	shows := func(names, also notary.Names, authority int64, profile string, owner int64) bool {
		r := policy.Resource{AuthorityID: authority, Profile: profile, OwnerID: owner, Names: notary.Names{
			DNS: slices.Concat(names.DNS, also.DNS), IP: slices.Concat(names.IP, also.IP)}}
		if owner == w.bob.Principal.ID {
			r.OwnerGroups = []int64{w.group}
		}
		return owner == w.me.Principal.ID || policy.Decide(w.me.Role, grants, policy.ViewRequests, r).Allowed
	}
	visible := map[int64]bool{}
	testkit.Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), notary.Filter{}, func(c *notary.Certificate) error {
		if visible[c.ID] = shows(c.Names, notary.Names{}, c.AuthorityID, c.Profile, c.RequesterID); visible[c.ID] {
			certificates = append(certificates, c.ID)
		}
		return nil
	}))
	for _, id := range w.requests {
		r := request(t, w.World, id)
		current := &notary.Certificate{}
		if r.Certificate != nil {
			current = r.Certificate
		}
		seen := shows(r.Names, current.Names, current.AuthorityID, current.Profile, r.RequesterID)
		had, err := w.CA.CertificatesOfRequest(t.Context(), w.Admin(), id)
		testkit.Check(t, err)
		for _, c := range had {
			seen = seen && visible[c.ID]
		}
		if seen {
			requests = append(requests, id)
		}
	}
	return requests, certificates
}

func TestGrantsToView(t *testing.T) {
	t.Parallel()
	w := newViewWorld(t)
	for name, all := range w.grantsToView() {
		t.Run(name, func(t *testing.T) {
			for _, terms := range all {
				if terms.Actions == nil {
					terms.Actions = []string{string(policy.ViewRequests)}
				}
				id := grantTo(t, w.World, w.me, terms)
				defer func() { testkit.Check(t, w.Auth.DeleteGrant(context.Background(), w.Admin(), id)) }()
			}
			requests, certificates := w.covered(t, all)
			w.wantLists(t, requests, certificates)
			w.wantObjects(t, requests, certificates)
			if name == "a domain" || name == "two grants" {
				w.wantFiltered(t, requests, certificates)
			}
		})
	}
}

// pages returns the IDs on all pages of two, read in both directions. A page that is not full, or a cursor to an
// empty page, would disclose invisible objects.
func pages[T any](t *testing.T, q notary.Query,
	read func(notary.Query) (notary.Page[T], error), id func(T) int64) (ids []int64) {
	t.Helper()
	one := func() (page notary.Page[T]) {
		page, err := read(q)
		testkit.Check(t, err)
		if next := page.Next; q.Before == "" && (next != "" && len(page.Items) < 2 || q.After != "" && len(page.Items) == 0) {
			t.Errorf("a page of %d objects, with next %q", len(page.Items), next)
		}
		return page
	}
	q.Limit = 2
	page := one()
	for ; ; page = one() {
		for _, v := range page.Items {
			ids = append(ids, id(v))
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	rest := ids[:max(0, len(ids)-len(page.Items))]
	for q.Before = page.Previous; q.Before != ""; q.Before = page.Previous {
		page = one()
		if len(page.Items) == 0 || len(page.Items) > len(rest) || id(page.Items[0]) != rest[len(rest)-len(page.Items)] {
			t.Errorf("backwards: a page of %d objects before %v", len(page.Items), rest)
			break
		}
		rest = rest[:len(rest)-len(page.Items)]
	}
	return ids
}

func (w *viewWorld) requestsOf(t *testing.T, q notary.Query) []int64 {
	t.Helper()
	return pages(t, q, func(q notary.Query) (notary.Page[*notary.Request],
		error) {
		return w.CA.Requests(t.Context(), w.me, q)
	},
		func(r *notary.Request) int64 { return r.ID })
}

func (w *viewWorld) certificatesOf(t *testing.T, q notary.Query) []int64 {
	t.Helper()
	return pages(t, q, func(q notary.Query) (notary.Page[*notary.Certificate], error) {
		return w.CA.Certificates(t.Context(), w.me, q)
	},
		func(c *notary.Certificate) int64 { return c.ID })
}

func (w *viewWorld) wantLists(t *testing.T, requests, certificates []int64) {
	t.Helper()
	want := func(what string, want, got []int64) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	for _, sort := range notary.Sorts {
		want("requests by "+string(sort), requests, sorted(w.requestsOf(t, notary.Query{Sort: sort})))
		want("certificates by "+string(sort), certificates, sorted(w.certificatesOf(t, notary.Query{Sort: sort})))
	}
	var streamed, exported []int64
	testkit.Check(t, w.CA.EachRequest(t.Context(), w.me, notary.Filter{}, func(r *notary.Request) error {
		streamed = append(streamed, r.ID)
		return nil
	}))
	testkit.Check(t, w.CA.ExportCertificates(t.Context(), w.me, notary.Filter{}, nil, func(c *notary.Certificate) error {
		exported = append(exported, c.ID)
		return nil
	}))
	want("all requests", requests, streamed)
	want("the export", certificates, exported)
	overview, err := w.CA.Overview(t.Context(), w.me)
	testkit.Check(t, err)
	for _, r := range slices.Concat(overview.Outstanding, overview.ExpiringRequests) {
		if !slices.Contains(requests, r.ID) {
			t.Errorf("the overview shows request %d", r.ID)
		}
	}
	for _, c := range overview.Expiring {
		if !slices.Contains(certificates, c.ID) {
			t.Errorf("the overview shows certificate %d", c.ID)
		}
	}
}

func sorted(ids []int64) []int64 { slices.Sort(ids); return ids }

func (w *viewWorld) wantObjects(t *testing.T, requests, certificates []int64) {
	t.Helper()
	check := func(what string, id int64, visible bool, err error) {
		t.Helper()
		want := map[bool]notary.Kind{false: notary.NotFound}[visible]
		if notary.KindOf(err) != want {
			t.Errorf("%s %d: %v, want %q", what, id, err, want)
		}
	}
	for _, id := range w.requests {
		visible := slices.Contains(requests, id)
		check("request", id, visible, second(w.CA.Request(t.Context(), w.me, id)))
		check("history of request", id, visible, second(w.CA.History(t.Context(), w.me, id)))
		check("events of request", id, visible, second(w.CA.Events(t.Context(), w.me,
			notary.EventQuery{Kind: "request", ObjectID: id, Limit: 9})))
		check("key of request", id, visible, second(w.CA.Compromised(t.Context(), w.me, id)))
		check("certificates of request", id, visible, second(w.CA.CertificatesOfRequest(t.Context(), w.me, id)))
		if request(t, w.World, id).Certificate != nil {
			check("certificate of request", id, visible, second(w.CA.RequestCertificate(t.Context(), w.me, id)))
		}
	}
	testkit.Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), notary.Filter{}, func(c *notary.Certificate) error {
		visible := slices.Contains(certificates, c.ID)
		check("certificate", c.ID, visible, second(w.CA.Certificate(t.Context(), w.me, c.ID)))
		_, _, err := w.CA.Chains(t.Context(), w.me, c.ID)
		check("chains of certificate", c.ID, visible, err)
		return nil
	}))
}

// wantFiltered filters by everything that is known of each object.
func (w *viewWorld) wantFiltered(t *testing.T, requests, certificates []int64) {
	t.Helper()
	testkit.Check(t, w.CA.EachCertificate(t.Context(), w.Admin(), notary.Filter{}, func(c *notary.Certificate) error {
		if c.Names.Len() == 0 {
			return nil // of an authority
		}
		for _, f := range []notary.Filter{{Serial: c.Serial}, {Search: []string{c.Serial[:8]}}, {Fingerprint: c.Fingerprint},
			{Email: c.Email},
			{Name: c.Names.All()[0]}, {Domain: "example.com"}, {NamePrefix: c.Names.All()[0][:1]},
			{AuthorityID: c.AuthorityID}} {
			for _, id := range w.certificatesOf(t, notary.Query{Sort: notary.ByCommonName, Filter: f}) {
				if !slices.Contains(certificates, id) {
					t.Errorf("%+v finds certificate %d", f, id)
				}
			}
			for _, id := range w.requestsOf(t, notary.Query{Sort: notary.ByNotAfter, Filter: f}) {
				if !slices.Contains(requests, id) {
					t.Errorf("%+v finds request %d", f, id)
				}
			}
		}
		return nil
	}))
}

// A cursor may be that of an invisible object, and discloses nothing of it.
func TestCursorsAreSealed(t *testing.T) {
	t.Parallel()
	w := newViewWorld(t)
	grantTo(t, w.World, w.me, notary.GrantTerms{Actions: []string{"request.view"},
		Names: notary.NameLists{DNS: []string{"team.example.com"}}})
	q := notary.Query{Sort: notary.ByCommonName, Limit: 1}
	for range 50 {
		page, err := w.CA.Requests(t.Context(), w.me, q)
		testkit.Check(t, err)
		if page.Next == "" {
			return
		}
		text, err := base64.RawURLEncoding.DecodeString(string(page.Next))
		testkit.Check(t, err)
		if strings.Contains(string(text), "example") {
			t.Fatalf("a cursor tells a name: %q", text)
		}
		text[len(text)-1] ^= 1
		q.After = notary.Cursor(base64.RawURLEncoding.EncodeToString(text))
		testkit.WantField(t, second(w.CA.Requests(t.Context(), w.me, q)), "after")
		testkit.WantField(t, second(w.CA.Requests(t.Context(), w.Admin(),
			notary.Query{Sort: q.Sort, Limit: 1, After: page.Next})), "after")
		q.After = page.Next
	}
	t.Error("the list has no end")
}

// What a grant shows can be decided on by another grant, within the limits of both.
func TestSignOthersByGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me, ann := newRequestor(t, w), newRequestor(t, w)
	terms := teamTerms(root)
	grantTo(t, w, me, terms)
	id, outside := submitAs(t, w, ann, "a.team.example.com"), submitAs(t, w, ann, "a.example.com")
	testkit.WantKind(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{AuthorityID: root}), notary.NotFound)
	view := grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.view"}, Names: terms.Names})
	testkit.WantKind(t, w.CA.Sign(t.Context(), me, outside, ca.SignOptions{AuthorityID: root}), notary.NotFound)
	testkit.Check(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{AuthorityID: root}))
	testkit.WantKind(t, w.CA.Reject(t.Context(), me, id, ""), notary.Forbidden)
	testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), view))
	testkit.WantKind(t, w.CA.Sign(t.Context(), me, id, ca.SignOptions{}), notary.NotFound)
}

// A long list stops soon after the grant is deleted.
func TestListsEndWithTheGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := newRequestor(t, w)
	for i := range 130 {
		submitAs(t, w, w.Admin(), fmt.Sprintf("h%d.team.example.com", i))
	}
	grant := grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.view"},
		Names: notary.NameLists{DNS: []string{"team.example.com"}}})
	n := 0
	testkit.Check(t, w.CA.EachRequest(t.Context(), me, notary.Filter{}, func(*notary.Request) error {
		if n++; n == 1 {
			testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), grant))
		}
		return nil
	}))
	if n < 1 || n >= 100 {
		t.Errorf("%d requests were listed", n)
	}
}

// Clients poll the whole list: one event stands for a minute of it, for each account and list.
func TestWholeListsAreRecordedOncePerMinute(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	exports := func() (n int) {
		t.Helper()
		page, err := w.CA.Events(t.Context(), w.Admin(), notary.EventQuery{Kind: "inventory", Limit: 100})
		testkit.Check(t, err)
		return len(page.Items)
	}
	read := func(caller notary.Caller) {
		t.Helper()
		testkit.Check(t, w.CA.AllRequests(t.Context(), caller, func(*notary.Request) error { return nil }))
		testkit.Check(t, w.CA.AllCertificates(t.Context(), caller, func(*notary.Certificate) error { return nil }))
	}
	for range 3 {
		read(w.Admin())
	}
	read(w.Caller(notary.ReadOnly))
	if n := exports(); n != 4 {
		t.Errorf("%d events in the first minute, want 4", n)
	}
	w.Clock.Advance(time.Minute)
	read(w.Admin())
	if n := exports(); n != 6 {
		t.Errorf("%d events after a minute, want 6", n)
	}
}
