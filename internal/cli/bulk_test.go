package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary/api"
)

func TestBulkDecisions(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/certificate_requests"
	two := `{"result":{"count":2,"selection":"abc"}}`
	for args, test := range map[string]struct {
		sent []string
		says string
	}{
		"request sign 1 2 3 --authority 2": {[]string{
			"POST " + path + `/sign {"ids":[1,2,3],"certificate_authority_id":"2"}`}, "2 of 3 requests are signed\n"},
		"request sign 1 2 --authority 2 --profile client --days 30": {[]string{
			"POST " + path + `/sign {"ids":[1,2],"certificate_authority_id":"2","profile":"client","not_valid_after":"2026-07-01T12:00:00Z"}`}, "2 of 2 requests are signed\n"},
		"request sign 1 2": {[]string{"POST " + path + `/sign {"ids":[1,2]}`}, "2 of 2 requests are signed\n"},
		"request sign 1 2 --authority 2 --keep-former": {[]string{
			"POST " + path + `/sign {"ids":[1,2],"certificate_authority_id":"2","keep_former":true}`},
			"2 of 2 requests are signed\n"},
		"request revoke 1 2 --only-current": {[]string{"POST " + path + `/revoke {"ids":[1,2],"only_current":true}`},
			"2 of 2 requests are revoked\n"},
		"certificate revoke 1 2 --reason superseded": {[]string{
			`POST /api/v1/certificates/revoke {"ids":[1,2],"reason":"superseded"}`}, "2 of 2 certificates are revoked\n"},
		"request reject 1 2": {[]string{
			"POST " + path + `/reject {"ids":[1,2]}`}, "2 of 2 requests are rejected\n"},
		"request revoke 1 2 --reason superseded": {[]string{
			"POST " + path + `/revoke {"ids":[1,2],"reason":"superseded"}`}, "2 of 2 requests are revoked\n"},
		"request sign --domain example.com --authority 2 --yes": {[]string{
			"POST " + path + `/count {"filter":{"status":"Outstanding","domain":"example.com"}}`,
			"POST " + path + `/sign {"filter":{"status":"Outstanding","domain":"example.com"},"selection":"abc","certificate_authority_id":"2"}`}, "2 of 2 requests are signed\n"},
		"request sign --status active --issued-by 1 --authority 2 --yes": {[]string{
			"POST " + path + `/count {"filter":{"status":"Active","certificate_authority_id":"1"}}`,
			"POST " + path + `/sign {"filter":{"status":"Active","certificate_authority_id":"1"},"selection":"abc","certificate_authority_id":"2"}`}, "2 of 2 requests are signed\n"},
		"request reject --email a@example.com --expires-before 1d --yes": {[]string{
			"POST " + path + `/count {"filter":{"status":"Outstanding","email":"a@example.com","expires_before":"2026-06-02T12:00:00Z"}}`,
			"POST " + path + `/reject {"filter":{"status":"Outstanding","email":"a@example.com","expires_before":"2026-06-02T12:00:00Z"},"selection":"abc"}`}, "2 of 2 requests are rejected\n"},
		"request revoke --authority 1 -y": {[]string{
			"POST " + path + `/count {"filter":{"status":"Active","certificate_authority_id":"1"}}`,
			"POST " + path + `/revoke {"filter":{"status":"Active","certificate_authority_id":"1"},"selection":"abc"}`},
			"2 of 2 requests are revoked\n"},
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/count") {
					answer(200, two)(w, r)
					return
				}
				answer(200, outcomesOf(r))(w, r)
			})).trusted()
			failing := strings.Contains(test.says, "2 of 3")
			r := s.run(strings.Fields(args)...)
			if diff := cmp.Diff(test.sent, s.server.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if r.out != test.says || (r.code != 0) != failing {
				t.Errorf("exit %d, output %q, errors %q, want %q", r.code, r.out, r.err, test.says)
			}
			var all []api.Outcome
			r = s.run(append(strings.Fields(args), "--json")...)
			if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) < 2 || (r.code != 0) != failing {
				t.Errorf("as JSON: %v, %+v", err, r)
			}
		})
	}
}

// outcomesOf answers a bulk call: all but request 3 succeed.
func outcomesOf(r *http.Request) string {
	var body api.Bulk
	json.NewDecoder(r.Body).Decode(&body)
	if body.Filter != nil {
		body.IDs = []int64{7, 8}
	}
	var all []string
	for _, id := range body.IDs {
		outcome := fmt.Sprintf(`{"id":%d,"status":"success"}`, id)
		if id == 3 {
			outcome = `{"id":3,"status":"failed","error":"this request is Rejected: reopen it first","code":"conflict"}`
		}
		all = append(all, outcome)
	}
	return `{"result":[` + strings.Join(all, ",") + `]}`
}

