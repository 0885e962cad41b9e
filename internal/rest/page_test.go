package rest_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func TestPages(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for sort, want := range map[string]string{
		"":                                "web api mail short books",
		"sort=id":                         "web api mail short books",
		"sort=-id":                        "books short mail api web",
		"sort=not_after":                  "short web api mail books", // those without an expiry come last
		"sort=-not_after":                 "books mail api web short",
		"sort=common_name":                "books api short mail web",
		"sort=-common_name&status=Active": "web short",
	} {
		for _, limit := range []int{1, 2, 3, 5, 6, 1000} {
			query := fmt.Sprintf("limit=%d&%s", limit, sort)
			if got := strings.Join(s.found(t, s.admin(t), query), " "); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
	}
	page := pageOf(t, s.admin(t), requestsPath, "limit=3", "")
	if len(page.Result) != 3 || page.Next == "" {
		t.Errorf("%d objects, next %q: want 3 and a cursor", len(page.Result), page.Next)
	}
	if all := pageOf(t, s.admin(t), requestsPath, "limit=5", ""); len(all.Result) != 5 || all.Next != "" {
		t.Errorf("%d objects, next %q: want all and no cursor", len(all.Result), all.Next)
	}
	whole := parse(t, call(t, s.admin(t), "GET", requestsPath, nil).Body)
	paged := parse(t, call(t, s.admin(t), "GET", requestsPath+"?limit=1000", nil).Body)
	if diff := cmp.Diff(whole, paged); diff != "" {
		t.Errorf("a page of everything differs from the list (-list +page):\n%s", diff)
	}
}

func TestPagesBackwards(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for _, query := range []string{"limit=2", "limit=2&sort=-id", "limit=1&sort=common_name&status=Active"} {
		first := pageOf(t, s.admin(t), requestsPath, query, "")
		next := pageOf(t, s.admin(t), requestsPath, query, first.Next)
		if first.Previous != "" || next.Previous == "" {
			t.Fatalf("%s: previous is %q on the first page, %q on the next", query, first.Previous, next.Previous)
		}
		again := pageOf(t, s.admin(t), requestsPath, query+"&before="+next.Previous, "")
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("%s: the page before the second (-first +again):\n%s", query, diff)
		}
	}
	next := pageOf(t, s.admin(t), requestsPath, "limit=2", "").Next
	path := requestsPath + "?limit=2&before=" + next
	call(t, s.admin(t), "GET", path, nil).wantStatus(t, 200)
	for query, field := range map[string]string{"&after=" + next: "before", "&sort=-id": "before"} {
		if got := call(t, s.admin(t), "GET", path+query, nil).wantRefusal(t, 400, "invalid"); got.Field != field {
			t.Errorf("%s: field %q: %s", query, got.Field, got.Error)
		}
	}
}

func TestDefaultPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	testkit.Fill(t, h.Store, h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256)), 150)
	for _, path := range []string{requestsPath, certificatesPath} {
		page := pageOf(t, h.admin(t), path, "sort=id", "")
		if len(page.Result) != 100 || page.Next == "" {
			t.Errorf("%s: %d objects, next %q", path, len(page.Result), page.Next)
		}
		if n := len(idsOf(t, h.admin(t), path, "sort=id", "id")); n < 151 {
			t.Errorf("%s: %d on all pages", path, n)
		}
	}
}

// Objects that exist throughout are returned exactly once, and none twice.
func TestPagesDuringChanges(t *testing.T) {
	t.Parallel()
	for _, sort := range []string{"id", "-id", "common_name", "-common_name", "not_after", "-not_after"} {
		t.Run(sort, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			root := h.Root(t, notary.ECDSAP256)
			var stay []int64
			for range 8 {
				stay = append(stay, h.Signed(t, h.Admin(), root))
			}
			var seen []int64
			for after := ""; ; {
				page := pageOf(t, h.admin(t), requestsPath, "limit=2&sort="+sort, after)
				for _, object := range page.Result {
					id := int64(object["id"].(float64))
					if slices.Contains(seen, id) {
						t.Errorf("request %d is listed twice", id)
					}
					seen = append(seen, id)
				}
				if page.Next == "" || len(seen) > 100 {
					break
				}
				after = page.Next
				if slices.Contains(stay, seen[len(seen)-1]) { // the place of the cursor itself goes
					testkit.Check(t, h.CA.Delete(t.Context(), h.Admin(), seen[len(seen)-1]))
				}
				if len(seen) < 5 {
					h.Signed(t, h.Admin(), root)
				}
			}
			for _, id := range stay {
				if !slices.Contains(seen, id) {
					t.Errorf("request %d is missing", id)
				}
			}
		})
	}
}

