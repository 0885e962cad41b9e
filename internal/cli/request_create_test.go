package cli

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
)

var loopback = []net.IP{net.IPv4(127, 0, 0, 1)}

func encodePEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func TestKeyFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.example.com":        "a.example.com.key",
		"A.Example.COM.":       "a.example.com.key",
		"*.example.com":        "wildcard.example.com.key",
		"10.0.0.7":             "10.0.0.7.key",
		"2001:db8::1":          "2001_db8__1.key",
		"me@example.com":       "me@example.com.key",
		"spiffe://example/a/b": "spiffe___example_a_b.key",
		"../../etc/passwd":     "_.._.._etc_passwd.key",
		"-rf":                  "_-rf.key",
		"..":                   "_..key",
		"a b;$(c)\n":           "a_b___c__.key",
		"bücher.example":       "b_cher.example.key",
	} {
		got := keyFileName(name)
		if got != want {
			t.Errorf("keyFileName(%q) = %q, want %q", name, got, want)
		}
		if filepath.Base(got) != got {
			t.Errorf("keyFileName(%q) = %q leaves the folder", name, got)
		}
	}
}

// For each algorithm, the key file matches the CSR, is readable by its owner only, and was not sent.
func TestRequestCreate(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			s := newShell(t, answer(201, created)).trusted()
			file := filepath.Join(t.TempDir(), "a.key")
			r := s.must("request", "create", "--name", "a.example.com", "--name", "10.0.0.7", "--organization",
				"Example", "--key-algorithm", string(algorithm), "--key-out", file)
			if want := "request 7 is submitted; its key is in " + file +
				"\nnext: notary request sign 7 --authority ID\n"; r.out != want {
				t.Errorf("output %q, want %q", r.out, want)
			}
			calls := s.server.sent()
			if len(calls) != 2 || strings.Contains(calls[0], "PRIVATE") {
				t.Fatalf("sent %q", calls)
			}
			csr := sentCSR(t, calls[0])
			if err := csr.CheckSignature(); err != nil {
				t.Error(err)
			}
			if csr.Subject.String() != "CN=a.example.com,O=Example" {
				t.Errorf("subject %s", csr.Subject)
			}
			if diff := cmp.Diff([]string{"a.example.com"}, csr.DNSNames); diff != "" || len(csr.IPAddresses) != 1 {
				t.Errorf("names %v %v", csr.DNSNames, csr.IPAddresses)
			}
			key := readKey(t, file)
			if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok ||
				!public.Equal(csr.PublicKey) {
				t.Error("the key in the file is not that of the CSR")
			}
		})
	}
}

func sentCSR(t *testing.T, call string) *x509.CertificateRequest {
	t.Helper()
	body, ok := strings.CutPrefix(call, "POST /api/v1/certificate_requests ")
	if !ok {
		t.Fatalf("sent %q", call)
	}
	var sent api.CreateCertificateRequest
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(sent.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func readKey(t *testing.T, file string) crypto.Signer {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the key file has mode %v, want -rw-------", info.Mode())
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(content)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) != 0 {
		t.Fatal("the key file is not one PKCS #8 key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

func TestRequestCreateAsJSON(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(201, created)).trusted()
	file := filepath.Join(t.TempDir(), "a.key")
	r := s.must("request", "create", "--name", "a.example.com", "--key-out", file, "--json")
	var got map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"message": "success", "id": 7.0, "key_file": file}, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestKeyIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(201, created)).trusted()
	file := s.write("a.key", "precious")
	s.run("request", "create", "--name", "a.example.com", "--key-out", file).
		wantFailure(t, "already exists", "hint: choose another file with --key-out")
	if content, err := os.ReadFile(file); err != nil || string(content) != "precious" {
		t.Errorf("the file now has %q, %v", content, err)
	}
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

// A key is kept as long as a request for it may exist.
func TestKeyOfFailedRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		server  string
		kept    bool
	}{
		"refused":               {refuse(409, "conflict", "recorded already"), "", false},
		"not logged in":         {refuse(401, "unauthenticated", "log in first"), "", false},
		"server busy":           {refuse(503, "unavailable", "busy"), "", false},
		"no server":             {nil, "https://127.0.0.1:1", false},
		"a fault of the server": {refuse(500, "internal", "something went wrong"), "", true},
		"a gateway gave up":     {answer(504, ""), "", true},
		"broken off":            {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", true},
		"not an answer of ours": {answer(200, "<html>"), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, test.handler).trusted()
			if test.server != "" {
				s.env["NOTARY_SERVER"] = test.server
			}
			file := filepath.Join(t.TempDir(), "a.key")
			r := s.run("request", "create", "--name", "a.example.com", "--key-out", file)
			r.wantFailure(t)
			if _, err := os.Stat(file); (err == nil) != test.kept {
				t.Errorf("key file: %v, want it kept: %v", err, test.kept)
			}
			if strings.Contains(r.err, "its key stays in "+file) != test.kept {
				t.Errorf("errors %q", r.err)
			}
		})
	}
}

func TestBadRequestLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(201, created)).trusted()
	file := filepath.Join(t.TempDir(), "a.key")
	for _, flags := range []string{"--name bad_name!", "--name a.example.com --key-algorithm dsa",
		"--name a.example.com --country Sweden"} {
		s.run(append(strings.Fields("request create --key-out "+file), strings.Fields(flags)...)...).wantFailure(t)
		if _, err := os.Stat(file); err == nil {
			t.Fatalf("%s: a key was left behind", flags)
		}
	}
	s.run("request", "create", "--name", "a.example.com", "--key-out",
		filepath.Join(file, "no", "folder")).wantFailure(t, "no such file")
	if calls := s.server.sent(); calls != nil {
		t.Errorf("sent %q, want nothing", calls)
	}
}

func TestRequestCreateFromCSR(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(201, created)).trusted()
	file := s.write("a.csr", "a CSR\r\n")
	want := []string{`POST /api/v1/certificate_requests {"csr":"a CSR\r\n"}`, "GET /api/v1/certificate_requests/7"}
	s.must("request", "create", "--csr", file)
	if diff := cmp.Diff(want, s.server.sent()); diff != "" {
		t.Errorf("of a file, sent (-want +got):\n%s", diff)
	}
	if r := s.runWith("a CSR\r\n", "request", "create", "--csr", "-"); r.code != 0 ||
		!strings.Contains(r.out, "request 7 is submitted") {
		t.Errorf("of stdin: %+v", r)
	}
	if diff := cmp.Diff(want, s.server.sent()); diff != "" {
		t.Errorf("of stdin, sent (-want +got):\n%s", diff)
	}
}
