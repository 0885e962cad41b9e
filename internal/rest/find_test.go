package rest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/ca"
	"notary/internal/testkit"
)

type shelf struct {
	*house
	first, second int64            // the roots
	ids           map[string]int64 // of the requests
	end           time.Time        // expiry of the certificate "short"
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{house: open(t), ids: map[string]int64{}}
	s.first, s.second = s.Root(t, notary.ECDSAP256), s.Root(t, notary.ECDSAP256)
	s.end = s.Clock.Now().AddDate(0, 0, 10)
	submit := func(name string, role notary.Role, alg notary.KeyAlgorithm, names ...string) {
		id, err := s.CA.Submit(t.Context(), s.Caller(role), testkit.CSR(t, testkit.Key(t, alg), names...))
		testkit.Check(t, err)
		s.ids[name] = id
	}
	submit("web", notary.Admin, notary.ECDSAP256, "web.example.com", "10.0.0.7", "2001:db8::1")
	submit("api", notary.CertificateRequestor, notary.Ed25519, "api.example.com", "*.apps.example.com")
	submit("mail", notary.CertificateManager, notary.RSA2048, "mail.example.org", "Me@example.org")
	submit("short", notary.Admin, notary.ECDSAP384, "db.example.net", "spiffe://example.net/db")
	books, err := s.CA.Submit(t.Context(), s.Admin(), csrSpec{subject: cn("Bücher & Журналы 100%_sicher"),
		names: dnsNames("xn--bcher-kva.example")}.pem(t))
	testkit.Check(t, err)
	s.ids["books"] = books
	testkit.Check(t, s.CA.Sign(t.Context(), s.Admin(), s.ids["web"], ca.SignOptions{AuthorityID: s.first}))
	testkit.Check(t, s.CA.Sign(t.Context(), s.Admin(), s.ids["short"],
		ca.SignOptions{AuthorityID: s.second, NotAfter: s.end}))
	testkit.Check(t, s.CA.Reject(t.Context(), s.Admin(), s.ids["mail"], ""))
	return s
}

func (s *shelf) found(t *testing.T, c *client.Client, query string) []string {
	t.Helper()
	names := []string{}
	for _, id := range idsOf(t, c, requestsPath, query, "id") {
		for name, known := range s.ids {
			if known == id {
				names = append(names, name)
			}
		}
	}
	return names
}

func idsOf(t *testing.T, c *client.Client, path, query, field string) (ids []int64) {
	t.Helper()
	for after := ""; ; {
		page := pageOf(t, c, path, query, after)
		for _, object := range page.Result {
			id, _ := object[field].(float64) // 0 for null
			ids = append(ids, int64(id))
		}
		if page.Next == "" {
			return ids
		}
		after = page.Next
	}
}

func pageOf(t *testing.T, c *client.Client, path, query, after string) (page api.Page[map[string]any]) {
	t.Helper()
	if after != "" {
		query += "&after=" + after
	}
	a := call(t, c, "GET", path+"?"+query, nil).wantStatus(t, 200)
	testkit.Check(t, json.Unmarshal(a.Body, &page))
	if page.Result == nil {
		t.Errorf("%s: the result is null: %s", a.question, a.Body)
	}
	return page
}