func TestForeignCursors(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := s.admin(t)
	const query = "limit=1&sort=common_name&domain=example.com"
	cursor := pageOf(t, c, requestsPath, query, "").Next
	if got := pageOf(t, c, requestsPath, query, cursor); len(got.Result) != 1 {
		t.Fatalf("the cursor returns %d objects", len(got.Result))
	}
	if got := pageOf(t, c, requestsPath, "limit=7&sort=common_name&domain=.EXAMPLE.com", cursor); len(got.Result) != 1 {
		t.Errorf("with another limit and the same domain written otherwise: %d objects", len(got.Result))
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	testkit.Check(t, err)
	changed := func(i int) string {
		b := slices.Clone(raw)
		b[i] ^= 4
		return base64.RawURLEncoding.EncodeToString(b)
	}
	with := func(cursor string) string { return requestsPath + "?" + query + "&after=" + cursor }
	cases := map[string]string{
		"of another list":      certificatesPath + "?" + query + "&after=" + cursor,
		"of another filter":    requestsPath + "?limit=1&sort=common_name&domain=example.org&after=" + cursor,
		"of no filter":         requestsPath + "?limit=1&sort=common_name&after=" + cursor,
		"of one filter more":   with(cursor) + "&status=Active",
		"of another order":     requestsPath + "?limit=1&sort=-common_name&domain=example.com&after=" + cursor,
		"of the default order": requestsPath + "?limit=1&domain=example.com&after=" + cursor,
		"of another version":   with(changed(0)),
		"with another place":   with(changed(len(raw) - 1)),
		"truncated":            with(cursor[:len(cursor)-2]),
		"cut to almost none":   with(cursor[:3]),
		"with more behind":     with(cursor + "AAAA"),
		"padded":               with(cursor + "%3D%3D"),
		"not base64":           with("%21%21"),
		"a number":             with("3"),
		"an id":                with("12345678901234567890"),
		"a quote":              with("'"),
		"a NUL":                with("%00"),
		"not UTF-8":            with("%ff%fe"),
		"very long":            with(strings.Repeat("A", 20_000)),
	}
	for i := range raw {
		cases[fmt.Sprintf("with a bit changed in octet %d", i)] = with(changed(i))
	}
	for name, path := range cases {
		if refusal := call(t, c, "GET", path, nil).wantRefusal(t, 400, "invalid"); refusal.Field != "after" {
			t.Errorf("%s: field %q", name, refusal.Field)
		}
	}
	call(t, c, "GET", requestsPath+"?after="+cursor, nil).wantRefusal(t, 400, "invalid")
	s.wantOtherCallersRefused(t, query, cursor)
}

// wantOtherCallersRefused checks that a Certificate Requestor, who sees another list, cannot use the cursor.
func (s *shelf) wantOtherCallersRefused(t *testing.T, query, cursor string) {
	t.Helper()
	path := requestsPath + "?" + query + "&after=" + cursor
	call(t, s.as(t, notary.ReadOnly), "GET", path, nil).wantStatus(t, 200)
	call(t, s.as(t, notary.CertificateRequestor), "GET", path, nil).wantRefusal(t, 400, "invalid")
}

func TestClientFollowsPages(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var got []int64
	query := api.RequestQuery{Paging: api.Paging{Limit: 2, Sort: "-id"},
		RequestFilter: api.RequestFilter{Filter: api.Filter{Q: "example"}}}
	for r, err := range s.admin(t).FindCertificateRequests(t.Context(), query) {
		testkit.Check(t, err)
		got = append(got, r.ID)
	}
	if want := []int64{s.ids["books"], s.ids["short"], s.ids["mail"], s.ids["api"], s.ids["web"]}; !slices.Equal(got,
		want) {
		t.Errorf("requests %d, want %d", got, want)
	}
	n := 0
	for _, err := range s.admin(t).FindCertificates(t.Context(), api.CertificateQuery{}) {
		testkit.Check(t, err)
		n++
	}
	if n != 4 {
		t.Errorf("%d certificates, want 4", n)
	}
	for _, err := range s.admin(t).FindCertificates(t.Context(),
		api.CertificateQuery{Paging: api.Paging{Sort: "colour"}}) {
		testkit.WantKind(t, err, notary.Invalid)
	}
}
