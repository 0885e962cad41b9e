package store_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/query"
	"notary/internal/testkit"
)

// For random data and filters, walking the pages returns the same as a scan of all objects, for each plan.
func TestPagesMatchAScan(t *testing.T) {
	for _, tt := range []struct {
		name            string
		limits          query.Limits
		objects, trials int
	}{
		{"at a glance", query.Limits{Glance: 3, Few: 10_000, Step: 10_000, Steps: 10}, 200, 40},
		{"gathered", query.Limits{Few: 10_000, Step: 10_000, Steps: 10}, 200, 40},
		{"in steps", query.Limits{Few: 3, Step: 7, Steps: 5}, 200, 40},
		{"in single steps", query.Limits{Few: 0, Step: 1, Steps: 2}, 50, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEstate(t, tt.objects, store.SearchLimits(tt.limits))
			for range tt.trials {
				e.checkRequests(t, e.filter(), e.sort())
				e.checkCertificates(t, e.filter(), e.sort())
			}
		})
	}
}

func (e *estate) checkRequests(t *testing.T, f notary.Filter, sort notary.Sort) {
	t.Helper()
	f.Revoked = nil // of certificates only
	var all []*notary.Request
	testkit.Check(t, e.store.EachRequest(t.Context(), notary.Filter{},
		func(r *notary.Request) error { all = append(all, r); return nil }))
	want := plain(all, sort, func(r *notary.Request) object {
		o := object{id: r.ID, end: time.Unix(1<<60, 0), commonName: r.CommonName, names: r.Names, email: r.Email,
			owner: r.RequesterID, group: r.OwnerGroupID,
			key: r.Key, status: string(r.Status), fingerprint: r.Fingerprint, fits: f.Status == "" ||
				r.Status == f.Status}
		if c := r.Certificate; c != nil {
			o.authority, o.end, o.certified = c.AuthorityID, c.NotAfter, true
		}
		o.serials = e.serialsOf(t, r.ID)
		return o
	}, f)
	walkPages(t, e, f, sort, e.store.Requests, func(r *notary.Request) int64 { return r.ID }, want)
}

// serialsOf returns the serial numbers of all certificates of a request. It caches them: the estate does not change.
func (e *estate) serialsOf(t *testing.T, id int64) []string {
	t.Helper()
	if _, known := e.serials[id]; !known {
		had, err := e.store.CertificatesOfRequest(t.Context(), id)
		testkit.Check(t, err)
		e.serials[id] = nil
		for _, c := range had {
			e.serials[id] = append(e.serials[id], c.Serial)
		}
	}
	return e.serials[id]
}

func (e *estate) checkCertificates(t *testing.T, f notary.Filter, sort notary.Sort) {
	t.Helper()
	f.Status = "" // of requests only
	var all []*notary.Certificate
	testkit.Check(t, e.store.EachCertificate(t.Context(), notary.Filter{},
		func(c *notary.Certificate) error { all = append(all, c); return nil }))
	want := plain(all, sort, func(c *notary.Certificate) object {
		return object{id: c.ID, end: c.NotAfter, commonName: c.CommonName, names: c.Names, email: c.Email,
			owner: c.RequesterID, group: c.OwnerGroupID, key: c.Key,
			fingerprint: c.Fingerprint, serials: []string{c.Serial}, authority: c.AuthorityID, certified: true,
			fits: f.Revoked == nil || (c.Revocation != nil) == *f.Revoked}
	}, f)
	walkPages(t, e, f, sort, e.store.Certificates, func(c *notary.Certificate) int64 { return c.ID }, want)
}

type object struct {
	id, owner, group, authority         int64
	end                                 time.Time
	commonName, email, key, fingerprint string
	status                              string
	serials                             []string
	names                               notary.Names
	fits, certified                     bool
}

