package rest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func outcomes(t *testing.T, a answer) []api.Outcome {
	t.Helper()
	var all api.Result[[]api.Outcome]
	testkit.Check(t, json.Unmarshal(a.wantStatus(t, 200).Body, &all))
	for i := range all.Result {
		all.Result[i].Revoked = nil // tested elsewhere
	}
	return all.Result
}

func succeeded(ids ...int64) (all []api.Outcome) {
	for _, id := range ids {
		all = append(all, api.Outcome{ID: id, Status: "success"})
	}
	return all
}

func failed(id int64, code, message string) api.Outcome {
	return api.Outcome{ID: id, Status: "failed", Code: code, Error: message}
}

func (h *house) wantRequest(t *testing.T, id int64, want notary.RequestStatus) {
	t.Helper()
	req, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	if req.Status != want {
		t.Errorf("request %d is %s, want %s", id, req.Status, want)
	}
}

func TestBulkByIDs(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.as(t, notary.CertificateManager)
	root := h.Root(t, notary.ECDSAP256)
	var ids []int64
	for range 40 { // more than are processed at once
		ids = append(ids, h.Request(t, h.Admin()))
	}
	slices.Reverse(ids)
	signed := h.EventsOf(t, func() {
		a := call(t, c, "POST", requestsPath+"/sign", map[string]any{"ids": ids,
			"certificate_authority_id": fmt.Sprint(root), "profile": "server"})
		if diff := cmp.Diff(succeeded(ids...), outcomes(t, a)); diff != "" {
			t.Errorf("sign (-want +got):\n%s", diff)
		}
	})
	if diff := cmp.Diff(slices.Repeat([]string{"request.sign"}, len(ids)), signed); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for _, id := range ids {
		h.wantRequest(t, id, notary.Active)
	}
	a := call(t, c, "POST", requestsPath+"/revoke", map[string]any{"ids": ids[:3], "reason": "superseded"})
	if diff := cmp.Diff(succeeded(ids[:3]...), outcomes(t, a)); diff != "" {
		t.Errorf("revoke (-want +got):\n%s", diff)
	}
	n := 0
	for cert, err := range h.admin(t).FindCertificates(t.Context(),
		api.CertificateQuery{CertificateFilter: api.CertificateFilter{Revoked: "true"}}) {
		testkit.Check(t, err)
		if n++; cert.RevocationReason != "superseded" || cert.Profile != "server" {
			t.Errorf("certificate %d: revoked for %q, profile %q", cert.ID, cert.RevocationReason, cert.Profile)
		}
	}
	if n != 3 {
		t.Errorf("%d certificates are revoked, want 3", n)
	}
}

func TestBulkContinuesAfterFailures(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	outstanding := []int64{h.Request(t, h.Admin()), h.Request(t, h.Admin())}
	rejected := h.Request(t, h.Admin())
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), rejected, ""))
	active := h.Signed(t, h.Admin(), root)
	const missing = "there is no certificate request 987654321"
	for _, step := range []struct {
		path string
		ids  []int64
		want []api.Outcome
	}{
		{"/reject", []int64{active, outstanding[0], rejected, missingID}, []api.Outcome{
			failed(active, "conflict", "this request has a certificate: revoke the certificate instead of rejecting the request"),
			succeeded(outstanding[0])[0],
			failed(rejected, "conflict", "this request is Rejected: reopen it first"),
			failed(missingID, "not_found", missing)}},
		{"/revoke", []int64{outstanding[1], active, rejected, missingID}, []api.Outcome{
			failed(outstanding[1], "conflict", "this request has no certificate"),
			succeeded(active)[0],
			failed(rejected, "conflict", "this request is Rejected: reopen it first"),
			failed(missingID, "not_found", missing)}},
		{"/sign", []int64{missingID, active, rejected, outstanding[1]}, []api.Outcome{
			failed(missingID, "not_found", missing),
			failed(active, "conflict", "this request is Revoked: reopen it first"),
			failed(rejected, "conflict", "this request is Rejected: reopen it first"),
			succeeded(outstanding[1])[0]}},
	} {
		body := map[string]any{"ids": step.ids}
		if step.path == "/sign" {
			body["certificate_authority_id"] = root
		}
		got := outcomes(t, call(t, h.admin(t), "POST", requestsPath+step.path, body))
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.path, diff)
		}
	}
}