func q(name, value string) string { return name + "=" + url.QueryEscape(value) }

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	web, err := s.CA.Request(t.Context(), s.Admin(), s.ids["web"])
	testkit.Check(t, err)
	serial := web.Certificate.Serial
	var pairs []string
	for octet := range slices.Chunk([]byte(serial), 2) {
		pairs = append(pairs, strings.ToUpper(string(octet)))
	}
	colons := strings.Join(pairs, ":")
	at := func(d time.Duration) string { return s.end.Add(d).Format(time.RFC3339) }
	manager := s.Caller(notary.CertificateManager).Principal.Name
	for query, want := range map[string]string{
		"status=Outstanding": "api books",
		"status=Active":      "web short",
		"status=Rejected":    "mail",
		"status=Revoked":     "",

		q("email", manager):                  "mail",
		q("email", strings.ToUpper(manager)): "mail",
		"email=nobody%40example.com":         "",
		q("owner", manager):                  "mail",
		q("owner", strings.ToUpper(manager)): "mail",
		"owner=nobody%40example.com":         "",
		"owner=nobody":                       "",
		"owner=group%3A1":                    "",

		q("certificate_authority_id", fmt.Sprint(s.first)):  "web",
		q("certificate_authority_id", fmt.Sprint(s.second)): "short",
		"certificate_authority_id=987654321":                "",

		q("serial_number", serial):                  "web",
		q("serial_number", strings.ToUpper(serial)): "web",
		q("serial_number", colons):                  "web",
		q("serial_number", "00:"+colons):            "web",
		"serial_number=0abc":                        "",

		q("fingerprint", web.Fingerprint):                  "web",
		q("fingerprint", strings.ToUpper(web.Fingerprint)): "web",
		q("fingerprint", strings.Repeat("0:0", 32)):        "",

		q("key", "ECDSA P-256"): "web books",
		q("key", "ecdsa-p256"):  "web books",
		q("key", "rsa 2048"):    "mail",
		q("key", "ED25519"):     "api",
		q("key", "DSA 1024"):    "",

		q("name", "web.example.com"):                       "web",
		q("name", "WEB.Example.com."):                      "web",
		q("name", "10.0.0.7"):                              "web",
		q("name", "::ffff:10.0.0.7"):                       "web",
		q("name", "2001:0DB8:0:0::0001"):                   "web",
		q("name", "*.apps.example.com"):                    "api",
		q("name", "me@example.org"):                        "mail",
		q("name", "spiffe://example.net/db"):               "short",
		q("name", "bücher.example"):                        "books",
		q("name", "Bücher & Журналы 100%_sicher"):          "books",
		q("name", "example.com"):                           "",
		q("name", "web"):                                   "",
		q("name_prefix", "web.ex"):                         "web",
		q("name_prefix", "10.0."):                          "web",
		q("name_prefix", "2001:DB8:"):                      "web",
		q("name_prefix", "example"):                        "",
		q("name_prefix", "%"):                              "",
		q("domain", "example.com"):                         "web api",
		q("domain", ".Example.com"):                        "web api",
		q("domain", "*.example.com."):                      "web api",
		q("domain", "web.example.com"):                     "web",
		q("domain", "com"):                                 "web api",
		q("domain", "bücher.example"):                      "books",
		q("domain", "ample.com"):                           "",
		q("q", "web"):                                      "web",
		q("q", "  EXAMPLE \t com  "):                       "web api",
		q("q", "example api"):                              "api",
		q("q", "exa"):                                      "web api mail short books",
		q("q", "10.0.0"):                                   "web",
		q("q", "2001:0db8::1"):                             "web",
		q("q", manager):                                    "mail",
		q("q", web.Fingerprint[:12]):                       "web",
		q("q", serial):                                     "web",
		q("q", colons):                                     "web",
		q("q", "журналы"):                                  "books",
		q("q", "bücher.example"):                           "books",
		q("q", "100%_s"):                                   "books",
		q("q", "web nothing"):                              "",
		q("q", "ample"):                                    "",
		q("q", "%"):                                        "",
		q("q", "_"):                                        "",
		q("q", `%_\`):                                      "",
		q("q", `\`):                                        "",
		q("q", "'; DROP TABLE request; --"):                "",
		q("q", "日本語"):                                      "",
		"expires_before=" + at(time.Second):                "short",
		"expires_before=" + at(0):                          "",
		"expires_after=" + at(0) + "&status=Active":        "web short",
		"expires_after=" + at(time.Second):                 "web",
		"expires_before=0001-01-01T00:00:00Z":              "",
		"expires_after=0001-01-01T00:00:00Z":               "web short",
		q("expires_before", "9999-12-31T23:59:59.5+14:00"): "web short",
		"status=Active&domain=example.com&q=web&key=ECDSA+P-256&" + q("certificate_authority_id", fmt.Sprint(s.first)): "web",
	} {
		got := s.found(t, s.admin(t), query)
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s found %q, want %q", query, got, wanted)
		}
	}
}

// Certificates are identified by their requests, 0 for those of authorities.
func TestFiltersOfCertificates(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	testkit.Check(t, s.RevokeRequest(t.Context(), s.Admin(), s.ids["short"], notary.Superseded))
	web, err := s.CA.Request(t.Context(), s.Admin(), s.ids["web"])
	testkit.Check(t, err)
	const own = 0
	for query, want := range map[string][]int64{
		"revoked=true":  {s.ids["short"]},
		"revoked=false": {own, own, s.ids["web"]},
		"email=" + url.QueryEscape(s.Admin().Principal.Name):    {s.ids["web"], s.ids["short"]},
		q("certificate_authority_id", fmt.Sprint(s.second)):     {own, s.ids["short"]},
		q("serial_number", web.Certificate.Serial):              {s.ids["web"]},
		q("fingerprint", web.Certificate.Fingerprint):           {s.ids["web"]},
		q("fingerprint", web.Fingerprint):                       nil, // the CSR's
		q("key", "ecdsa p-384"):                                 {s.ids["short"]},
		q("name", "2001:db8::0:1"):                              {s.ids["web"]},
		q("name", "Test Root"):                                  {own, own},
		q("name_prefix", "spiffe://"):                           {s.ids["short"]},
		q("domain", "example.net"):                              {s.ids["short"]},
		q("q", "root test"):                                     {own, own},
		q("q", "example "+web.Certificate.Serial[:8]):           {s.ids["web"]},
		q("q", web.Certificate.Fingerprint):                     {s.ids["web"]},
		"expires_before=" + s.end.Add(1e9).Format(time.RFC3339): {s.ids["short"]},
	} {
		if diff := cmp.Diff(want, idsOf(t, s.admin(t), certificatesPath, query, "certificate_request_id")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestRequestorFindsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := s.as(t, notary.CertificateRequestor)
	testkit.Check(t, s.CA.Sign(t.Context(), s.Admin(), s.ids["api"], ca.SignOptions{AuthorityID: s.first}))
	mine := s.Caller(notary.CertificateRequestor).Principal.Name
	for query, want := range map[string][]string{
		"limit=1000":                    {"api"},
		"sort=-common_name":             {"api"},
		"q=example":                     {"api"},
		"q=web":                         {},
		"domain=com":                    {"api"},
		"status=Rejected":               {},
		q("email", mine):                {"api"},
		"q=" + s.Admin().Principal.Name: {},
		"email=" + url.QueryEscape(s.Admin().Principal.Name): {},
		q("certificate_authority_id", fmt.Sprint(s.first)):   {"api"},
	} {
		if diff := cmp.Diff(want, s.found(t, c, query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
		if strings.Contains(query, "status") {
			continue
		}
		var certificates []int64
		for _, name := range want {
			certificates = append(certificates, s.ids[name])
		}
		if diff := cmp.Diff(certificates, idsOf(t, c, certificatesPath, query, "certificate_request_id")); diff != "" {
			t.Errorf("certificates, %s (-want +got):\n%s", query, diff)
		}
	}
}