func TestDecisionUsage(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, success)).trusted()
	for args, words := range map[string][]string{
		"request reject":                                   {"specify the requests by ID", "--status Outstanding"},
		"request revoke":                                   {"--status Active"},
		"request sign --authority 1":                       {"specify the requests"},
		"certificate revoke":                               {"specify the certificates"},
		"certificate revoke 1 --domain example.com":        {"not both"},
		"certificate revoke 1 x":                           {`"x" is not an ID`},
		"request reject 1 --status Active":                 {"not both"},
		"request reject 1 0":                               {`"0" is not an ID`},
		"request reject --limit 3":                         {"unknown flag"},
		"request reject --expires-before soon":             {"--expires-before"},
		"request sign 1 2 --authority 2 --not-after never": {"--not-after"},
	} {
		s.run(strings.Fields(args)...).wantFailure(t, append(words, "hint: see notary "+strings.Fields(args)[0])...)
	}
	s.run("request", "reject", "--email", "").wantFailure(t, "--email is empty")
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

// Each failure has a line; many with the same reason share one.
func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	var ids []string
	var all []string
	for id := 1; id <= 31; id++ {
		outcome := fmt.Sprintf(`{"id":%d,"status":"failed","error":"this request is Rejected: reopen it first","code":"conflict"}`, id)
		switch {
		case id == 2:
			outcome = `{"id":2,"status":"success"}`
		case id == 4 || id == 30:
			outcome = fmt.Sprintf(`{"id":%d,"status":"failed","error":"evil\u001b[2J","code":"unprocessable"}`, id)
		case id == 31:
			outcome = `{"id":31,"status":"failed","error":"something went wrong","code":"internal","request_id":"R1"}`
		}
		ids, all = append(ids, fmt.Sprint(id)), append(all, outcome)
	}
	s := newShell(t, answer(200, `{"result":[`+strings.Join(all, ",")+`]}`)).trusted()
	r := s.run(append([]string{"request", "reject"}, ids...)...)
	want := "27 requests, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22 and 7 more: this " +
		"request is Rejected: reopen it first\nrequest 4: evil\uFFFD[2J\n" +
		"request 30: evil\uFFFD[2J\n" +
		"request 31: something went wrong (request ID R1)\n" +
		"error: 30 of 31 requests could not be rejected\n"
	if diff := cmp.Diff(want, r.err); diff != "" || r.code != 1 || r.out != "1 of 31 requests are rejected\n" {
		t.Errorf("exit %d, output %q, errors (-want +got):\n%s", r.code, r.out, diff)
	}
}

func TestInterruptedBulkDecisions(t *testing.T) {
	t.Parallel()
	broken := newShell(t, answer(200, `{"result":[{"id":1,"status":"success"},`)).trusted()
	r := broken.run("request", "reject", "1", "2")
	if r.code != 1 || r.out != "1 of 2 requests are rejected\n" ||
		!strings.Contains(r.err, "error: the response is incomplete") ||
		!strings.Contains(r.err, "check before you try again") {
		t.Errorf("interrupted: %+v", r)
	}
	refused := newShell(t, refuse(409, "conflict", "CA 2 is disabled: it cannot sign")).trusted()
	refused.run("request", "sign", "1", "2", "--authority", "2").wantFailure(t, "error: CA 2 is disabled")

	changed := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/count") {
			answer(200, `{"result":{"count":1,"selection":"abc"}}`)(w, r)
			return
		}
		refuse(409, "conflict", "the selection has changed: nothing was done")(w, r)
	})).trusted()
	changed.run("request", "reject", "--status", "Outstanding", "--yes").wantFailure(t,
		"error: the selection has changed")

	nothing := newShell(t, answer(200, `{"result":{"count":0,"selection":"abc"}}`)).trusted()
	if r := nothing.must("request", "reject", "--domain", "example.com"); r.out != "no Outstanding request matches: "+
		"nothing to do\n" {
		t.Errorf("no match: %+v", r)
	}
	if r := nothing.must("request", "reject", "--domain", "example.com", "--json"); strings.TrimSpace(r.out) != "[]" {
		t.Errorf("no match, as JSON: %+v", r)
	}
	for _, call := range nothing.server.sent() {
		if !strings.Contains(call, "/count ") {
			t.Errorf("sent %s", call)
		}
	}
}
