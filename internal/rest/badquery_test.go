package rest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"notary"
)

// badFilters are invalid values by parameter, for queries and the body of a bulk call.
var badFilters = map[string][]string{
	"status":                   {"outstanding", "OUTSTANDING", "Open", "Active,Revoked", " Active", "0", "null"},
	"certificate_authority_id": {"0", "-1", "1.5", "x", "9223372036854775808", "1e3"},
	"serial_number":            {"xyz", "0x1", "+1", "1 2", "g", ":", "--1", strings.Repeat("f", 301), "１２"},
	"fingerprint": {"ab", "x", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 65),
		strings.Repeat("a", 10_000)},
	"domain": {".", "*", "*.", "10.0.0.7", "2001:db8::1", "me@example.com", "https://example.com/", "a b",
		"a.*.b", strings.Repeat("a", 10_000)},
	"expires_after": {"yesterday", "2027-01-31", "2027-01-31 12:00:00", "1767225600", "2027-02-30T00:00:00Z",
		"2027-01-31T12:00:00+01", "10000-01-01T00:00:00Z", "30d"},
	"expires_before": {"never", "-1", "2027-13-01T00:00:00Z"},
	"expiring":       {"soon", "0", "-30d", "30 d", "1.5d", "99999d", "2027-01-31T00:00:00Z"},
	"name":           {" ", "a\x00b", strings.Repeat("a", 10_000)},
	"name_prefix":    {" ", "\x00", strings.Repeat("a", 301)},
	"label":          {" ", "1team", "team:", "team=", "te am:x", "team:\x00", "team:" + strings.Repeat("v", 256), ":x"},
	"key":            {" ", "RSA \x00", strings.Repeat("k", 301)},
	"owner":          {" ", "\x00@example.com", strings.Repeat("g", 301)},
	"email":          {" ", "\x00@example.com", strings.Repeat("e", 301)},
	"q": {" ", "\t \n", "a\x00", "1 2 3 4 5 6 7 8 9", strings.Repeat("q", 10_000),
		strings.Repeat("q ", 5_000), strings.Repeat("字", 301)},
}

func TestBadFilters(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	h.wantUnchanged(t, func() {
		for field, values := range badFilters {
			for _, value := range values {
				query := "?" + field + "=" + url.QueryEscape(value)
				for _, path := range []string{requestsPath, certificatesPath, certificatesPath + "/export"} {
					if field == "status" && path != requestsPath {
						continue
					}
					if refusal := call(t, c, "GET", path+query, nil).wantRefusal(t, 400, "invalid"); refusal.Field != field {
						t.Errorf("%s%.100s: field %q: %s", path, query, refusal.Field, refusal.Error)
					}
				}
				sent := any(value)
				if field == "label" {
					sent = []string{value}
				}
				body := map[string]any{"filter": map[string]any{field: sent}, "expected": 1}
				refusal := call(t, c, "POST", requestsPath+"/reject", body).wantRefusal(t, 400, "invalid")
				if refusal.Field != field && refusal.Field != "filter."+field {
					t.Errorf("filter %.100q: %.100q: field %q: %s", field, value, refusal.Field, refusal.Error)
				}
			}
		}
	})
}

