package rest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func newCSRText(t *testing.T) string {
	return testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
}

func createWith(t *testing.T, h *house, fields map[string]any) int64 {
	t.Helper()
	body := map[string]any{"csr": newCSRText(t)}
	maps.Copy(body, fields)
	var out api.Result[api.Created]
	testkit.Check(t, json.Unmarshal(call(t, h.admin(t), "POST", requestsPath, body).wantStatus(t, 201).Body, &out))
	return out.Result.ID
}

func TestLabelsAndWishes(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	root := h.Root(t, notary.ECDSAP256)
	plain := createWith(t, h, map[string]any{"profile": "", "note": "", "labels": map[string]any{}})
	id := createWith(t, h, map[string]any{"profile": "client", "certificate_authority_id": root,
		"not_valid_after": "2999-01-01T00:00:00Z", "note": "new shop", "labels": map[string]any{"team": "payments"}})
	show := func(id int64) string {
		var out struct {
			Result struct{ Requested, Note, Labels json.RawMessage }
		}
		testkit.Check(t, json.Unmarshal(call(t, c, "GET", fmt.Sprint(requestsPath, "/", id), nil).wantStatus(t, 200).Body, &out))
		return fmt.Sprintf("%s %s %s", out.Result.Requested, out.Result.Note, out.Result.Labels)
	}
	for of, want := range map[int64]string{
		plain: `{"profile":"","certificate_authority_id":null,"not_valid_after":null} "" {}`,
		id: fmt.Sprintf(`{"profile":"client","certificate_authority_id":%d,"not_valid_after":"2999-01-01T00:00:00Z"} `+
			`"new shop" {"team":"payments"}`, root),
	} {
		if got := show(of); got != want {
			t.Errorf("request %d shows %s, want %s", of, got, want)
		}
	}
	change := func(body string) answer { return call(t, c, "PATCH", fmt.Sprint(requestsPath, "/", id), body) }
	change(`{"labels": {"team": "web", "env": "prod"}}`).wantStatus(t, 200)
	change(`{"note": null, "labels": {"env": null}}`).wantStatus(t, 200)
	change(`{}`).wantStatus(t, 200)
	if got := show(id); !strings.HasSuffix(got, `"" {"team":"web"}`) {
		t.Errorf("after the changes the request shows %s", got)
	}
	for body, field := range map[string]string{`{"labels": {"team": 7}}`: "labels.team", `{"labels": ["team"]}`: "labels",
		`{"note": 7}`: "note", `{"status": "Active"}`: "status", `{"labels": {"Team": "x"}}`: "labels",
		`{"labels": {"a": "b\u0000"}}`: "labels", `{"note": "a\u0007"}`: "note", `{"labels": null, "note": {}}`: "note"} {
		if got := change(body).wantRefusal(t, 400, "invalid"); got.Field != field {
			t.Errorf("%s: field %q: %s", body, got.Field, got.Error)
		}
	}
}

// label can be repeated, also in the filter of a bulk call.
func TestLabelFilter(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	root := h.Root(t, notary.ECDSAP256)
	createWith(t, h, map[string]any{"labels": map[string]any{"team": "web"}})
	id := createWith(t, h, map[string]any{"labels": map[string]any{"team": "web", "env": "a, b=c:d"}})
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root}))
	ids := func(path string) (ids []int64) {
		t.Helper()
		var out api.Page[struct{ ID int64 }]
		testkit.Check(t, json.Unmarshal(call(t, c, "GET", path, nil).wantStatus(t, 200).Body, &out))
		for _, one := range out.Result {
			ids = append(ids, one.ID)
		}
		return ids
	}
	certificate := ids(certificatesPath + "?label=env")
	for query, want := range map[string]int{"label=team": 2, "label=team:web": 2, "label=team%3DWEB&label=env": 1,
		"label=env:a,+b%3Dc:d": 1, "label=team:web&label=env:x": 0, "q=team:web&label=env": 1, "label=none": 0} {
		if got := ids(requestsPath + "?" + query); len(got) != want {
			t.Errorf("%s finds the requests %v, want %d", query, got, want)
		}
	}
	if len(certificate) != 1 {
		t.Errorf("certificates %v", certificate)
	}
	cert, err := c.Certificate(t.Context(), certificate[0])
	testkit.Check(t, err)
	if diff := cmp.Diff(map[string]string{"team": "web", "env": "a, b=c:d"}, cert.Labels); diff != "" {
		t.Error(diff)
	}
	export := string(call(t, c, "GET", certificatesPath+"/export?label=env", nil).wantStatus(t, 200).Body)
	if want := `"{""env"":""a, b=c:d"",""team"":""web""}"` + "\r\n"; !strings.HasSuffix(export, want) {
		t.Errorf("the export is %q", export)
	}
	n, err := c.CountCertificateRequests(t.Context(), api.RequestFilter{Filter: api.Filter{Label: []string{"team", "env"}}})
	testkit.Check(t, err)
	found := 0
	for _, err := range c.FindCertificateRequests(t.Context(), api.RequestQuery{
		RequestFilter: api.RequestFilter{Filter: api.Filter{Label: []string{"team", "env"}}}}) {
		testkit.Check(t, err)
		found++
	}
	if n.Count != 1 || found != 1 {
		t.Errorf("the bulk filter matches %d, the client finds %d", n.Count, found)
	}
}

// A thousand labels, long ones and wishes that cannot be granted are refused with their field.
func TestBadLabelsAndWishes(t *testing.T) {
	t.Parallel()
	h := open(t)
	many := map[string]string{}
	for i := range 1000 {
		many[fmt.Sprintf("k%d", i)] = "v"
	}
	csr := newCSRText(t)
	h.wantUnchanged(t, func() {
		for _, bad := range []struct {
			name, field string
			value       any
		}{
			{"labels", "labels", many}, {"labels", "labels", map[string]string{"a": strings.Repeat("x", 10_000)}},
			{"labels", "labels", map[string]string{"a": "b\x00"}}, {"labels", "labels.a", map[string]any{"a": ""}},
			{"labels", "labels.a", map[string]any{"a": 7}}, {"labels", "labels", []string{"a"}}, {"note", "note", strings.Repeat("n", 1001)},
			{"profile", "profile", "none"},
			{"not_valid_after", "not_valid_after", "2001-01-01T00:00:00Z"},
		} {
			for _, path := range []string{requestsPath, certificatesPath} {
				refusal := call(t, h.as(t, notary.CertificateRequestor), "POST", path,
					map[string]any{"csr": csr, bad.name: bad.value}).wantRefusal(t, 400, "invalid")
				if refusal.Field != bad.field {
					t.Errorf("%s of %s: field %q: %s", bad.name, path, refusal.Field, refusal.Error)
				}
			}
		}
	})
}
