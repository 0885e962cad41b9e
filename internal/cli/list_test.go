package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The shell's clock is at 2026-06-01T12:00:00Z.
func TestListFlags(t *testing.T) {
	t.Parallel()
	const requests, certificates, export = "/api/v1/certificate_requests", "/api/v1/certificates",
		"/api/v1/certificates/export"
	for args, want := range map[string]string{
		"request list":                       requests,
		"request list --json":                requests,
		"request list --limit 5":             requests + "?limit=5",
		"request list --limit 5000":          requests + "?limit=1000",
		"request list --sort -not_after":     requests + "?limit=1000&sort=-not_after",
		"request list --status outstanding":  requests + "?limit=1000&status=Outstanding",
		"request list --status Open":         requests + "?limit=1000&status=Open",
		"request list --email a@example.com": requests + "?email=a%40example.com&limit=1000",
		"request list --authority 3": requests +
			"?certificate_authority_id=3&limit=1000",
		"request list --serial 0A:FF":     requests + "?limit=1000&serial_number=0A%3AFF",
		"request list --fingerprint ab12": requests + "?fingerprint=ab12&limit=1000",
		"request list --key rsa-2048":     requests + "?key=rsa-2048&limit=1000",
		"request list --name 10.0.0.7":    requests + "?limit=1000&name=10.0.0.7",
		"request list --name-prefix web":  requests + "?limit=1000&name_prefix=web",
		"request list --domain example.com --search web,db --limit 1": requests +
			"?domain=example.com&limit=1&q=web%2Cdb",
		"request list --expires-before 30d": requests +
			"?expires_before=2026-07-01T12%3A00%3A00Z&limit=1000",
		"request list --expires-after -7d --expires-before 12h": requests +
			"?expires_after=2026-05-25T12%3A00%3A00Z&expires_before=2026-06-02T00%3A00%3A00Z&limit=1000",
		"request list --expires-after 2027-01-31": requests +
			"?expires_after=2027-01-31T00%3A00%3A00Z&limit=1000",
		"request list --expires-after 2027-01-31T13:00:00+01:00": requests +
			"?expires_after=2027-01-31T12%3A00%3A00Z&limit=1000",
		"certificate list":           certificates,
		"certificate list --revoked": certificates + "?limit=1000&revoked=true",
		"certificate list --revoked=false --authority 2 --sort not_after": certificates +
			"?certificate_authority_id=2&limit=1000&revoked=false&sort=not_after",
		"certificate export": export + "?format=csv",
		"certificate export --format jsonl --domain example.com --revoked": export +
			"?domain=example.com&format=jsonl&revoked=true",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, answer(200, `{"result":[]}`)).trusted()
			s.must(strings.Fields(args)...)
			if diff := cmp.Diff([]string{"GET " + want}, s.server.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListUsage(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":[]}`)).trusted()
	for args, words := range map[string][]string{
		"request list --limit 0":                        {"--limit"},
		"request list --limit -1":                       {"--limit"},
		"request list --limit 1.5":                      {"--limit"},
		"request list --authority 0":                    {`"0" is not an ID`},
		"request list --revoked":                        {"unknown flag"},
		"certificate list --status Active":              {"unknown flag"},
		"request list --expires-before soon":            {"--expires-before", "30d"},
		"request list --expires-before 99999999999999d": {"--expires-before"},
		"request list --expires-before 30":              {"--expires-before"},
		"request list --watch --interval 0s":            {"--interval"},
		"request list --watch --interval -1s":           {"--interval"},
		"certificate export --limit 1":                  {"unknown flag"},
		"request list extra":                            {"extra"},
	} {
		r := s.run(strings.Fields(args)...)
		r.wantFailure(t, append(words, "hint: see notary")...)
	}
	for _, flag := range []string{"--name", "--domain", "--search", "--email", "--status", "--key", "--expires-after",
		"--sort"} {
		s.run("request", "list", flag, "").wantFailure(t, flag+" is empty", "hint: see notary request list --help")
	}
	s.run("request", "list", "--name", " ").wantFailure(t, "--name is empty")
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

func pagesOf(n, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 1
		fmt.Sscanf(r.URL.Query().Get("after"), "after-%d", &from)
		var page []string
		for id := from; id < from+size && id <= n; id++ {
			page = append(page, fmt.Sprintf(`{"id":%d}`, id))
		}
		next := ""
		if from+size <= n {
			next = fmt.Sprintf(`,"next":"after-%d"`, from+size)
		}
		fmt.Fprintf(w, `{"result":[%s]%s}`, strings.Join(page, ","), next)
	}
}

func TestListFollowsPages(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]struct{ lines, calls int }{
		"--domain example.com":            {7, 4},
		"--domain example.com --limit 7":  {7, 4},
		"--domain example.com --limit 4":  {4, 2},
		"--domain example.com --limit 3":  {3, 2},
		"--domain example.com --limit 99": {7, 4},
	} {
		s := newShell(t, pagesOf(7, 2)).trusted()
		r := s.must(append([]string{"request", "list"}, strings.Fields(args)...)...)
		if got := strings.Count(r.out, "\n") - 1; got != want.lines {
			t.Errorf("%s: %d rows, want %d:\n%s", args, got, want.lines, r.out)
		}
		if calls := s.server.sent(); len(calls) != want.calls || !strings.Contains(calls[1], "after=after-3") {
			t.Errorf("%s: sent %q, want %d calls", args, calls, want.calls)
		}
	}
	s := newShell(t, answer(200, `{"result":[]}`)).trusted()
	if r := s.must("request", "list", "--domain", "example.com"); r.err != "nothing matches\n" || r.out != "" {
		t.Errorf("nothing found: %+v", r)
	}
}

// watched runs a command until it has received all answers, one per call, and returns its output.
func watched(t *testing.T, answers []string, args ...string) result {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var calls atomic.Int64
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/accounts/me" { // hints depend on the role
			w.WriteHeader(http.StatusNotFound)
			return
		}
		n := int(calls.Add(1))
		if n > len(answers) {
			interrupt()
			return
		}
		if strings.HasPrefix(answers[n-1], "{") {
			w.WriteHeader(503)
		}
		io.WriteString(w, strings.Replace(answers[n-1], "[", `{"result":[`, 1))
		if strings.HasSuffix(answers[n-1], "]") {
			io.WriteString(w, "}")
		}
	})).trusted()
	var out, errs bytes.Buffer
	p := &program{in: strings.NewReader(""), lines: bufio.NewReader(strings.NewReader("")), out: &out, err: &errs,
		configDir: s.configDir,
		env:       func(name string) string { return s.env[name] }, now: func() time.Time { return s.now }}
	code := p.execute(ctx, append(args, "--server", s.server.URL, "--watch", "--interval", "1ms"))
	return result{code, out.String(), errs.String()}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	one, oneLater := `{"id":1,"status":"Outstanding","common_name":"a<b"}`,
		`{"id":1,"status":"Active","common_name":"a<b"}`
	two, three := `{"id":2,"status":"Rejected"}`, `{"id":3,"status":"Outstanding"}`
	answers := []string{
		"[" + one + "," + two + "]",
		"[" + one + "," + two + "]",
		"[" + oneLater + "," + two + "," + three + "]",
		`{"error":"the server is busy","code":"unavailable"}`,
		`{"error":"the server is busy","code":"unavailable"}`,
		"[" + oneLater + "," + three, // interrupted: nothing is forgotten
		"[" + oneLater + "," + two + "," + three + "]",
		"[" + oneLater + "," + three + "]", // the second is gone
		"[" + two + "," + oneLater + "," + three + "]",
	}
	r := watched(t, answers, "request", "list", "--json")
	var got []string
	for line := range strings.Lines(r.out) {
		id, _, _ := strings.Cut(line, `,"csr"`)
		_, status, _ := strings.Cut(line, `"status":"`)
		status, _, _ = strings.Cut(status, `"`)
		got = append(got, id+" "+status)
		if strings.Contains(line, `a\u003cb`) {
			t.Errorf("escaped for a web page: %s", line)
		}
	}
	if diff := cmp.Diff([]string{`{"id":1 Outstanding`, `{"id":2 Rejected`, `{"id":1 Active`, `{"id":3 Outstanding`,
		`{"id":2 Rejected`}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if r.code != 0 || r.err != "the server is busy; retrying every 1ms\n" {
		t.Errorf("exit %d, errors %q", r.code, r.err)
	}

	table := strings.Join([]string{
		"ID  STATUS       NAME  KEY  EXPIRES  SUBMITTED BY",
		"1   Outstanding  a<b   -    -        -",
		"2   Rejected     -     -    -        -",
		"1  Active       a<b  -  -  -",
		"3  Outstanding  -    -  -  -",
		"2  Rejected  -  -  -  -",
		"",
	}, "\n")
	if diff := cmp.Diff(table, watched(t, answers, "request", "list").out); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	quiet := watched(t, []string{"[]", "[]", "[]", `[{"id":9}]`}, "certificate", "list")
	if strings.Count(quiet.err, "no certificates yet") != 1 || !strings.HasPrefix(quiet.out, "9 ") {
		t.Errorf("from an empty list: %+v", quiet)
	}
	refused := watched(t, []string{"[]", `{"error":"log in first","code":"unauthenticated"}`}, "request", "list")
	if refused.code != 1 || !strings.Contains(refused.err, "error: log in first") {
		t.Errorf("a refusal: %+v", refused)
	}
}
