package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":[
		{"id":1,"status":"Outstanding","common_name":"a.example.com","dns_names":["a.example.com","b.example.com"],"ip_addresses":["10.0.0.7"],"key":"ECDSA P-256","email":"web@example.com"},
		{"id":20,"status":"Active","dns_names":["c.example.com"],"key":"RSA 2048","not_after":"2026-07-01T12:00:00Z","email":"web@example.com"},
		{"id":21,"status":"Rejected","common_name":"evil\u001b[2J\tname\nx\u202e","email":""}]}`)).trusted()
	want := strings.Join([]string{
		"ID  STATUS       NAME              KEY          EXPIRES     SUBMITTED BY",
		"1   Outstanding  a.example.com +2  ECDSA P-256  -           web@example.com",
		"20  Active       c.example.com     RSA 2048     in 30 days  web@example.com",
		"21  Rejected     evil\uFFFD[2J\uFFFDname x\uFFFD  -            -           -",
		"",
	}, "\n")
	if diff := cmp.Diff(want, s.must("request", "list").out); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestListsAsTables(t *testing.T) {
	t.Parallel()
	for args, test := range map[string]struct{ answer, want string }{
		"account list": {`[{"id":1,"email":"a@b.c","role_id":2,"created_at":"2026-06-01T09:00:00Z"}]`,
			"ID  EMAIL  ROLE                   CREATED\n1   a@b.c  Certificate Requestor  3 hours ago\n"},
		"authority list": {`[{"id":1,"status":"active","common_name":"R","key":"Ed25519","not_after":"2036-06-01T00:00:00Z"},{"id":2,"status":"pending","common_name":"I","key":"Ed25519","issuer_id":1}]`,
			"ID  STATUS   COMMON NAME  KEY      ISSUER  EXPIRES\n1   active   R            Ed25519  -       2036-06-01\n2   pending  I            Ed25519  1       -\n"},
		"certificate list": {`[{"id":1,"common_name":"R","serial_number":"0a","certificate_authority_id":1,"not_after":"2026-06-01T11:00:00Z","revoked_at":"2026-06-01T11:59:30Z"}]`,
			"ID  STATUS   NAME  SERIAL NUMBER  ISSUER  EXPIRES     REVOKED\n1   revoked  R     0a             1       60 min ago  now\n"},
	} {
		s := newShell(t, answer(200, `{"result":`+test.answer+`}`)).trusted()
		if diff := cmp.Diff(test.want, s.must(strings.Fields(args)...).out); diff != "" {
			t.Errorf("notary %s (-want +got):\n%s", args, diff)
		}
	}
}

func TestEmptyLists(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":[]}`)).trusted()
	for _, noun := range []string{"request", "certificate", "authority", "account"} {
		r := s.must(noun, "list")
		if r.out != "" || !strings.Contains(r.err, "yet; ") || !strings.Contains(r.err, "notary ") {
			t.Errorf("%s list: output %q, errors %q, want what to do next", noun, r.out, r.err)
		}
		if r := s.must(noun, "list", "--json"); r.out != "[]\n" || r.err != "" {
			t.Errorf("%s list --json: output %q, errors %q", noun, r.out, r.err)
		}
	}
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":[{"id":1,"common_name":"<&>"},{"id":2}]}`)).trusted()
	r := s.must("request", "list", "--json")
	var got []map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != 2 || got[0]["common_name"] != "<&>" {
		t.Errorf("%v: %s", err, r.out)
	}
	if !strings.HasPrefix(r.out, "[\n  {\n    \"id\": 1,\n") ||
		!strings.Contains(r.out, "\n  },\n  {\n    \"id\": 2,\n") || !strings.HasSuffix(r.out, "\n  }\n]\n") {
		t.Errorf("not indented as it should be: %s", r.out)
	}
	if !strings.Contains(r.out, `"<&>"`) {
		t.Errorf("escaped for a web page: %s", r.out)
	}
}

func TestBrokenList(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":[{"id":1},`)).trusted()
	for _, flag := range []string{"--json=false", "--json"} {
		r := s.run("request", "list", flag)
		if r.code != 1 || !strings.Contains(r.err, "error: the list is incomplete") || !strings.Contains(r.out, "1") {
			t.Errorf("%s: %+v, want the received part and an error", flag, r)
		}
		if json.Valid([]byte(r.out)) {
			t.Errorf("%s: a broken list is valid JSON: %s", flag, r.out)
		}
	}
}