// plain returns the expected IDs, from the definition of the filter alone.
func plain[T any](all []T, sort notary.Sort, look func(T) object, f notary.Filter) (ids []int64) {
	var fit []object
	for _, v := range all {
		if o := look(v); o.fits && o.matches(f) {
			fit = append(fit, o)
		}
	}
	slices.SortFunc(fit, func(a, b object) int {
		by := 0
		switch strings.TrimPrefix(string(sort), "-") {
		case "not_after":
			by = a.end.Compare(b.end)
		case "common_name":
			by = strings.Compare(a.commonName, b.commonName)
		}
		if by = cmp.Or(by, cmp.Compare(a.id, b.id)); strings.HasPrefix(string(sort), "-") {
			by = -by
		}
		return by
	})
	for _, o := range fit {
		ids = append(ids, o.id)
	}
	return ids
}

func (o object) matches(f notary.Filter) bool {
	for _, word := range f.Search {
		if !o.anyName(func(name string) bool { return beginsALabel(name, word) }) &&
			!strings.HasPrefix(o.email, word) &&
			!(len(word) >= 4 && (o.anySerial(word) || strings.HasPrefix(o.fingerprint, word))) &&
			!strings.EqualFold(o.status, word) && !(len(word) >= 3 && beginsALabel(strings.ToLower(o.key), word)) {
			return false
		}
	}
	domain := strings.ToLower(f.Domain)
	return (f.Email == "" || o.email == f.Email) && (f.Owner == 0 || o.owner == f.Owner && o.group == 0) &&
		(f.OwnerEmail == "" || o.email == f.OwnerEmail && o.group == 0) && (f.OwnerGroup == 0 || o.group == f.OwnerGroup) &&
		(f.AuthorityID == 0 || o.authority == f.AuthorityID) && (f.Key == "" || o.key == f.Key) &&
		(f.Name == "" || o.anyName(func(name string) bool { return name == strings.ToLower(f.Name) })) &&
		(f.NamePrefix == "" || o.anyName(func(name string) bool {
			return strings.HasPrefix(name, strings.ToLower(f.NamePrefix))
		})) &&
		(domain == "" || o.anyName(func(name string) bool { return name == domain || endsWithLabels(name, domain) })) &&
		(f.ExpiresAfter.IsZero() || o.certified && !o.end.Before(f.ExpiresAfter)) &&
		(f.ExpiresBefore.IsZero() || o.certified && o.end.Before(f.ExpiresBefore))
}

func (o object) anySerial(word string) bool {
	return slices.ContainsFunc(o.serials, func(serial string) bool { return strings.HasPrefix(serial, word) })
}

func (o object) anyName(fits func(string) bool) bool {
	for _, name := range slices.Concat([]string{o.commonName}, o.names.DNS, o.names.IP, o.names.Email, o.names.URI) {
		if fits(strings.ToLower(name)) {
			return true
		}
	}
	return false
}

const separators = ".@/: "

func beginsALabel(name, word string) bool {
	word = strings.ToLower(word)
	for i := range name {
		if (i == 0 || strings.IndexByte(separators, name[i-1]) >= 0) && strings.HasPrefix(name[i:], word) {
			return true
		}
	}
	return false
}

func endsWithLabels(name, domain string) bool {
	rest, ok := strings.CutSuffix(name, domain)
	return ok && rest != "" && strings.IndexByte(separators, rest[len(rest)-1]) >= 0
}

func walkPages[T any](t *testing.T, e *estate, f notary.Filter, sort notary.Sort,
	read func(context.Context, notary.Query) (notary.Page[T], error), id func(T) int64, want []int64) {
	t.Helper()
	q := notary.Query{Filter: f, Sort: sort, Limit: 1 + e.rand.IntN(30)}
	if diff := gocmp.Diff(want, pagesOf(t, q, read, id, func() {})); diff != "" {
		t.Fatalf("%+v by %s in pages of %d (-want +got):\n%s", f, sort, q.Limit, diff)
	}
	there, back := thereAndBack(t, q, read, id)
	if diff := gocmp.Diff(want, back); diff != "" {
		t.Fatalf("%+v by %s in pages of %d, from the end (-want +got):\n%s", f, sort, q.Limit, diff)
	}
	if diff := gocmp.Diff(want, there); diff != "" {
		t.Fatalf("%+v by %s in pages of %d, to the end, back, and there again (-want +got):\n%s", f, sort, q.Limit,
			diff)
	}
}