func TestBulkByFilter(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := s.admin(t)
	call := func(path string, body map[string]any) answer { return call(t, c, "POST", requestsPath+path, body) }
	sign := map[string]any{"filter": map[string]any{"status": "Outstanding", "q": "example"}, "expected": 3,
		"certificate_authority_id": s.first}
	s.wantUnchanged(t, func() {
		refusal := call("/sign", sign).wantRefusal(t, 409, "conflict")
		if refusal.Field != "expected" || !strings.Contains(refusal.Error, "is now 2 instead of 3") {
			t.Errorf("refused with %+v", refusal)
		}
		sign["expected"] = 1
		call("/sign", sign).wantRefusal(t, 409, "conflict")
		sign["expected"] = 0
		call("/sign", sign).wantRefusal(t, 409, "conflict")
		nothing := call("/reject", map[string]any{"filter": map[string]any{"name": "nobody.example"}, "expected": 0})
		if got := outcomes(t, nothing); len(got) != 0 {
			t.Errorf("nothing matches, but %v was done", got)
		}
	})
	sign["expected"] = 2
	if diff := cmp.Diff(succeeded(s.ids["api"], s.ids["books"]), outcomes(t, call("/sign", sign))); diff != "" {
		t.Errorf("sign (-want +got):\n%s", diff)
	}
	revoke := map[string]any{"filter": map[string]any{"certificate_authority_id": s.first}, "expected": 3,
		"reason": "cessationOfOperation"}
	if diff := cmp.Diff(succeeded(s.ids["web"], s.ids["api"], s.ids["books"]),
		outcomes(t, call("/revoke", revoke))); diff != "" {
		t.Errorf("revoke (-want +got):\n%s", diff)
	}
	s.wantRequest(t, s.ids["short"], notary.Active)
}

func TestBadBulkCalls(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	tooMany := make([]int64, 10_001)
	for i := range tooMany {
		tooMany[i] = int64(i + 1)
	}
	type body = map[string]any
	some := []int64{id}
	filter := body{"status": "Outstanding"}
	bad := map[string]struct { // with the field at fault
		body  body
		field string
	}{
		"nothing":                    {body{}, "ids"},
		"no ids":                     {body{"ids": []int64{}}, "ids"},
		"ids and filter":             {body{"ids": some, "filter": filter, "expected": 1}, "ids"},
		"no ids and a filter":        {body{"ids": []int64{}, "filter": filter, "expected": 1}, "ids"},
		"an id twice":                {body{"ids": []int64{id, 7, id}}, "ids"},
		"the id 0":                   {body{"ids": []int64{0}}, "ids"},
		"a negative id":              {body{"ids": []int64{-1}}, "ids"},
		"an id that is no number":    {body{"ids": []any{"1"}}, "ids[0]"},
		"an id with a fraction":      {body{"ids": []any{1, 1.5}}, "ids[1]"},
		"an id too large":            {body{"ids": []any{json.Number("1e30")}}, "ids"},
		"no id at all":               {body{"ids": []any{nil}}, "ids[0]"},
		"ids that are an object":     {body{"ids": body{}}, "ids"},
		"too many ids":               {body{"ids": tooMany}, "ids"},
		"ids with a number expected": {body{"ids": some, "expected": 1}, "expected"},
		"only a number":              {body{"expected": 1}, "expected"},
		"a filter without a number":  {body{"filter": filter}, "expected"},
		"a negative number":          {body{"filter": filter, "expected": -1}, "expected"},
		"a number as text":           {body{"filter": filter, "expected": "1"}, "expected"},
		"an empty filter":            {body{"filter": body{}, "expected": 1}, "filter"},
		"a filter of nulls":          {body{"filter": body{"status": nil}, "expected": 1}, "filter"},
		"a filter of empty text":     {body{"filter": body{"status": "", "name": ""}, "expected": 1}, "filter"},
		"a filter with a limit":      {body{"filter": body{"limit": 1}, "expected": 1}, "filter.limit"},
		"a filter of certificates'":  {body{"filter": body{"revoked": "true"}, "expected": 1}, "filter.revoked"},
		"a filter that is text":      {body{"filter": "status=Active", "expected": 1}, "filter"},
		"a filter that is nothing":   {body{"filter": nil, "expected": 1}, "expected"},
		"a filter that contradicts": {body{"filter": body{"expires_after": "2027-01-02T00:00:00Z",
			"expires_before": "2027-01-01T00:00:00Z"}, "expected": 0}, "expires_before"},
		"a misspelt field":            {body{"ids": some, "idz": some}, "idz"},
		"a filter as query parameter": {body{"status": "Active", "expected": 1}, "status"},
	}
	h.wantUnchanged(t, func() {
		for name, test := range bad {
			for _, path := range []string{"/sign", "/revoke", "/reject"} {
				test.body["certificate_authority_id"] = root
				if path != "/sign" {
					delete(test.body, "certificate_authority_id")
				}
				if refusal := call(t, h.admin(t), "POST", requestsPath+path, test.body).wantRefusal(t, 400,
					"invalid"); refusal.Field != test.field {
					t.Errorf("%s, %s: field %q: %s", path, name, refusal.Field, refusal.Error)
				}
			}
		}
	})
}

func TestBulkErrorIsReturnedOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	root, disabled := h.Root(t, notary.ECDSAP256), h.Root(t, notary.ECDSAP256)
	testkit.Check(t, h.CA.EnableAuthority(t.Context(), h.Admin(), disabled, false))
	ids := []int64{h.Request(t, h.Admin()), h.Request(t, h.Admin())}
	h.wantUnchanged(t, func() {
		for _, test := range []struct {
			path, rest string
			status     int
			code       string
			field      string
		}{
			{"/sign", `"certificate_authority_id": 987654321`, 404, "not_found", "certificate_authority_id"},
			{"/sign", fmt.Sprintf(`"certificate_authority_id": %d`, disabled), 409, "conflict", ""},
			{"/sign", fmt.Sprintf(`"certificate_authority_id": %d, "profile": "nothing"`, root), 400, "invalid", "profile"},
			{"/sign", fmt.Sprintf(`"certificate_authority_id": %d, "signing_method": "acme"`, root), 422, "unprocessable",
				"signing_method"},
			{"/sign", fmt.Sprintf(`"certificate_authority_id": %d, "not_valid_after": "2001-01-01T00:00:00Z"`, root), 400,
				"invalid", "not_valid_after"},
			{"/revoke", `"reason": "certificateHold"`, 400, "invalid", "reason"},
		} {
			body := fmt.Sprintf(`{"ids": [%d, %d], %s}`, ids[0], ids[1], test.rest)
			refusal := call(t, h.admin(t), "POST", requestsPath+test.path, body).wantRefusal(t, test.status, test.code)
			if refusal.Field != test.field {
				t.Errorf("%s: field %q: %s", body, refusal.Field, refusal.Error)
			}
		}
	})
}

// Each request is signed once.
func TestConcurrentBulkCalls(t *testing.T) {
	t.Parallel()
	h := open(t)
	var ids []int64
	for range 30 {
		ids = append(ids, h.Request(t, h.Admin()))
	}
	c := h.admin(t)
	answers := make(chan int, 3)
	for range cap(answers) {
		go func() {
			n := 0
			for o, err := range c.RejectCertificateRequests(t.Context(), api.BulkReject{Bulk: api.Bulk{IDs: ids}}) {
				if err != nil {
					n = -1000
				} else if o.Status == api.Success {
					n++
				}
			}
			answers <- n
		}()
	}
	n := 0
	for range cap(answers) {
		n += <-answers
	}
	if n != len(ids) {
		t.Errorf("%d rejections of %d requests", n, len(ids))
	}
}

// The second signature waits for another transaction, which ends only after the first outcome has arrived.
func TestBulkStreamsOutcomes(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id := h.Request(t, h.Admin())
	c := h.admin(t)
	other, err := testkit.SQL(t, h.Database).BeginTx(t.Context(), nil)
	testkit.Check(t, err)
	defer other.Rollback()
	_, err = other.Exec(`UPDATE request SET id = id`)
	testkit.Check(t, err)
	var got []api.Outcome
	body := api.BulkSign{Bulk: api.Bulk{IDs: []int64{missingID, id}},
		SignCertificateRequest: api.SignCertificateRequest{CertificateAuthorityID: api.ID(root)}}
	for o, err := range c.SignCertificateRequests(t.Context(), body) {
		testkit.Check(t, err)
		if len(got) == 0 {
			testkit.Check(t, other.Rollback())
		}
		got = append(got, o)
	}
	want := []api.Outcome{failed(missingID, "not_found", "there is no certificate request 987654321"), succeeded(id)[0]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A server that shuts down starts no further items and reports each of them.
func TestBulkDuringShutdown(t *testing.T) {
	t.Parallel()
	h := open(t)
	ids := []int64{h.Request(t, h.Admin()), h.Request(t, h.Admin())}
	c := h.admin(t)
	h.stopping()
	h.wantUnchanged(t, func() {
		for i, o := range outcomes(t, call(t, c, "POST", requestsPath+"/reject", map[string]any{"ids": ids})) {
			if o.ID != ids[i] || o.Code != "unavailable" || !strings.Contains(o.Error, "was not processed") {
				t.Errorf("outcome %+v", o)
			}
		}
	})
}
