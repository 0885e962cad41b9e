package cli

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notary/api"
	"notary/internal/config"
)

// shell runs commands one after the other against a test server, without a terminal.
type shell struct {
	t         *testing.T
	server    *testServer
	configDir string
	env       map[string]string
	now       time.Time
}

type result struct {
	code     int
	out, err string
}

func newShell(t *testing.T, handler http.Handler) *shell {
	t.Helper()
	server, data := newTestServer(t, handler), t.TempDir()
	if err := errors.Join(os.Chmod(data, 0o700),
		os.WriteFile(filepath.Join(data, "self-signed.crt"), []byte(server.pem()), 0o600)); err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, server: server, configDir: filepath.Join(t.TempDir(), "notary"),
		env: map[string]string{config.EnvData: data}, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
}

func (s *shell) run(args ...string) result { return s.runWith("", args...) }

func (s *shell) runWith(stdin string, args ...string) result {
	s.t.Helper()
	in := strings.NewReader(stdin)
	var out, errs bytes.Buffer
	p := &program{in: in, lines: bufio.NewReader(in), out: &out, err: &errs, configDir: s.configDir,
		now: func() time.Time { return s.now },
		env: func(name string) string {
			if value, ok := s.env[name]; ok || name != "NOTARY_SERVER" {
				return value
			}
			return s.server.URL
		}}
	code := p.execute(s.t.Context(), args)
	return result{code, out.String(), errs.String()}
}

func (s *shell) must(args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("notary %s: exit %d\n%s", strings.Join(args, " "), r.code, r.err)
	}
	return r
}

func (s *shell) trusted() *shell {
	s.env["NOTARY_CA_CERT"] = s.write("server.pem", s.server.pem())
	s.env["NOTARY_TOKEN"] = "the-token"
	return s
}

func (s *shell) write(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// wantFailure requires that a command failed with these words on the standard error and no output.
func (r result) wantFailure(t *testing.T, words ...string) {
	t.Helper()
	if r.code != 1 || r.out != "" || !strings.HasPrefix(r.err, "error: ") && !strings.Contains(r.err, "\nerror: ") {
		t.Errorf("exit %d, output %q, errors %q: want exit 1, none and an error", r.code, r.out, r.err)
	}
	for _, word := range words {
		if !strings.Contains(r.err, word) {
			t.Errorf("errors %q, want %q in them", r.err, word)
		}
	}
}

// testServer is a TLS server that records its calls and can replace its certificate.
type testServer struct {
	*httptest.Server
	certificate atomic.Pointer[tls.Certificate]

	mu    sync.Mutex
	calls []string // method, path and body
}

func newTestServer(t *testing.T, handler http.Handler) *testServer {
	t.Helper()
	s := &testServer{}
	s.certificate.Store(newCertificate(t))
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		if len(s.calls) == 0 || r.URL.Path != "/api/v1/accounts/me" { // called to choose suggestions
			s.calls = append(s.calls, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		}
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*s.certificate.Load()}}, nil
	}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients reject its certificate on purpose
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *testServer) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *testServer) pem() string { return encodePEM(s.certificate.Load().Leaf) }

func newCertificate(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "test server " + serial.String()},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  loopback,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const (
	success = `{"result":{"message":"success"}}`
	created = `{"result":{"message":"success","id":7}}`
)

func refuse(status int, code, message string) http.HandlerFunc {
	body, _ := json.Marshal(api.Error{Error: message, Code: code})
	return answer(status, string(body))
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, success)).trusted()
	for args, words := range map[string][]string{
		"reqest": {`unknown command "reqest"`, "hint: did you mean: notary request"},
		"request nothing": {`unknown command "nothing" for "notary request"`,
			"hint: see notary request --help"},
		"status extra":                                {"hint: see notary status --help"},
		"status --what":                               {"unknown flag: --what", "hint: see notary status --help"},
		"request show 0":                              {`"0" is not an ID`, "hint: see notary request show --help"},
		"request show -- -1":                          {`"-1" is not an ID`},
		"request create":                              {"name", "csr"},
		"request create --csr x --name y":             {"csr", "name"},
		"request sign 1 --authority 0":                {`"0" is not an ID`},
		"authority sign 1 --authority -1":             {`"-1" is not an ID`},
		"authority create --common-name x --issuer 0": {`"0" is not an ID`},
		"request sign 1 --authority 1 --days -1":      {"--days"},
		"request sign 1 --authority 1 --days 0":       {"--days"},
		"request sign 1 --authority 1 --days 1 --not-after 2030-01-01T00:00:00Z": {"days", "not-after"},
		"request sign 1 --authority 1 --not-after tomorrow":                      {"--not-after"},
		"authority create --common-name x --root --issuer 1":                     {"root", "issuer"},
		"authority create --common-name x --permit example.com":                  {"--permit", "dns:example.com"},
		"authority create --common-name x --exclude host:example.com":            {"--exclude", "dns:example.com"},
		"account create --email a@b.c":                                           {"--role is required"},
		"account create --email a@b.c --role boss":                               {`"boss" is not a role`},
		"account role 1 boss":                                                    {`"boss" is not a role`},
	} {
		r := s.run(strings.Fields(args)...)
		r.wantFailure(t, words...)
		if lines := strings.Count(r.err, "\n"); lines != 2 {
			t.Errorf("notary %s: %d lines of errors, want 2:\n%s", args, lines, r.err)
		}
	}
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

func TestHelpNeedsNoServer(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(500, ""))
	for _, args := range [][]string{{}, {"--help"}, {"request"}, {"request", "create", "--help"}, {"version"},
		{"--version"}, {"completion", "bash"}} {
		if r := s.must(args...); r.out == "" {
			t.Errorf("notary %q: no output", args)
		}
	}
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}