// thereAndBack returns the IDs on all pages, walked backwards and then forwards again.
func thereAndBack[T any](t *testing.T, q notary.Query, read func(context.Context, notary.Query) (notary.Page[T], error),
	id func(T) int64) (there, back []int64) {
	t.Helper()
	turnPage := func() (page notary.Page[T]) {
		page, err := read(t.Context(), q)
		testkit.Check(t, err)
		return page
	}
	ids := func(page notary.Page[T]) (ids []int64) {
		for _, v := range page.Items {
			ids = append(ids, id(v))
		}
		return ids
	}
	page := turnPage()
	if page.Previous != "" {
		t.Error("the first page has a previous one")
	}
	for page.Next != "" {
		q.After = page.Next
		page = turnPage()
	}
	back, q.After = ids(page), ""
	for page.Previous != "" {
		q.Before = page.Previous
		page = turnPage()
		back = append(ids(page), back...)
	}
	there, q.Before = ids(page), ""
	for page.Next != "" {
		q.After = page.Next
		page = turnPage()
		there = append(there, ids(page)...)
	}
	return there, back
}

// pagesOf returns the IDs on all pages, calling between after each.
func pagesOf[T any](t *testing.T, q notary.Query, read func(context.Context, notary.Query) (notary.Page[T], error),
	id func(T) int64, between func()) (ids []int64) {
	t.Helper()
	for {
		page, err := read(t.Context(), q)
		testkit.Check(t, err)
		if len(page.Items) > q.Limit {
			t.Fatalf("a page of %d has %d objects", q.Limit, len(page.Items))
		}
		for _, v := range page.Items {
			ids = append(ids, id(v))
		}
		if page.Next == "" {
			return ids
		}
		q.After = page.Next
		between()
	}
}

// While objects are added and removed, those that remain are listed once and in order.
func TestPagesDuringChanges(t *testing.T) {
	e := newEstate(t, 200, store.SearchLimits(query.Limits{Few: 5, Step: 20, Steps: 3}))
	var loose []*notary.Request
	come := func() {
		e.requests++
		loose = append(loose, newRequest(t, e.store, 9, e.requests))
	}
	leave := func() {
		i := e.rand.IntN(len(loose))
		write(t, e.store, func(tx *store.Tx) error { return tx.DeleteRequest(loose[i]) })
		loose = slices.Delete(loose, i, i+1)
	}
	for range 40 {
		come()
	}
	id := func(r *notary.Request) int64 { return r.ID }
	stays := map[int64]bool{}
	testkit.Check(t, e.store.EachRequest(t.Context(), notary.Filter{}, func(r *notary.Request) error {
		stays[r.ID] = r.RequesterID != 9
		return nil
	}))
	for range 30 {
		q := notary.Query{Filter: e.filter(), Sort: e.sort(), Limit: 1 + e.rand.IntN(15)}
		q.Filter.Revoked = nil
		want := pagesOf(t, q, e.store.Requests, id, func() {})
		got := pagesOf(t, q, e.store.Requests, id, func() { come(); leave() })
		if twice := slices.Compact(slices.Sorted(slices.Values(got))); len(twice) != len(got) {
			t.Errorf("%+v: an object is repeated", q)
		}
		gone := func(id int64) bool { return !stays[id] }
		if diff := gocmp.Diff(slices.DeleteFunc(want, gone), slices.DeleteFunc(got, gone)); diff != "" {
			t.Errorf("%+v: remaining objects (-want +got):\n%s", q, diff)
		}
	}
}

// Frequent terms are recognised from a sample, without counting them.
func TestFrequentTermsAreNotCounted(t *testing.T) {
	t.Parallel()
	e := newEstate(t, 200)
	st, asked := store.Record(e.store)
	page, err := st.Requests(t.Context(), notary.Query{Filter: notary.Filter{Search: []string{"example"}},
		Sort: notary.ByIDDown, Limit: 2})
	testkit.Check(t, err)
	if len(page.Items) != 2 {
		t.Errorf("got %d requests", len(page.Items))
	}
	for _, a := range *asked {
		if strings.Contains(a.Text, "COUNT(*)") {
			t.Errorf("asked: %s", a.Text)
		}
	}
}