// The table is written before the list ends.
func TestLongListIsPrintedAsItArrives(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"result":[{"id":1}`)
		for i := range tableBatch {
			fmt.Fprintf(w, `,{"id":%d}`, i+2)
		}
		w.(http.Flusher).Flush()
		<-reached
		io.WriteString(w, "]}")
	})).trusted()
	out, in := io.Pipe()
	p := &program{in: strings.NewReader(""), out: in, err: io.Discard, now: time.Now,
		env: func(name string) string { return s.env[name] }}
	done := make(chan int, 1)
	go func() {
		done <- p.execute(t.Context(), []string{"request", "list", "--server", s.server.URL})
		in.Close()
	}()
	_, err := io.ReadFull(out, make([]byte, 1000))
	close(reached)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	if code := <-done; code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":{"id":5,"status":"Active","common_name":"a.example.com","dns_names":["a.example.com","b.example.com"],"key":"Ed25519",
		"email":"web@example.com","created_at":"2026-06-01T11:00:00Z","certificate_id":9,"serial_number":"0a","not_after":"2036-06-01T00:00:00Z","certificate_authority_id":2}}`)).trusted()
	want := "Request:        5\n" +
		"Status:         Active\n" +
		"Common name:    a.example.com\n" +
		"DNS names:      a.example.com, b.example.com\n" +
		"Key:            Ed25519\n" +
		"Submitted by:   web@example.com\n" +
		"Submitted:      2026-06-01T11:00:00Z (60 min ago)\n" +
		"Certificate:    9\n" +
		"Serial number:  0a\n" +
		"Valid until:    2036-06-01T00:00:00Z\n" +
		"Issuer:         2\n"
	if diff := cmp.Diff(want, s.must("request", "show", "5").out); diff != "" {
		t.Errorf("request show (-want +got):\n%s", diff)
	}
	for _, noun := range []string{"request", "certificate", "authority", "account"} {
		var got map[string]any
		if err := json.Unmarshal([]byte(s.must(noun, "show", "5", "--json").out), &got); err != nil ||
			got["id"] != 5.0 {
			t.Errorf("%s show --json: %v, %v", noun, got, err)
		}
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	leaf, issuer := encodePEM(newCertificate(t).Leaf), encodePEM(newCertificate(t).Leaf)
	chain, err := json.Marshal(leaf + issuer)
	if err != nil {
		t.Fatal(err)
	}
	s := newShell(t, answer(200, `{"result":{"id":5,"status":"Active","certificate_chain":`+string(
		chain)+`}}`)).trusted()
	if got := s.must("request", "download", "5").out; got != leaf+issuer {
		t.Errorf("chain %q", got)
	}
	if got := s.must("request", "download", "5", "--leaf").out; got != leaf {
		t.Errorf("leaf %q", got)
	}
	file := filepath.Join(t.TempDir(), "a.pem")
	if r := s.must("request", "download", "5", "--out", file); r.out != "" || readAll(t, file) != leaf+issuer {
		t.Errorf("--out: %+v", r)
	}
	s.run("request", "download", "5", "--leaf", "--out", file).wantFailure(t, "already exists", "--force")
	if readAll(t, file) != leaf+issuer {
		t.Error("the file was touched")
	}
	s.must("request", "download", "5", "--leaf", "--out", file, "--force")
	if readAll(t, file) != leaf {
		t.Error("the file was not replaced")
	}
}

func TestDownloadKeepsFoldersAndPipes(t *testing.T) {
	t.Parallel()
	leaf := encodePEM(newCertificate(t).Leaf)
	chain, err := json.Marshal(leaf)
	if err != nil {
		t.Fatal(err)
	}
	s := newShell(t, answer(200, `{"result":{"id":5,"status":"Active","certificate_chain":`+string(
		chain)+`}}`)).trusted()
	folder := t.TempDir()
	s.run("request", "download", "5", "--out", folder, "--force").wantFailure(t, folder+" is a folder")

	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	name := fmt.Sprintf("/dev/fd/%d", writer.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Fatal(err)
	}
	s.must("request", "download", "5", "--out", name, "--force")
	writer.Close()
	if got, err := io.ReadAll(reader); string(got) != leaf || err != nil {
		t.Errorf("the pipe got %q, %v", got, err)
	}
}

func readAll(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestDownloadWithoutCertificate(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":{"id":5,"status":"Outstanding","certificate_chain":""}}`)).trusted()
	s.run("request", "download", "5").wantFailure(t, "request 5 is Outstanding: it has no certificate",
		"hint: sign it with: notary request sign 5")
}

func TestAuthorityPEM(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":{"id":2,"status":"pending","csr":"the CSR\n","certificate":""}}`)).trusted()
	if got := s.must("authority", "show", "2", "--csr").out; got != "the CSR\n" {
		t.Errorf("CSR %q", got)
	}
	s.run("authority", "show", "2", "--certificate").wantFailure(t, "CA 2 is pending",
		"hint: sign it with: notary authority sign 2")
}

func TestCRL(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, "DER")).trusted()
	if got := s.must("authority", "crl", "2").out; got != "-----BEGIN X509 CRL-----\nREVS\n-----END X509 CRL-----\n" {
		t.Errorf("PEM %q", got)
	}
	if got := s.must("authority", "crl", "2", "--der").out; got != "DER" {
		t.Errorf("DER %q", got)
	}
	if got := s.must("authority", "crl", "2", "--json").out; !strings.Contains(got,
		`"crl": "-----BEGIN X509 CRL-----\nREVS`) {
		t.Errorf("JSON %q", got)
	}
}