func TestBadQueries(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	bad := map[string]string{
		"limit=0": "limit", "limit=-1": "limit", "limit=1001": "limit", "limit=1000000000": "limit",
		"limit=99999999999999999999": "limit",
		"limit=1.5":                  "limit", "limit=all": "limit", "limit=%C2%BD": "limit", "limit=1e2": "limit",
		"sort=Id": "sort", "sort=%2Bid": "sort", "sort=created_at": "sort", "sort=id,-id": "sort", "sort=--id": "sort",
		"sort=id%3B--": "sort",
		"nothing=":     "nothing", "limit=1&limit=2": "limit", "q=a&q=b": "q", "Limit=1": "Limit", "offset=1": "offset",
		"name[]=a": "name[]", "filter=x": "filter",
		"name=%FF": "name", "q=%C3%28": "q", "email=%ff%fe": "email",
		"expires_after=2027-01-02T00:00:00Z&expires_before=2027-01-01T00:00:00Z": "expires_before",
		"expires_after=2027-01-01T00:00:00Z&expires_before=2027-01-01T00:00:00Z": "expires_before",
		"after=" + strings.Repeat("A", 30_000):                                   "after",
	}
	of := map[string]map[string]string{
		requestsPath: {"revoked=true": "revoked", "format=csv": "format"},
		certificatesPath: {"status=Active": "status", "revoked=yes": "revoked", "revoked=1": "revoked",
			"revoked=TRUE": "revoked"},
		certificatesPath + "/export": {"limit=1": "limit", "sort=id": "sort", "after=x": "after", "format=xml": "format",
			"format=CSV": "format", "status=Active": "status"},
	}
	h.wantUnchanged(t, func() {
		for path, own := range of {
			for query, field := range own {
				if refusal := call(t, c, "GET", path+"?"+query, nil).wantRefusal(t, 400, "invalid"); refusal.Field != field {
					t.Errorf("%s?%s: field %q: %s", path, query, refusal.Field, refusal.Error)
				}
			}
			for query, field := range bad {
				refusal := call(t, c, "GET", path+"?"+query, nil).wantRefusal(t, 400, "invalid")
				if refusal.Field != field {
					t.Errorf("%s?%.100s: field %q: %s", path, query, refusal.Field, refusal.Error)
				}
			}
		}
		call(t, c, "GET", requestsPath+"?q=100%", nil).wantRefusal(t, 400, "invalid")
		call(t, c, "GET", requestsPath+"?q=a;b", nil).wantRefusal(t, 400, "invalid")
	})
}

func TestQueriesThatFindNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256))
	for _, query := range []string{
		q("q", `%_\`), q("q", `\\`), q("q", "%"), q("q", "%%%%"), q("q", "привет"), q("q", "日本語"), q("q", "عربى"),
		q("q", "🂡"),
		q("q", "'"), q("q", `"`), q("q", "..."), q("q", "@"), q("q", ":::"), q("q", "[]"), q("q", "*"), q("q", "\x01"),
		q("q", strings.Repeat("x", 300)),
		q("q", "ﬀ"), q("q", "\u0301"), q("q", "a\u0301\u0301"), q("q", "\u202e"), q("q", "\U0010FFFF"),
		q("name", "%"), q("name", "\U0010FFFF"), q("name_prefix", "\U0010FFFF"), q("name_prefix", `\`), q("domain", "%"),
		q("domain", "ü"),
		q("domain", "-"), q("domain", "\U0010FFFF"), q("key", "%"), q("email", "%"), q("email", "x"),
		q("serial_number", "-1"), q("serial_number", "0"),
		q("certificate_authority_id", "999999999999999"), q("name", strings.Repeat("a", 300)),
		"domain=example.com&name=a.example.org", "expires_before=0000-01-01T00:00:00Z",
	} {
		for _, path := range []string{requestsPath, certificatesPath} {
			call(t, h.admin(t), "GET", path+"?"+query, nil).wantStatus(t, 200).wantBody(t, `{"result": []}`)
		}
	}
	call(t, h.admin(t), "GET", requestsPath+"?status=Outstanding&serial_number=0a", nil).wantStatus(t, 200).wantBody(t,
		`{"result": []}`)
}

func TestAuthorityInAFilter(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	h.Signed(t, h.Admin(), root)
	for _, id := range []any{root, json.Number("1"), "1"} {
		body := map[string]any{"filter": map[string]any{"certificate_authority_id": id}, "expected": 7}
		refusal := call(t, h.admin(t), "POST", requestsPath+"/revoke", body).wantRefusal(t, 409, "conflict")
		if !strings.Contains(refusal.Error, "is now 1 instead of 7") {
			t.Errorf("%v: %s", id, refusal.Error)
		}
	}
}
